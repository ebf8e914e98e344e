import GembaCausality
import GembaWire

/// All rows of one table with their merge states, sorted by id: those in the table itself and the hidden ones, merged.
struct RowSource {
    let context: StoreContext
    let table: TableID

    /// All tables that are declared or have rows, sorted.
    static func tables(_ context: StoreContext) throws -> [TableID] {
        var tables = Set(context.environment.layouts.keys)
        try context.connection.statement("SELECT DISTINCT tbl FROM gemba_hidden")
            .forEach { tables.insert(TableID(rawValue: UInt32(truncatingIfNeeded: $0.int(0)))) }
        return tables.sorted()
    }

    /// Calls `body` with each row. Takes memory for one row.
    func forEach(_ body: (RowID, RowState<[Value]>) throws -> Void) throws {
        let hidden = try context.connection.statement("SELECT row, meta FROM gemba_hidden WHERE tbl = ? ORDER BY row")
        hidden.bind(1, Int64(table.rawValue))
        defer { hidden.reset() }
        var nextHidden = try hidden.step() ? try hidden.fixed(0) as RowID : nil
        func passHidden(before limit: RowID?) throws {
            while let row = nextHidden, limit.map({ row < $0 }) ?? true {
                try body(row, try context.rows.hiddenState(hidden, at: 1, table: table, row: row))
                nextHidden = try hidden.step() ? try hidden.fixed(0) as RowID : nil
            }
        }
        if let layout = context.environment.layouts[table] {
            let visible = try context.connection.statement(layout.selectAll)
            try visible.forEach { statement in
                let row: RowID = try statement.fixed(0)
                try passHidden(before: row)
                try body(row, try context.rows.visibleState(statement, layout: layout, row: row))
            }
        }
        try passHidden(before: nil)
    }
}
