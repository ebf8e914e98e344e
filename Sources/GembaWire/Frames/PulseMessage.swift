/// Keeps a session alive, carries the clock, and shows a receiver that the tail of a stream was lost.
public struct PulseMessage: Hashable, Sendable {
    /// Milliseconds since 1970 by the sender's wall clock.
    public var wallClock: UInt64
    /// The wall clock of the last pulse or hello received, to estimate the offset between the clocks.
    public var echo: UInt64?
    /// How far the stream of roster entries was sent.
    public var roster: StreamPosition
    /// How far the stream of data entries was sent.
    public var data: StreamPosition

    /// Creates a message from its parts.
    public init(wallClock: UInt64, echo: UInt64?, roster: StreamPosition, data: StreamPosition) {
        self.wallClock = wallClock
        self.echo = echo
        self.roster = roster
        self.data = data
    }

    /// A place in a stream.
    public struct StreamPosition: Hashable, Sendable {
        /// The comparison whose stream this is.
        public var round: UInt64
        /// The stream offset up to which the sender of the pulse has sent.
        public var sent: UInt64

        /// Creates a position from its parts.
        public init(round: UInt64, sent: UInt64) {
            self.round = round
            self.sent = sent
        }
    }
}
