import GRDB
import GembaCausality
import GembaWire

/// One SQLite connection with its prepared statements.
///
/// Not `Sendable`: it belongs to the dispatch queue on which GRDB runs the connection.
final class Connection {
    let database: Database
    private let handle: OpaquePointer
    private var statements: [String: Statement] = [:]
    /// Holds on to the texts, so that no other can come to have the identity of one.
    private var texts: [ObjectIdentifier: (text: SQLText, statement: Statement)] = [:]

    init(_ database: Database) throws(StoreError) {
        guard let handle = database.sqliteConnection else {
            throw StoreError(.storageFailed, "The database connection is closed.")
        }
        self.database = database
        self.handle = handle
    }

    /// The prepared form of `sql`, kept for the life of the connection. Callers pass one of a bounded set of texts.
    func statement(_ sql: String) throws(StoreError) -> Statement {
        if let statement = statements[sql] { return statement }
        let statement = try Statement(sql, on: handle)
        statements[sql] = statement
        return statement
    }

    /// The prepared form of `sql`, kept for the life of the connection.
    func statement(_ sql: SQLText) throws(StoreError) -> Statement {
        if let known = texts[ObjectIdentifier(sql)] { return known.statement }
        let statement = try Statement(sql.text, on: handle)
        texts[ObjectIdentifier(sql)] = (sql, statement)
        return statement
    }

    /// Runs SQL that is used once.
    func execute(_ sql: String) throws { try database.execute(sql: sql) }
}
