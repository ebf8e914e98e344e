/// Changes of data logs, in the sender's apply order: a ``BatchMessage`` for peers that know packs.
public struct PackMessage: Hashable, Sendable {
    /// The comparison that found the changes lacking, or the last one before they were made.
    public var round: UInt64
    /// How many bytes of entries were sent in this round before, as encoded.
    public var offset: UInt64
    /// The changes; never empty.
    public var runs: [PackedRun]

    /// Creates a message from its parts.
    public init(round: UInt64, offset: UInt64, runs: [PackedRun]) {
        self.round = round
        self.offset = offset
        self.runs = runs
    }

    /// Packs a batch as the next one of a stream; nil, with the context as it was, when it has an entry that no log can
    /// hold.
    public init?(packing batch: BatchMessage, in context: inout PackingContext) {
        precondition(batch.kind == .data, "only changes of data logs are packed")
        var next = context
        var runs: [PackedRun] = []
        for run in batch.runs {
            guard let packed = try? PackedRun(packing: run, in: &next) else { return nil }
            runs.append(packed)
        }
        self.init(round: batch.round, offset: batch.offset, runs: runs)
        context = next
    }
}
