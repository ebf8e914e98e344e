import GembaCausality
import GembaWire

/// The branches of all forked logs in one database.
///
/// A log's entries form a tree. A number stands for a *chain* of it: the half that came first keeps its number from the genesis
/// on, and each later one has its own from its first differing entry on. Forks cut chains into *paths*, and a path has a name
/// that every replica gives it. A database without forks has an empty map.
struct BranchMap: Sendable {
    /// Entries of one chain from a fork on to the next one, or to the end.
    struct Path: Hashable, Sendable {
        /// What every replica calls it that knows the fork.
        var name: ReplicaID
        /// The number of the chain that begins with the log's genesis.
        var log: Int64
        /// The number of the chain on which it lies.
        var number: Int64
        /// The path's first entry.
        var first: SequenceNumber
        /// The number of the chain on which the entry before lies; its own, where later halves left this chain.
        var parent: Int64
        /// The hash of the entry before.
        var previous: ChangeHash

        /// The entry before the first.
        var fork: LocalDot { LocalDot(replica: parent, sequence: first - 1) }
    }

    /// The paths of each chain, sorted by their first entries; the first path of a log is not among them.
    private var paths: [Int64: [Path]] = [:]
    private var byName: [ReplicaID: Path] = [:]
    /// The chains of each forked log, by the number of its first.
    private var chains: [Int64: [Int64]] = [:]

    init(_ all: some Sequence<Path> = []) {
        for path in all {
            paths[path.number, default: []].append(path)
            byName[path.name] = path
            for number in [path.log, path.number] where chains[path.log]?.contains(number) != true {
                chains[path.log, default: []].append(number)
            }
        }
        for number in paths.keys { paths[number]?.sort { $0.first < $1.first } }
        for log in chains.keys { chains[log]?.sort() }
    }

    /// Whether no log is forked.
    var isEmpty: Bool { byName.isEmpty }

    /// The numbers of the chains that begin with a genesis and have forks, sorted.
    var forkedLogs: [Int64] { chains.keys.sorted() }

    /// All paths but the first of each log, sorted by name.
    var named: [Path] { byName.values.sorted { $0.name < $1.name } }

    /// The chains that left another one.
    var laterChains: Set<Int64> { Set(byName.values.filter { $0.parent != $0.number }.map(\.number)) }

    /// The number of the chain that begins with the genesis of the log to which a chain belongs.
    func log(of number: Int64) -> Int64 { paths[number]?.first?.log ?? number }

    /// All chains of the log to which one belongs, the one with the genesis first or alone.
    func chains(of number: Int64) -> [Int64] { chains[log(of: number)] ?? [number] }

    /// Whether the log to which a chain belongs is forked.
    func isForked(_ number: Int64) -> Bool { chains[log(of: number)] != nil }

    /// The paths of a chain, in order. A chain that begins with a genesis has another one before them.
    func paths(of number: Int64) -> [Path] { paths[number] ?? [] }

    /// The path with which a chain begins that left another; nil for one that begins with a genesis.
    func beginning(of number: Int64) -> Path? {
        guard let first = paths[number]?.first, first.parent != number else { return nil }
        return first
    }

    /// The path on which an entry lies; nil for the first one of a log.
    func path(of dot: LocalDot) -> Path? { paths[dot.replica]?.last { $0.first <= dot.sequence } }

    /// A path by its name.
    subscript(name: ReplicaID) -> Path? { byName[name] }

    /// The entry with a number on the chain of history that leads to one.
    func ancestor(of dot: LocalDot, at sequence: SequenceNumber) -> LocalDot {
        var number = dot.replica
        while let beginning = beginning(of: number), sequence < beginning.first { number = beginning.parent }
        return LocalDot(replica: number, sequence: sequence)
    }

    /// The parts of chains that lead from the genesis to an entry, in order.
    func history(of dot: LocalDot) -> [(number: Int64, first: SequenceNumber, last: SequenceNumber)] {
        var parts: [(number: Int64, first: SequenceNumber, last: SequenceNumber)] = []
        var end = dot
        while let beginning = beginning(of: end.replica) {
            // A chain that has just begun has nothing of its own yet.
            if end.sequence >= beginning.first { parts.append((end.replica, beginning.first, end.sequence)) }
            end = LocalDot(replica: beginning.parent, sequence: min(end.sequence, beginning.first - 1))
        }
        parts.append((end.replica, 0, end.sequence))
        return parts.reversed()
    }

    /// The last entry of a chain on which one stands, or which it is; nil when it stands on none of that chain's.
    func reach(of dot: LocalDot, on number: Int64) -> SequenceNumber? {
        var dot = dot
        while dot.replica != number {
            guard let fork = beginning(of: dot.replica)?.fork else { return nil }
            dot = fork
        }
        return dot.sequence
    }

    /// A path that hangs on an entry alone, because all others were taken away; nil when there is none.
    var lone: Path? { named.first { rivals(of: $0).isEmpty } }

    /// The chains that hang on an entry, besides what follows on its own.
    func chains(leaving dot: LocalDot) -> [Int64] {
        guard let numbers = chains[log(of: dot.replica)] else { return [] }
        return numbers.filter { beginning(of: $0)?.fork == dot }
    }

    /// Those first entries of paths that hang on the same entry as a path's own.
    func rivals(of path: Path) -> [LocalDot] {
        byName.values.filter { $0.fork == path.fork && $0 != path }
            .map { LocalDot(replica: $0.number, sequence: $0.first) }
    }
}
