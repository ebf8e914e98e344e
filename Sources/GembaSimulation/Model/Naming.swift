import Crypto
import GembaCausality
import GembaWire

/// What whoever holds certain entries calls them, computed from the rules alone: a function of the set (K3).
///
/// Every entry on which several hang is a fork, and what hangs on it begins a path, which is named after the log and its first
/// entry. It shares nothing with the store's way of keeping names, which adds to them as forks become known.
struct Naming {
    private let history: History
    /// The first entries of paths, by chain, in order.
    private var beginnings: [ReplicaID: [(first: SequenceNumber, name: ReplicaID)]] = [:]

    init(of held: VersionVector, in history: History) {
        self.history = history
        var successors: [Dot: [Dot]] = [:]
        for (chain, fork) in history.forks where held[chain] != nil {
            successors[fork, default: []].append(Dot(chain, fork.sequence + 1))
        }
        for (fork, others) in successors {
            let own = Dot(fork.replica, fork.sequence + 1)
            let all = held.contains(own) ? others + [own] : others
            guard all.count > 1 else { continue }
            for first in all {
                guard let change = history[first] else { continue }
                let name = Self.name(of: change.author, change.hash)
                beginnings[first.replica, default: []].append((first.sequence, name))
            }
        }
        for chain in beginnings.keys { beginnings[chain]?.sort { $0.first < $1.first } }
    }

    /// SHA-256("branch" ‖ log ‖ hash), first 16 bytes.
    static func name(of log: ReplicaID, _ first: ChangeHash) -> ReplicaID {
        let digest = Array(SHA256.hash(data: Array("branch".utf8) + log.bytes + first.bytes))
        guard let name = ReplicaID(bytes: Array(digest[..<16])) else { preconditionFailure("16 bytes make a name") }
        return name
    }

    /// What an entry is called.
    func callAsFunction(_ dot: Dot) -> Dot {
        var place = dot
        while true {
            if let path = beginnings[place.replica]?.last(where: { $0.first <= place.sequence }) {
                return Dot(path.name, dot.sequence)
            }
            guard let fork = history.forks[place.replica] else { return Dot(place.replica, dot.sequence) }
            place = fork
        }
    }

    /// A set of entries by their names.
    func callAsFunction(_ vector: VersionVector) -> VersionVector {
        var named = VersionVector()
        for (chain, last) in vector.entries {
            named.insert(self(Dot(chain, last)))
            for path in beginnings[chain] ?? [] where path.first <= last && path.first > 0 {
                named.insert(self(history.ancestor(of: Dot(chain, last), at: path.first - 1)))
            }
        }
        return named
    }

    /// The entry that has a name.
    func entry(named dot: Dot, in vector: VersionVector) -> Dot? {
        for (chain, last) in vector.entries where dot.sequence <= last {
            let candidate = history.ancestor(of: Dot(chain, last), at: dot.sequence)
            if self(candidate) == dot { return candidate }
        }
        return nil
    }
}
