import GRDB
import GembaCausality
import GembaWire

/// Brings the SQL tables of a database to the declared schema. It writes no change: what a schema says is local.
struct SchemaInstaller {
    let context: StoreContext

    private var schema: Schema { context.environment.schema }
    private var database: Database { context.connection.database }
    private var layouts: [TableLayout] { schema.tables.compactMap { context.environment.layouts[$0.id] } }

    /// Whether there is nothing to install: opening a replica that is in use then waits for nobody's write.
    func isInstalled() throws -> Bool {
        let stored = try storedTables()
        let derivations = DerivationInstaller(context: context)
        return try layouts.allSatisfy { try isInstalled($0, as: stored[$0.table.id]) }
            && schema.derivations.allSatisfy(derivations.isInstalled)
    }

    private func isInstalled(_ layout: TableLayout, as stored: StoredTable?) throws -> Bool {
        guard stored == StoredTable(layout, ranks: schema.ranks) else { return false }
        let indexes = Set(try database.indexes(on: layout.table.name).map(\.name))
        return try indexNames(of: layout.table).allSatisfy(indexes.contains)
            && TableGuards.areInstalled(on: layout.table.name, database)
    }

    /// - Throws: ``StoreError`` when the database holds what the schema does not declare, or declares otherwise.
    func install() throws {
        let declared = try storedTables()
        let changes = try checkedChanges(from: tablesAsStored())
        try giveWayToNewNames(changes)
        for (layout, change) in changes {
            try install(layout, change)
            if change != nil, declared[layout.table.id] == nil {
                try ProjectionUpdate(context: context, layout: layout).findConflicts()
            }
        }
        let derivations = DerivationInstaller(context: context)
        for derivation in schema.derivations { try derivations.install(derivation) }
    }

    // MARK: - What is there

    /// Refuses a database that has replicated tables or columns which the schema does not declare, or which it declares as
    /// something else.
    func check() throws { _ = try checkedChanges(from: tablesAsStored()) }

    private func checkedChanges(from stored: [TableID: StoredTable]) throws -> [(TableLayout, TableChange?)] {
        for (id, table) in stored where context.environment.layouts[id] == nil {
            throw TableChange.unknown("table \(table.name)")
        }
        return try layouts.map { layout in
            let change = try stored[layout.table.id].map {
                try TableChange(from: $0, to: layout, ranks: schema.ranks)
            }
            return (layout, change)
        }
    }

    private func storedTables() throws -> [TableID: StoredTable] { try context.storedTables() }

    /// What the database has; of tables that were made before declarations were kept, as far as their columns tell.
    private func tablesAsStored() throws -> [TableID: StoredTable] {
        var stored = try storedTables()
        let named = Dictionary(uniqueKeysWithValues: stored.map { ($1.name, $0) })
        for name in try String.fetchAll(database, sql: "SELECT name FROM sqlite_master WHERE type = 'table'") {
            let columns = Set(try database.columns(in: name).map(\.name))
            guard columns.contains(Self.metadataColumn), named[name] == nil else { continue }
            guard let layout = context.environment.layoutsByName[name] else {
                throw TableChange.unknown("table \(name)")
            }
            let known = Set(layout.columns.map(\.name) + ["id", Self.metadataColumn])
            if let unknown = columns.subtracting(known).min() {
                throw TableChange.unknown("column \(unknown) of table \(name)")
            }
            stored[layout.table.id] = StoredTable(layout, having: columns)
        }
        return stored
    }

    /// The column that marks a replicated table.
    private static let metadataColumn = "gemba_meta"

    // MARK: - Changing tables

    /// Tables may exchange their names: all that get another one let go of theirs first.
    private func giveWayToNewNames(_ changes: [(layout: TableLayout, change: TableChange?)]) throws {
        for (layout, change) in changes {
            guard let former = change?.formerName else { continue }
            try clearAttachments(of: former)
            try rename(former, to: Self.interimName(of: layout))
        }
    }

    private static func interimName(of layout: TableLayout) -> String { "gemba_interim_\(layout.table.id.rawValue)" }

