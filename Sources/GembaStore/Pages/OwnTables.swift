/// The tables that an application keeps beside the replicated ones, in a database that is made anew.
struct OwnTables {
    let damaged: String
    let mended: String

    /// Copies them as far as they can be read, with their indexes, views and triggers.
    ///
    /// - Returns: the names of those that cannot be read.
    func copy() -> [String] {
        do {
            let connection = try BareConnection(mended, .checked)
            try connection.execute("ATTACH \(SQL.literal(damaged)) AS damaged")
            let tables = try connection.texts(Self.select("type = 'table'", "name"))
            let attachments = try connection.texts(Self.select("type <> 'table'", "sql"))
            let lost = try tables.filter { try !copy($0, on: connection) }
            for statement in attachments {
                // One on a table that was lost has nothing to stand on.
                try? connection.execute(statement)
            }
            return lost
        } catch {
            return []
        }
    }

    /// What the application made: nothing that the library has in every replica.
    private static func select(_ condition: String, _ column: String) -> String {
        """
        SELECT \(column) FROM damaged.sqlite_master WHERE \(condition) AND sql IS NOT NULL
        AND substr(name, 1, 7) <> 'sqlite_' AND substr(name, 1, 6) <> 'gemba_' AND substr(tbl_name, 1, 6) <> 'gemba_'
        AND name NOT IN (SELECT name FROM main.sqlite_master)
        """
    }

    private func copy(_ table: String, on connection: BareConnection) throws(StoreError) -> Bool {
        let definition = try connection.texts(
            "SELECT sql FROM damaged.sqlite_master WHERE type = 'table' AND name = \(SQL.literal(table))")
        let name = SQL.quoted(table)
        do {
            try connection.execute("BEGIN")
            for statement in definition { try connection.execute(statement) }
            try connection.execute("INSERT INTO main.\(name) SELECT * FROM damaged.\(name); COMMIT")
            return true
        } catch {
            try connection.execute("ROLLBACK")
            return false
        }
    }
}
