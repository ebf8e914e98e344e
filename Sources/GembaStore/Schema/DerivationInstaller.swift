import GRDB
import GembaCausality

/// Brings the derived tables of a database to the declared versions.
struct DerivationInstaller {
    let context: StoreContext

    private var database: Database { context.connection.database }

    func isInstalled(_ derivation: Derivation) throws -> Bool {
        let installed = try context.connection.statement("SELECT version FROM gemba_derivation WHERE name = ?")
            .bind(1, derivation.name).first { $0.int(0) }
        return installed == Int64(derivation.version)
    }

    func install(_ derivation: Derivation) throws {
        if try isInstalled(derivation) { return }
        try derivation.create(database)
        var changed: Derivation.ChangedRows = [:]
        for source in derivation.sources {
            let layout = try context.layout(named: source)
            changed[source] = try RowID.fetchSet(database, sql: "SELECT id FROM \(layout.quotedName)")
        }
        try derivation.update(RowReader(context), changed)
        try context.connection.statement(
            "INSERT OR REPLACE INTO gemba_derivation (name, version) VALUES (?, ?)"
        )
        .bind(1, derivation.name).bind(2, Int64(derivation.version)).run()
    }
}

extension StoreContext {
    /// Brings the derived tables up to date with what the transaction changed.
    func updateDerivations() throws {
        if rows.changedRows.isEmpty { return }
        var changed: Derivation.ChangedRows = [:]
        for (table, ids) in rows.changedRows {
            if let layout = environment.layouts[table] {
                changed[layout.table.name] = ids
                try connection.database.notifyChanges(in: GRDB.Table(layout.table.name))
            }
        }
        for derivation in environment.schema.derivations {
            let relevant = changed.filter { derivation.sources.contains($0.key) }
            if !relevant.isEmpty { try derivation.update(RowReader(self), relevant) }
        }
    }
}
