/// Offers a checkpoint to a peer that lacks more than is worth streaming, or what cannot be streamed.
public struct OfferMessage: Hashable, Sendable {
    /// The checkpoint.
    public var signed: SignedManifest
    /// Whether the sender no longer has the changes that the receiver lacks, so that it can help in no other way.
    public var isOnlyWay: Bool

    /// Creates an offer.
    public init(signed: SignedManifest, isOnlyWay: Bool) {
        self.signed = signed
        self.isOnlyWay = isOnlyWay
    }
}

/// Answers an offer.
public struct AnswerMessage: Hashable, Sendable {
    /// What becomes of an offer.
    public enum Verdict: UInt64, Hashable, Sendable {
        /// Not wanted: changes are to be streamed, as far as there are any.
        case declined = 0
        /// Another checkpoint is on its way, or the roster that explains this one: ask again.
        case later = 1
    }

    /// The checkpoint that was offered.
    public var checkpoint: CheckpointID
    /// What becomes of the offer. One that is taken is answered by a ``FetchMessage``.
    public var verdict: Verdict

    /// Creates an answer.
    public init(checkpoint: CheckpointID, verdict: Verdict) {
        self.checkpoint = checkpoint
        self.verdict = verdict
    }
}

/// Asks for chunks of a checkpoint that was offered.
public struct FetchMessage: Hashable, Sendable {
    /// The checkpoint.
    public var checkpoint: CheckpointID
    /// The number of the first chunk that is wanted.
    public var first: UInt64
    /// How many are wanted, at most ``Limits/fetchedChunks``.
    public var count: UInt64

    /// Creates a request.
    public init(checkpoint: CheckpointID, first: UInt64, count: UInt64) {
        self.checkpoint = checkpoint
        self.first = first
        self.count = count
    }
}

/// Brings one chunk of a checkpoint.
public struct ChunkMessage: Hashable, Sendable {
    /// The checkpoint.
    public var checkpoint: CheckpointID
    /// The number of the chunk.
    public var index: UInt64
    /// How the content became `bytes`.
    public var coding: BodyCoding
    /// The content as coded.
    public var bytes: [UInt8]

    /// Creates a message from its parts.
    public init(checkpoint: CheckpointID, index: UInt64, coding: BodyCoding, bytes: [UInt8]) {
        self.checkpoint = checkpoint
        self.index = index
        self.coding = coding
        self.bytes = bytes
    }
}
