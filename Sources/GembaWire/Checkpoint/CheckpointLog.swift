import GembaCausality

/// A data log in a checkpoint: who writes it, and where it stood at the cut.
public struct CheckpointLog: Hashable, Sendable {
    /// The log's genesis entry as its author made it, which names the station and, by its hash, the replica.
    public var genesis: [UInt8]
    /// The author's signed head at the cut.
    public var head: SignedHead
    /// The lamport number of that entry.
    public var lamport: UInt64
    /// Whether an entry of another log follows that entry. The others are the frontier of the cut.
    public var isFollowed: Bool

    /// Creates the description of a log.
    public init(genesis: [UInt8], head: SignedHead, lamport: UInt64, isFollowed: Bool) {
        self.genesis = genesis
        self.head = head
        self.lamport = lamport
        self.isFollowed = isFollowed
    }
}

extension CheckpointLog: WireCodable {
    /// Appends `[genesis entry, signed head, lamport, 0 or 1]`.
    public func encode(into encoder: inout CBOREncoder) {
        encoder.array(count: 4)
        encoder.byteString(genesis)
        head.encode(into: &encoder)
        encoder.unsigned(lamport)
        encoder.flag(isFollowed)
    }

    /// Reads a description. Nothing is verified.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.array(count: 4)
        let (genesis, head) = (Array(try decoder.byteString()), try SignedHead(from: &decoder))
        self.init(
            genesis: genesis, head: head, lamport: try decoder.unsigned(), isFollowed: try decoder.flag())
    }
}
