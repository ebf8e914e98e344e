public import GembaCausality

/// A change as logs and messages name it: with a prefix of its hash, so that two histories under one name differ.
public struct ChangeReference: Hashable, Sendable {
    /// Whose change it is.
    public var replica: ReplicaID
    /// Its place in the replica's log.
    public var sequence: SequenceNumber
    /// The beginning of its hash.
    public var prefix: HashPrefix

    /// Creates a reference from its parts.
    public init(replica: ReplicaID, sequence: SequenceNumber, prefix: HashPrefix) {
        self.replica = replica
        self.sequence = sequence
        self.prefix = prefix
    }

    /// The change's name within one replica's database.
    public var dot: Dot { Dot(replica, sequence) }
}

extension VersionVector {
    /// Creates the vector of those who hold these changes and all before them in their logs.
    public init(_ references: some Sequence<ChangeReference>) {
        self.init()
        for reference in references { insert(reference.dot) }
    }
}
