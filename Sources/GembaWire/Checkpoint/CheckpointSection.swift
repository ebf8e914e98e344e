/// The kinds of sections in the stream of a checkpoint. Each section is a byte string, so that a reader finds its end, and
/// begins with the number of its kind.
///
/// They come in the order of their numbers: all logs; what stays of the entries, because the times of concurrent writes
/// decide which is shown; the rows, sorted by table and id; what is deferred; what authors had seen of each other.
public enum CheckpointSection: UInt64, Sendable {
    /// Logs, sorted by replica. Their places are the numbers that all other sections use.
    case logs = 0
    /// What stays of the entries of one log.
    case folded = 1
    /// Rows of one table.
    case rows = 2
    /// Effects of kinds that the maker did not know.
    case deferred = 3
    /// From which of its changes on an author had seen another's log up to where.
    case knowledge = 4
}

/// One step of what an author had seen: from its entry on, another's log up to a number.
public struct KnowledgeStep: Hashable, Sendable {
    /// The number of the author's log.
    public var author: UInt64
    /// The number of the log that it had seen.
    public var peer: UInt64
    /// The author's entry.
    public var sequence: UInt64
    /// Up to where it had seen the other log.
    public var upTo: UInt64

    /// Creates a step.
    public init(author: UInt64, peer: UInt64, sequence: UInt64, upTo: UInt64) {
        self.author = author
        self.peer = peer
        self.sequence = sequence
        self.upTo = upTo
    }
}

extension KnowledgeStep: WireCodable {
    /// Appends `[author, peer, sequence, up to]`.
    public func encode(into encoder: inout CBOREncoder) {
        encoder.array(count: 4)
        for number in [author, peer, sequence, upTo] { encoder.unsigned(number) }
    }

    /// Reads a step.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.array(count: 4)
        self.init(
            author: try decoder.unsigned(), peer: try decoder.unsigned(), sequence: try decoder.unsigned(),
            upTo: try decoder.unsigned())
    }
}
