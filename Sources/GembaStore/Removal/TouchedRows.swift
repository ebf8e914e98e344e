import GembaCausality
import GembaWire

/// The rows that entries of a log touch which are about to be taken away; they are made anew afterwards (RULES M18).
struct TouchedRows {
    private let context: StoreContext
    private(set) var keys: Set<RowKey> = []

    init(_ context: StoreContext) { self.context = context }

    /// Notes the rows that the entries of a log touch from one on.
    mutating func note(_ tip: LogTip, after end: SequenceNumber) throws {
        var batch = OperationBatch()
        try context.log.scanSegments(replica: tip.number, from: end + 1, through: tip.sequence) { segment in
            for sequence in segment.sequences.clamped(to: end + 1...tip.sequence)
            where !segment.isFolded && !segment.record(sequence).isQuarantined {
                batch.removeAll()
                guard (try? context.read(sequence, in: segment, into: &batch)) != nil else { continue }
                keys.formUnion(batch.items.map { RowKey(table: $0.table, row: $0.row) })
            }
            return true
        }
    }
}
