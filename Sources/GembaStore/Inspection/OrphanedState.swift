import GembaCRDT
import GembaCausality
import GembaWire

extension StoreContext {
    /// What was written to a row by changes that had not seen its drops. Its merge state has nothing of it: it is read from the
    /// bodies of the changes, as far as these are held.
    func lostState(of row: RowID, in table: TableID, _ state: RowState<[Value]>) throws -> RowState<[Value]> {
        // An operation made apart from the drops stands, or was replaced by another one that was.
        var pending = state.presence.names
        var found: [LocalDot: RowOperation] = [:]
        while let dot = pending.popLast() {
            guard found[dot] == nil, try isApart(dot, from: state.drops),
                let operation = try operation(of: dot, on: row, in: table)
            else { continue }
            found[dot] = operation
            pending += try operation.saw.compactMap(localIfHeld)
        }
        var lost = RowState<[Value]>()
        for (dot, operation) in try found.sorted(by: { try isBefore($0.key, $1.key) }) {
            _ = try lost.apply(operation, as: dot, knowing: rows, payload: { $0 })
        }
        return lost
    }

    /// Whether a change counts as an orphan of a row with these drops: it had not seen all of them, and none of them had seen
    /// it.
    func isApart(_ dot: LocalDot, from drops: [LocalDot]) throws -> Bool {
        if try drops.contains(where: { try $0 == dot || history.hasSeen(dot, by: $0) }) { return false }
        return try !rows.hasSeen(drops, by: dot)
    }

    /// An order in which no change stands before what it had seen.
    private func isBefore(_ left: LocalDot, _ right: LocalDot) throws -> Bool {
        let lamports = (try log.record(of: left)?.lamport ?? 0, try log.record(of: right)?.lamport ?? 0)
        return lamports.0 == lamports.1 ? left < right : lamports.0 < lamports.1
    }

    /// What a change did to a row; nil when its body is not held. An invalid one did nothing, whoever claims to have seen what it
    /// did.
    func operation(of dot: LocalDot, on row: RowID, in table: TableID) throws -> RowOperation? {
        guard let segment = try log.segment(of: dot), !segment.isFolded, !segment.record(dot.sequence).isQuarantined
        else { return nil }
        return try body(of: dot.sequence, in: segment).operations
            .first { $0.row == row && $0.table == table }
    }
}
