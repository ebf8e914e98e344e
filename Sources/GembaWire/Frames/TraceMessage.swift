public import GembaCausality

/// What the sender holds of logs of which the two ends hold different histories, so that both find what they have in common.
public struct TraceMessage: Hashable, Sendable {
    /// The kind of the logs.
    public var kind: LogKind
    /// The comparison that this belongs to.
    public var round: UInt64
    /// Whether the sender asks for the receiver's own traces of these logs.
    public var asks: Bool
    /// The traces, never empty, sorted by log.
    public var traces: [LogTrace]

    /// Creates a message from its parts.
    public init(kind: LogKind, round: UInt64, asks: Bool, traces: [LogTrace]) {
        self.kind = kind
        self.round = round
        self.asks = asks
        self.traces = traces
    }
}

/// Entries of one log: the ends of all its branches, and what comes before them in steps that double.
public struct LogTrace: Hashable, Sendable {
    /// The log, by its genesis.
    public var log: ReplicaID
    /// The entries, never empty, sorted by number and hash.
    public var points: [Point]

    /// Creates a trace from its parts.
    public init(log: ReplicaID, points: [Point]) {
        self.log = log
        self.points = points
    }

    /// One entry.
    public struct Point: Hashable, Comparable, Sendable {
        /// Its number.
        public var sequence: SequenceNumber
        /// The beginning of its hash.
        public var prefix: HashPrefix

        /// Creates a point from its parts.
        public init(sequence: SequenceNumber, prefix: HashPrefix) {
            self.sequence = sequence
            self.prefix = prefix
        }

        /// Orders by number and hash.
        public static func < (left: Self, right: Self) -> Bool {
            (left.sequence, left.prefix) < (right.sequence, right.prefix)
        }
    }
}
