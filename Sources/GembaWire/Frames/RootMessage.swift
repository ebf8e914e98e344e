/// Opens or answers a round of comparison: the digest of the whole vector.
public struct RootMessage: Hashable, Sendable {
    /// Which logs are compared.
    public var kind: LogKind
    /// Numbers the comparisons of a session.
    public var round: UInt64
    /// The digest of all entries of the sender's vector.
    public var digest: HashPrefix
    /// How many entries these are.
    public var count: UInt64

    /// Creates a message from its parts.
    public init(kind: LogKind, round: UInt64, digest: HashPrefix, count: UInt64) {
        self.kind = kind
        self.round = round
        self.digest = digest
        self.count = count
    }
}
