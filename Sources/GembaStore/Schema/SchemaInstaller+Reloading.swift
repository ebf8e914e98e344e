import GRDB
import GembaCausality
import GembaWire

/// Emptying the projection and building what hangs on it anew, when all rows are replaced at once.
extension SchemaInstaller {
    /// Removes all rows, and the indexes, which are built faster when the rows are there.
    func clearRows() throws {
        for layout in context.environment.layouts.values.sorted(by: { $0.table.id < $1.table.id }) {
            for name in indexNames(of: layout.table) {
                try context.connection.execute("DROP INDEX IF EXISTS \(SQL.quoted(name))")
            }
            try context.connection.execute("DELETE FROM \(layout.quotedName)")
        }
        for name in ["gemba_hidden", "gemba_sibling", "gemba_deferred", "gemba_text", ConflictTable.name] {
            try context.connection.execute("DELETE FROM \(name)")
        }
    }

    /// Builds the indexes that ``clearRows()`` took away, and tells observers that the tables changed.
    func restoreIndexes() throws {
        for layout in context.environment.layouts.values.sorted(by: { $0.table.id < $1.table.id }) {
            try installIndexes(of: layout)
            try context.connection.database.notifyChanges(in: GRDB.Table(layout.table.name))
        }
    }

    /// Computes all derived tables anew, some rows at a time.
    func rebuildDerivations() throws {
        for derivation in context.environment.schema.derivations {
            try derivation.create(context.connection.database)
            for source in derivation.sources { try rebuild(derivation, from: context.layout(named: source)) }
        }
    }

    /// How many rows a derivation is told of at a time; bounds what it keeps of them.
    private static let slice = 5_000

    private func rebuild(_ derivation: Derivation, from layout: TableLayout) throws {
        var last = RowID(rawValue: 0)
        while true {
            let rows = try RowID.fetchAll(
                context.connection.database,
                sql: "SELECT id FROM \(layout.quotedName) WHERE id > ? ORDER BY id LIMIT \(Self.slice)",
                arguments: [last])
            guard let end = rows.last else { return }
            try derivation.update(RowReader(context), [layout.table.name: Set(rows)])
            last = end
        }
    }
}
