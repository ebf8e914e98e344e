public import GembaCausality

/// A station's signature over a log up to one entry: COSE_Sign1 (RFC 9052, section 4.2) with a detached payload.
public struct SignedHead: Hashable, Sendable {
    /// The replica whose log it is.
    public var replica: ReplicaID
    /// The last entry that is covered.
    public var sequence: SequenceNumber
    /// The hash of that entry.
    public var hash: ChangeHash
    /// 64 bytes, Ed25519.
    public var signature: [UInt8]

    /// Creates a head from its parts.
    public init(replica: ReplicaID, sequence: SequenceNumber, hash: ChangeHash, signature: [UInt8]) {
        self.replica = replica
        self.sequence = sequence
        self.hash = hash
        self.signature = signature
    }

    /// The last entry that is covered, as logs and messages name it.
    public var reference: ChangeReference {
        ChangeReference(replica: replica, sequence: sequence, prefix: hash.prefix)
    }
}
