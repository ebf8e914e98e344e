public import GembaCausality
public import GembaWire

/// What a node holds of all logs of one kind, and up to where its apply order was read to know that: both from one
/// transaction.
public struct VectorSnapshot: Hashable, Sendable {
    /// The tip of every log, and of every path of a forked one, sorted by replica. Each is an entry with a kept signed head (L4),
    /// or the last one before a fork.
    public let references: [ChangeReference]
    /// The last position of the apply order that `references` covers.
    public let position: Int64
    /// For logs of which something was folded, the last entry without a body: what lies there or before cannot be sent.
    public let floors: VersionVector
    /// The forked logs: for each path of their trees, by its name, the log to which it belongs and whether it ends at a fork.
    public let branches: [ReplicaID: Branch]

    /// A path of a forked log's tree.
    public struct Branch: Hashable, Sendable {
        /// The log, by its genesis.
        public var log: ReplicaID
        /// Whether the path ends at a fork; otherwise it may grow.
        public var isClosed: Bool

        /// Creates a description of a path.
        public init(log: ReplicaID, isClosed: Bool) {
            self.log = log
            self.isClosed = isClosed
        }
    }

    /// Creates a snapshot of tips that are sorted by replica, one for each.
    public init(
        references: [ChangeReference], position: Int64, floors: VersionVector = VersionVector(),
        branches: [ReplicaID: Branch] = [:]
    ) {
        precondition(
            zip(references, references.dropFirst()).allSatisfy { $0.replica < $1.replica },
            "a vector is sorted by replica, with one entry for each")
        self.references = references
        self.position = position
        self.floors = floors
        self.branches = branches
    }

    /// The entry of one replica, or nil. Takes time logarithmic in the number of replicas.
    public subscript(replica: ReplicaID) -> ChangeReference? {
        let index = references.firstIndex(notBefore: replica)
        guard index < references.endIndex, references[index].replica == replica else { return nil }
        return references[index]
    }

    /// The log to which a replica's changes belong.
    func log(of replica: ReplicaID) -> ReplicaID { branches[replica]?.log ?? replica }

    /// Whether no entry can follow a replica's last one under the same name.
    func isClosed(_ replica: ReplicaID) -> Bool { branches[replica]?.isClosed ?? false }

    /// The names under which changes of a log stand.
    func names(of log: ReplicaID) -> [ReplicaID] {
        branches[log] == nil ? [log] : branches.filter { $0.value.log == log }.map(\.key)
    }

    /// The entries whose replicas begin with the digits.
    func references(under prefix: DigitPrefix) -> ArraySlice<ChangeReference> {
        let start = references.firstIndex(notBefore: prefix.first)
        let end = references[start...].firstIndex(after: prefix.last)
        return references[start..<end]
    }
}

extension RandomAccessCollection where Element == ChangeReference, Index == Int {
    /// The index of the first entry, by replica, that does not come before `replica`.
    fileprivate func firstIndex(notBefore replica: ReplicaID) -> Int {
        partition { $0.replica >= replica }
    }

    /// The index of the first entry, by replica, that comes after `replica`.
    fileprivate func firstIndex(after replica: ReplicaID) -> Int {
        partition { $0.replica > replica }
    }

    /// The first index at which the condition holds, which from then on always holds.
    private func partition(_ holds: (Element) -> Bool) -> Int {
        var low = startIndex
        var high = endIndex
        while low < high {
            let middle = low + (high - low) / 2
            if holds(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
