import GembaCRDT
import GembaCausality
import GembaTrust
import GembaWire

/// Makes rows anew from the logs, and from the checkpoint that stands in for what is folded.
///
/// Reads all logs once, however many rows there are: about a second for a million changes.
struct RowReplay {
    let context: StoreContext
    let folder: String
    private var states: [RowKey: RowState<[Value]>]

    init(of keys: some Sequence<RowKey>, in context: StoreContext, folder: String) {
        self.context = context
        self.folder = folder
        states = Dictionary(uniqueKeysWithValues: keys.map { ($0, RowState()) })
    }

    /// Puts what the logs make of the rows in the place of what is stored, where that is something else.
    ///
    /// - Returns: the rows that were something else, as they were and as they are now.
    @discardableResult
    mutating func repair() throws -> [RowDifference] {
        try replay()
        var repaired: [RowDifference] = []
        for key in states.keys.sorted() {
            guard let state = states[key], try !isStored(state, at: key) else { continue }
            let made = try state.presence.isEmpty ? [] : context.comparedForm(of: state, at: key)
            repaired.append(RowDifference(key: key, ours: try context.comparedState(of: key), other: made))
            if state.presence.isEmpty {
                try context.rows.erase(table: key.table, row: key.row)
            } else {
                try context.rows.save(state, table: key.table, row: key.row)
            }
            guard context.environment.layouts[key.table] != nil else { continue }
            context.rows.noteChange(of: key.row, in: key.table)
            context.rows.noteContest(over: key.row, in: key.table)
        }
        return repaired
    }

    /// Compared as digests see them: the stored form of a text depends on the order in which changes came.
    private func isStored(_ state: RowState<[Value]>, at key: RowKey) throws -> Bool {
        do {
            guard let (stored, _) = try context.rows.load(table: key.table, row: key.row) else {
                return state.presence.isEmpty
            }
            let builder = DigestBuilder(context: context)
            let encodings = try [stored, state].map { try builder.encoded($0, table: key.table, row: key.row) }
            return stored.wasInserted == state.wasInserted && stored.drops == state.drops
                && encodings[0] == encodings[1]
        } catch let error as StoreError where error.code == .corrupted {
            return false
        }
    }

    // MARK: - Replaying

    private mutating func replay() throws {
        let cut = try loadCheckpoint()
        var batch = OperationBatch()
        try context.log.scanEntries(of: .data, after: 0) { stretch, segment, sequence in
            if sequence == 0 || segment.record(sequence).isQuarantined { return true }
            if let covered = cut[stretch.replica], sequence <= covered { return true }
            batch.removeAll()
            _ = try context.read(sequence, in: segment, into: &batch)
            let dot = LocalDot(replica: stretch.replica, sequence: sequence)
            for item in batch.items {
                let key = RowKey(table: item.table, row: item.row)
                guard states[key] != nil else { continue }
                _ = try states[key]?.apply(batch.operation(item), as: dot, knowing: context.rows, payload: { $0 })
            }
            return true
        }
    }

    /// Begins with the rows of the checkpoint that the replica stands on, if it stands on one.
    ///
    /// - Returns: up to where the checkpoint covers each log.
    private mutating func loadCheckpoint() throws -> [Int64: SequenceNumber] {
        guard let record = try context.checkpointRecord() else { return [:] }
        guard let file = try CheckpointFolder(replica: folder).file(record.signed.manifest.id) else {
            throw StoreError(.notFound, "The file of the checkpoint is missing; `gemba run` makes another.")
        }
        var numbers = CheckpointNumbers()
        var reader = CheckpointReader(file)
        while let section = try reader.section() {
            var decoder = CBORDecoder(section)
            let items = try decoder.array() - 1
            switch CheckpointSection(rawValue: try decoder.unsigned()) {
            case .logs:
                for _ in 0..<items {
                    let log = try CheckpointLog(from: &decoder)
                    guard let tip = try context.log.tip(of: log.head.replica) else { throw CheckpointReader.damaged }
                    numbers.logs.append((tip.number, log.head.sequence))
                }
            case .rows:
                let table = TableID(rawValue: UInt32(clamping: try decoder.unsigned()))
                guard states.keys.contains(where: { $0.table == table }) else { continue }
                for _ in 0..<(try decoder.array()) {
                    let (row, state) = try CheckpointRow.decode(from: &decoder, numbers: numbers)
                    let key = RowKey(table: table, row: row)
                    if states[key] != nil { states[key] = state }
                }
            default: break
            }
        }
        return Dictionary(numbers.logs.map { ($0.number, $0.last) }) { max($0, $1) }
    }
}
