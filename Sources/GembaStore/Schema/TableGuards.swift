import GRDB

/// The triggers by which every other program that writes to one of the library's tables fails: it would change rows
/// without anybody else hearing of it.
///
/// The library's own connections fire no triggers.
enum TableGuards {
    private static let statements = ["INSERT", "UPDATE", "DELETE"]

    private static func name(_ table: String, _ statement: String) -> String {
        "gemba_guard_\(table)_\(statement.lowercased())"
    }

    private static func existing(on table: String, _ database: Database) throws -> Set<String> {
        try String.fetchSet(
            database, sql: "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", arguments: [table])
    }

    static func areInstalled(on table: String, _ database: Database) throws -> Bool {
        let names = try existing(on: table, database)
        return statements.allSatisfy { names.contains(name(table, $0)) }
    }

    /// - Parameter message: what the other program is told.
    static func install(on table: String, saying message: String, _ database: Database) throws {
        for statement in statements {
            try database.execute(
                sql: """
                    CREATE TRIGGER IF NOT EXISTS \(SQL.quoted(name(table, statement)))
                    BEFORE \(statement) ON \(SQL.quoted(table))
                    BEGIN SELECT RAISE(ABORT, \(SQL.literal(message))); END
                    """)
        }
    }

    /// Takes the guards away, before a table is renamed or built anew.
    static func remove(from table: String, _ database: Database) throws {
        for name in try existing(on: table, database) where name.hasPrefix("gemba_guard_") {
            try database.execute(sql: "DROP TRIGGER \(SQL.quoted(name))")
        }
    }
}
