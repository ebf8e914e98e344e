import GembaCRDT
import GembaCausality
import GembaWire

/// Carries out drops that a program put by as effects of a kind that it did not know (F6).
///
/// What such a program shows of the row is a deleted row with its merge state. That state goes now; what changes did to the
/// row that had seen the drops is applied again from their bodies.
struct DeferredDrops {
    let context: StoreContext

    private struct Place: Hashable {
        var table: TableID
        var row: RowID
    }

    /// Whether there is anything to do.
    func isNeeded() throws -> Bool { try !places().isEmpty }

    /// - Parameter isCovered: which changes the rows contain.
    func apply(where isCovered: (LocalDot) -> Bool = { _ in true }) throws {
        for (place, dots) in try places() {
            let drops = try dots.filter(context.rows.mayDrop)
            try removeDeferred(at: place) { dots.contains($0) }
            guard !drops.isEmpty, var (state, _) = try context.rows.load(table: place.table, row: place.row) else {
                continue
            }
            let known = state.drops + drops
            state.drops = try known.filter { drop in
                try !known.contains { try $0 != drop && context.history.hasSeen(drop, by: $0) }
            }
            state.drops.sort()
            try removeDeferred(at: place) { try !context.rows.hasSeen(state.drops, by: $0) }
            let later = try writtenLater(at: place, after: state, where: isCovered)
            (state.groups, state.wasInserted) = (later.groups, later.wasInserted)
            context.rows.noteContest(over: place.row, in: place.table)
            if context.environment.layouts[place.table] != nil {
                context.rows.noteChange(of: place.row, in: place.table)
            }
            try context.rows.save(state, table: place.table, row: place.row)
        }
    }

    /// The drops that were put by, by row.
    private func places() throws -> [Place: [LocalDot]] {
        var places: [Place: [LocalDot]] = [:]
        try context.connection.statement(
            "SELECT tbl, row, replica, sequence FROM gemba_deferred WHERE grp = ? AND effect = ?"
        )
        .bind(1, Int64(Effect.dropGroup.rawValue)).bind(2, Effect.encodedDrop).forEach { line in
            let place = Place(
                table: TableID(rawValue: UInt32(truncatingIfNeeded: line.int(0))), row: try line.fixed(1))
            let dot = LocalDot(replica: line.int(2), sequence: line.unsigned(3))
            // One that reaches beyond its cut looks alike.
            if try context.operation(of: dot, on: place.row, in: place.table)?.isDrop ?? true {
                places[place, default: []].append(dot)
            }
        }
        return places
    }

    private func removeDeferred(at place: Place, where isGone: (LocalDot) throws -> Bool) throws {
        var gone: [LocalDot] = []
        try context.connection.statement("SELECT replica, sequence FROM gemba_deferred WHERE tbl = ? AND row = ?")
            .bind(1, Int64(place.table.rawValue)).bind(2, place.row).forEach { line in
                let dot = LocalDot(replica: line.int(0), sequence: line.unsigned(1))
                if try isGone(dot) { gone.append(dot) }
            }
        for dot in gone {
            try context.connection.statement(
                "DELETE FROM gemba_deferred WHERE tbl = ? AND row = ? AND replica = ? AND sequence = ?"
            )
            .bind(1, Int64(place.table.rawValue)).bind(2, place.row).bind(3, dot.replica).bind(4, dot.sequence).run()
        }
    }

    /// What changes that had seen all drops did to a row.
    private func writtenLater(
        at place: Place, after state: RowState<[Value]>, where isCovered: (LocalDot) -> Bool
    ) throws -> RowState<[Value]> {
        var result = RowState<[Value]>(drops: state.drops)
        let standing = try state.presence.names.filter {
            try !state.drops.contains($0) && context.rows.hasSeen(state.drops, by: $0)
        }
        if standing.isEmpty { return result }
        for dot in standing where try context.operation(of: dot, on: place.row, in: place.table) == nil {
            throw StoreError(
                .unsupportedDatabase,
                "A checkpoint was made by a program that is older than drops; one by a program of today is needed.")
        }
        try context.forEachOperation(on: place.row, of: place.table) { operation, _, dot in
            guard isCovered(dot), !operation.isDrop else { return }
            _ = try result.apply(operation, as: dot, knowing: context.rows, payload: { $0 })
        }
        return result
    }
}
