import GembaCausality
import GembaWire

/// Makes rows anew from the logs, after some of what had been done to them was taken away (RULES M18).
///
/// One pass over all bodies, in apply order, whatever the number of rows. A row whose earlier changes were folded cannot be made
/// from bodies; a removal never takes away what was folded, but may touch such a row, and then everything is made anew from
/// the checkpoint.
struct RowRenewal {
    private let context: StoreContext
    private var rows: Set<RowKey> = []

    init(_ context: StoreContext) { self.context = context }

    var isEmpty: Bool { rows.isEmpty }

    /// Notes the rows that the entries of a log touch from one on.
    mutating func note(_ tip: LogTip, after end: SequenceNumber) throws {
        var batch = OperationBatch()
        try context.log.scanSegments(replica: tip.number, from: end + 1, through: tip.sequence) { segment in
            for sequence in segment.sequences.clamped(to: end + 1...tip.sequence)
            where !segment.isFolded && !segment.record(sequence).isQuarantined {
                batch.removeAll()
                guard (try? context.read(sequence, in: segment, into: &batch)) != nil else { continue }
                rows.formUnion(batch.items.map { RowKey(table: $0.table, row: $0.row) })
            }
            return true
        }
    }

    /// Makes the rows that were noted from what the logs hold now.
    func run() throws {
        if rows.isEmpty { return }
        var operations: [RowKey: [RowStore.Dotted]] = [:]
        try context.log.scanEntries(of: .data, after: 0) { stretch, segment, sequence in
            if sequence == 0 || segment.record(sequence).isQuarantined { return true }
            guard let body = try? context.body(of: sequence, in: segment) else { return true }
            for operation in body.operations {
                let key = RowKey(table: operation.table, row: operation.row)
                guard rows.contains(key) else { continue }
                let dot = LocalDot(replica: stretch.replica, sequence: sequence)
                operations[key, default: []].append(.init(dot: dot, operation: operation))
            }
            return true
        }
        for key in rows.sorted(by: { ($0.table, $0.row) < ($1.table, $1.row) }) {
            context.rows.noteContest(over: key.row, in: key.table)
            if context.environment.layouts[key.table] != nil { context.rows.noteChange(of: key.row, in: key.table) }
            try context.rows.erase(table: key.table, row: key.row)
            try context.rows.removeDeferred(table: key.table, row: key.row)
            if let operations = operations[key] { try context.rows.merge(operations, table: key.table, row: key.row) }
        }
    }
}
