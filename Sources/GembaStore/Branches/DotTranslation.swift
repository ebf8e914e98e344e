import GembaCausality
import GembaWire

/// Puts the dots that a change names into the words of this database.
///
/// A change names others by references, each with a hash, and by numbers on the chain of history that leads there. Where logs
/// are forked, the same entries stand under other names in other databases.
struct DotTranslation {
    /// The author's name for its own log.
    private let author: ReplicaID
    private let own: LocalDot
    /// What is referred to, by the name that the author has for its log.
    private var named: [ReplicaID: LocalDot] = [:]
    private let branches: BranchMap
    private let log: LogStore

    /// - Parameter dot: the change.
    /// - Returns: nil when the change has to do with no forked log, so that every dot means what it says.
    init?(of dot: LocalDot, _ references: [ChangeReference], _ log: LogStore) throws {
        branches = try log.branches()
        if branches.isEmpty { return nil }
        var concerns = branches.isForked(dot.replica)
        for reference in references {
            guard let local = try log.resolve(reference, kind: .data) else { continue }
            named[reference.replica] = local
            concerns = concerns || branches.isForked(local.replica)
        }
        guard concerns else { return nil }
        author = try log.author(of: dot.replica)
        own = dot
        self.log = log
    }

    /// A dot in the words of this database.
    func callAsFunction(_ dot: Dot) throws -> Dot {
        let end = dot.replica == author ? own : named[dot.replica]
        guard let end else { return dot }
        let local = branches.ancestor(of: end, at: dot.sequence)
        return Dot(try log.numbers.replica(local.replica, on: log.connection), local.sequence)
    }
}

extension StoreContext {
    /// Whether a change may use a name of a log: its own, or that of a branch if the fork is in the change's past.
    ///
    /// Otherwise the change would be valid where the fork is known and invalid where it is not yet.
    func isProven(_ name: ReplicaID, by dot: LocalDot) throws -> Bool {
        let branches = try log.branches()
        guard let path = branches[name] else { return true }
        guard try history.hasSeen(LocalDot(replica: path.number, sequence: path.first), by: dot) else { return false }
        return try branches.rivals(of: path).contains { try history.hasSeen($0, by: dot) }
    }
}
