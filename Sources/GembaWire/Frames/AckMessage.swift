/// Acknowledges a stream and renews its credit.
public struct AckMessage: Hashable, Sendable {
    /// Which logs the stream brings.
    public var kind: LogKind
    /// The comparison whose stream this is.
    public var round: UInt64
    /// The stream offset up to which everything was consumed and is durable.
    public var received: UInt64
    /// The stream offset up to which the peer may send.
    public var limit: UInt64
    /// The sender's vector entries that changed since its last acknowledgement, sorted by replica.
    public var have: [ChangeReference]

    /// Creates a message from its parts.
    public init(kind: LogKind, round: UInt64, received: UInt64, limit: UInt64, have: [ChangeReference]) {
        self.kind = kind
        self.round = round
        self.received = received
        self.limit = limit
        self.have = have
    }
}
