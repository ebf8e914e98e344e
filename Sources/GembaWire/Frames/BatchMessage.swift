/// Changes, in the sender's apply order.
public struct BatchMessage: Hashable, Sendable {
    /// Which logs the changes are of.
    public var kind: LogKind
    /// The comparison that found them lacking, or the last one before they were made.
    public var round: UInt64
    /// How many bytes of entries were sent in this round before this batch.
    public var offset: UInt64
    /// The changes; never empty.
    public var runs: [Run]

    /// Creates a message from its parts.
    public init(kind: LogKind, round: UInt64, offset: UInt64, runs: [Run]) {
        self.kind = kind
        self.round = round
        self.offset = offset
        self.runs = runs
    }

    /// The bytes that this batch takes of the credit window: those of its encoded entries.
    public var cost: UInt64 { runs.reduce(0) { $0 + UInt64($1.entryBytes) } }
}