    private func rename(_ table: String, to name: String) throws {
        try database.execute(sql: "ALTER TABLE \(SQL.quoted(table)) RENAME TO \(SQL.quoted(name))")
    }

    private func install(_ layout: TableLayout, _ change: TableChange?) throws {
        let projection = ProjectionUpdate(context: context, layout: layout)
        if let change {
            if change.formerName != nil { try rename(Self.interimName(of: layout), to: layout.table.name) }
            if !change.renamedColumns.isEmpty || change.needsRebuilding { try clearAttachments(of: layout.table.name) }
            try rename(change.renamedColumns, of: layout)
            for place in change.addedColumns { try add(layout.columns[place], to: layout) }
            if change.needsRebuilding { try rebuild(layout) }
            try projection.update(after: change)
        } else {
            try create(layout, as: layout.table.name)
            try projection.showHiddenRows()
        }
        try installIndexes(of: layout)
        let name = layout.table.name
        try TableGuards.install(
            on: name, saying: "\(name) is replicated: write through Gemba, or others never hear of it", database)
        try context.store(StoredTable(layout, ranks: schema.ranks), as: layout.table.id)
    }

    func installIndexes(of layout: TableLayout) throws {
        for (name, columns) in zip(indexNames(of: layout.table), layout.table.indexes) {
            let list = columns.map(SQL.quoted).joined(separator: ", ")
            try database.execute(
                sql: "CREATE INDEX IF NOT EXISTS \(SQL.quoted(name)) ON \(layout.quotedName) (\(list))")
        }
    }

    /// Drops what names a table's columns, to be made again.
    private func clearAttachments(of table: String) throws {
        try TableGuards.remove(from: table, database)
        for index in try database.indexes(on: table) where index.name.hasPrefix("gemba_index_") {
            try database.execute(sql: "DROP INDEX \(SQL.quoted(index.name))")
        }
    }

    func indexNames(of table: Table) -> [String] {
        table.indexes.enumerated().map { "gemba_index_\(table.name)_\($0)_\($1.joined(separator: "_"))" }
    }

    private func create(_ layout: TableLayout, as name: String) throws {
        let columns = layout.columns.map { "\(SQL.quoted($0.name)) \($0.domain.sqlType)" }
        let all = ["id BLOB NOT NULL PRIMARY KEY"] + columns + ["\(Self.metadataColumn) BLOB NOT NULL"]
        try database.execute(
            sql: "CREATE TABLE \(SQL.quoted(name)) (\(all.joined(separator: ", "))) STRICT, WITHOUT ROWID")
    }

    private func add(_ column: Column, to layout: TableLayout) throws {
        let value = try database.makeStatement(sql: "SELECT quote(?)")
        let quoted = try String.fetchOne(value, arguments: [column.defaultValue.databaseValue]) ?? "NULL"
        try database.execute(
            sql: """
                ALTER TABLE \(layout.quotedName) ADD COLUMN \(SQL.quoted(column.name)) \(column.domain.sqlType)
                DEFAULT \(quoted)
                """)
    }

    /// Columns of different groups may exchange their names as well.
    private func rename(_ columns: [(from: String, to: String)], of layout: TableLayout) throws {
        let interim = columns.indices.map { "gemba_interim_\($0)" }
        let steps =
            zip(columns.map(\.from), interim).map { ($0, $1) } + zip(interim, columns.map(\.to)).map { ($0, $1) }
        for (old, new) in steps {
            try database.execute(
                sql: "ALTER TABLE \(layout.quotedName) RENAME COLUMN \(SQL.quoted(old)) TO \(SQL.quoted(new))")
        }
    }

    /// SQLite cannot change a column's type in place.
    private func rebuild(_ layout: TableLayout) throws {
        let interim = Self.interimName(of: layout)
        try create(layout, as: interim)
        try database.execute(
            sql: """
                INSERT INTO \(SQL.quoted(interim)) (\(layout.allColumns)) SELECT \(layout.allColumns) FROM \(layout.quotedName);
                DROP TABLE \(layout.quotedName)
                """)
        try rename(interim, to: layout.table.name)
    }
}
