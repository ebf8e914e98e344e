import GRDB
import GembaCausality
import GembaWire

/// Brings the SQL tables of a database to the declared schema, by additions only.
struct SchemaInstaller {
    let context: StoreContext

    private var schema: Schema { context.environment.schema }
    private var database: Database { context.connection.database }

    /// Refuses a database that has replicated tables or columns which the schema does not declare: what this program
    /// would keep beside them, the program that knows them would not find.
    func checkStoredTables() throws {
        let layouts = context.environment.layoutsByName
        for name in try String.fetchAll(database, sql: "SELECT name FROM sqlite_master WHERE type = 'table'") {
            let columns = Set(try database.columns(in: name).map(\.name))
            guard columns.contains(Self.metadataColumn) else { continue }
            let known = Set(layouts[name]?.columns.map(\.name) ?? [])
            let unknown = columns.subtracting(known.union(["id", Self.metadataColumn]))
            guard layouts[name] == nil || !unknown.isEmpty else { continue }
            let what = layouts[name] == nil ? "table \(name)" : "column \(unknown.min() ?? "") of table \(name)"
            throw StoreError(
                .unsupportedDatabase,
                "This replica holds the \(what), which this program does not know. Open it with the program that made it, "
                    + "in the same or a later version.")
        }
    }

    /// The column that marks a replicated table.
    private static let metadataColumn = "gemba_meta"

    /// Whether there is nothing to install: opening a replica that is in use then waits for nobody's write.
    func isInstalled() throws -> Bool {
        try schema.tables.allSatisfy(isInstalled) && schema.derivations.allSatisfy(isInstalled)
    }

    func install() throws {
        for table in schema.tables { try install(table) }
        for derivation in schema.derivations { try install(derivation) }
    }

    // MARK: - Replicated tables

    private func isInstalled(_ table: Table) throws -> Bool {
        guard let layout = context.environment.layouts[table.id], try database.tableExists(table.name) else {
            return false
        }
        let existing = Set(try database.columns(in: table.name).map(\.name))
        let indexes = Set(try database.indexes(on: table.name).map(\.name))
        let isComplete =
            layout.columns.allSatisfy { existing.contains($0.name) }
            && indexNames(of: table).allSatisfy(indexes.contains)
        return try isComplete && isGuarded(table)
    }

    // MARK: - Guards

    /// The statements that are refused when they do not come from this library, whose connections fire no triggers.
    private static let guardedStatements = ["INSERT", "UPDATE", "DELETE"]

    private func guardName(_ table: Table, _ statement: String) -> String {
        "gemba_guard_\(table.name)_\(statement.lowercased())"
    }

    private func isGuarded(_ table: Table) throws -> Bool {
        let names = try String.fetchSet(
            database, sql: "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?",
            arguments: [table.name])
        return Self.guardedStatements.allSatisfy { names.contains(guardName(table, $0)) }
    }

    /// Has every other program that writes to the table fail: it would change rows without anybody else hearing of it.
    private func installGuards(_ layout: TableLayout) throws {
        let message = "\(layout.table.name) is replicated: write through Gemba, or others never hear of it"
        for statement in Self.guardedStatements {
            try database.execute(
                sql: """
                    CREATE TRIGGER IF NOT EXISTS \(SQL.quoted(guardName(layout.table, statement)))
                    BEFORE \(statement) ON \(layout.quotedName)
                    BEGIN SELECT RAISE(ABORT, \(SQL.literal(message))); END
                    """)
        }
    }

    // MARK: - Columns and indexes

    private func indexNames(of table: Table) -> [String] {
        table.indexes.enumerated().map { "gemba_index_\(table.name)_\($0)_\($1.joined(separator: "_"))" }
    }

    private func install(_ table: Table) throws {
        guard let layout = context.environment.layouts[table.id] else { return }
        if try database.tableExists(table.name) {
            try addColumns(layout)
        } else {
            try create(layout)
        }
        for (name, columns) in zip(indexNames(of: table), table.indexes) {
            let list = columns.map(SQL.quoted).joined(separator: ", ")
            try database.execute(
                sql: "CREATE INDEX IF NOT EXISTS \(SQL.quoted(name)) ON \(layout.quotedName) (\(list))")
        }
        try installGuards(layout)
    }

    private func create(_ layout: TableLayout) throws {
        let columns = layout.columns.map { "\(SQL.quoted($0.name)) \($0.kind.rawValue)" }
        let all = ["id BLOB NOT NULL PRIMARY KEY"] + columns + ["gemba_meta BLOB NOT NULL"]
        try database.execute(
            sql: "CREATE TABLE \(layout.quotedName) (\(all.joined(separator: ", "))) STRICT, WITHOUT ROWID")
        try project(rows: hiddenRows(of: layout.table.id), of: layout.table.id)
    }

    private func addColumns(_ layout: TableLayout) throws {
        let existing = Set(try database.columns(in: layout.table.name).map(\.name))
        let missing = layout.columns.filter { !existing.contains($0.name) }
        if missing.isEmpty { return }
        for column in missing {
            let value = try database.makeStatement(sql: "SELECT quote(?)")
            let quoted = try String.fetchOne(value, arguments: [column.defaultValue.databaseValue]) ?? "NULL"
            try database.execute(
                sql: """
                    ALTER TABLE \(layout.quotedName) ADD COLUMN \(SQL.quoted(column.name)) \(column.kind.rawValue)
                    DEFAULT \(quoted)
                    """)
        }
        // Others may have written the new groups before this program knew them.
        try project(rows: rowsWithOutsideValues(of: layout.table.id), of: layout.table.id)
    }

    private func hiddenRows(of table: TableID) throws -> [RowID] {
        try rows("SELECT row FROM gemba_hidden WHERE tbl = ?", table: table)
    }

    private func rowsWithOutsideValues(of table: TableID) throws -> [RowID] {
        try rows("SELECT DISTINCT row FROM gemba_sibling WHERE tbl = ?", table: table)
    }

    private func rows(_ sql: String, table: TableID) throws -> [RowID] {
        var rows: [RowID] = []
        try context.connection.statement(sql).bind(1, Int64(table.rawValue)).forEach { rows.append(try $0.fixed(0)) }
        return rows
    }

    private func project(rows: [RowID], of table: TableID) throws {
        for row in rows {
            if let (state, _) = try context.rows.load(table: table, row: row) {
                try context.rows.save(state, table: table, row: row)
            }
        }
    }

    // MARK: - Derived tables

    private func isInstalled(_ derivation: Derivation) throws -> Bool {
        let installed = try context.connection.statement("SELECT version FROM gemba_derivation WHERE name = ?")
            .bind(1, derivation.name).first { $0.int(0) }
        return installed == Int64(derivation.version)
    }

    private func install(_ derivation: Derivation) throws {
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
