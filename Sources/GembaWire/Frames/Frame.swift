/// A random name for one run of a session; every frame repeats its sender's.
public struct SessionID: Hashable, Sendable, RawRepresentable {
    /// The eight bytes, as a big-endian number.
    public let rawValue: UInt64

    /// Creates a name from its number.
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// A message between two nodes, one to a ZeroMQ message part.
public struct Frame: Hashable, Sendable {
    /// The sender's session.
    public var session: SessionID
    /// What is said.
    public var message: Message

    /// Creates a frame from its parts.
    public init(session: SessionID, message: Message) {
        self.session = session
        self.message = message
    }
}

/// What a frame says.
public enum Message: Hashable, Sendable {
    /// Begins a session.
    case hello(Hello)
    /// Opens or answers a comparison.
    case root(RootMessage)
    /// Goes on with a comparison.
    case vector(VectorMessage)
    /// Brings changes.
    case batch(BatchMessage)
    /// Acknowledges changes.
    case ack(AckMessage)
    /// Keeps a session alive.
    case pulse(PulseMessage)
    /// Ends a session.
    case bye(ByeMessage)
    /// Offers a checkpoint.
    case offer(OfferMessage)
    /// Answers an offer.
    case answer(AnswerMessage)
    /// Asks for chunks of a checkpoint.
    case fetch(FetchMessage)
    /// Brings a chunk of a checkpoint.
    case chunk(ChunkMessage)
    /// Brings changes without what the stream said before.
    case pack(PackMessage)
    /// Asks for bodies that the sender lacks.
    case backfill(BackfillMessage)
    /// Brings bodies that were asked for.
    case bodies(BodiesMessage)
    /// Asks whether rows are the same.
    case compare(CompareMessage)
    /// Says what rows are.
    case statement(StatementMessage)
    /// Names changes in place of sending them.
    case announce(AnnounceMessage)
    /// Shapes the tree along which changes are sent.
    case tree(TreeMessage)
    /// Shows what the sender holds of forked logs.
    case trace(TraceMessage)
}
