import CSQLite
import GRDB
import GRDBSQLite
import GembaCausality
import GembaWire

/// One SQLite connection with its prepared statements.
///
/// Not `Sendable`: it belongs to the dispatch queue on which GRDB runs the connection.
final class Connection {
    let database: Database
    private let handle: OpaquePointer
    /// How many rows the statements of this connection have changed, apart from those that others ran on it.
    let tally = WriteTally()
    private var statements: [String: Statement] = [:]
    private var updates: [UpdateKey: Statement] = [:]
    /// Holds on to the texts, so that no other can come to have the identity of one.
    private var texts: [ObjectIdentifier: (text: SQLText, statement: Statement)] = [:]
    private var lastText: (text: SQLText, statement: Statement)?

    /// Settles rows inside the statements of ``update(_:columns:)``.
    private(set) lazy var settler = RowSettler()
    private var hasSettler = false

    init(_ database: Database) throws(StoreError) {
        guard let handle = database.sqliteConnection else {
            throw StoreError(.storageFailed, "The database connection is closed.")
        }
        self.database = database
        self.handle = handle
    }

    /// The prepared form of `sql`, kept for the life of the connection. Callers pass one of a bounded set of texts.
    func statement(_ sql: String) throws(StoreError) -> Statement {
        if let statement = statements[sql] { return try unused(statement, sql) }
        let statement = try Statement(sql, on: handle, counting: tally)
        statements[sql] = statement
        return statement
    }

    /// The prepared form of `sql`, kept for the life of the connection.
    func statement(_ sql: SQLText) throws(StoreError) -> Statement {
        // Mostly the same is done to many rows.
        if let lastText, lastText.text === sql { return try unused(lastText.statement, sql.text) }
        if let known = texts[ObjectIdentifier(sql)] {
            lastText = known
            return try unused(known.statement, sql.text)
        }
        let statement = try Statement(sql.text, on: handle, counting: tally)
        texts[ObjectIdentifier(sql)] = (sql, statement)
        return statement
    }

    /// A statement, or where its rows are just being read another of the same text: what is done for a row may ask the same.
    private func unused(_ statement: Statement, _ sql: String) throws(StoreError) -> Statement {
        statement.isBusy ? try Statement(sql, on: handle, counting: tally) : statement
    }

    /// The statement that updates some columns of a table. Which columns are written together is up to the application; the
    /// statements are kept as long as there are not too many.
    func update(_ layout: TableLayout, columns: [Int]) throws(StoreError) -> Statement {
        let key = UpdateKey(layout: ObjectIdentifier(layout), columns: columns)
        // Mostly the same columns of many rows are written.
        if let last = lastUpdate, last.key == key { return last.statement }
        let statement = try knownUpdate(key, of: layout)
        lastUpdate = (key, statement)
        return statement
    }

    private func knownUpdate(_ key: UpdateKey, of layout: TableLayout) throws(StoreError) -> Statement {
        if let statement = updates[key] { return statement }
        if !hasSettler {
            try settler.install(on: handle)
            hasSettler = true
        }
        let statement = try Statement(layout.update(columns: key.columns), on: handle, counting: tally)
        if updates.count == Self.greatestUpdates { updates.removeAll() }
        updates[key] = statement
        return statement
    }

    private var lastUpdate: (key: UpdateKey, statement: Statement)?

    private struct UpdateKey: Hashable {
        var layout: ObjectIdentifier
        var columns: [Int]
    }

    private static let greatestUpdates = 256

    /// How many rows anybody has changed on this connection since it was opened.
    var totalChanges: Int { Int(sqlite3_total_changes(handle)) }

    /// Runs `body` in a transaction that only reads, so that all that it reads is of one moment.
    func inSnapshot<Result>(_ body: () throws -> Result) throws -> Result {
        try statement(Self.begin).run()
        // What only read ends alike by either; this one cannot be refused.
        defer { try? statement(Self.end).run() }
        return try body()
    }

    private static let begin = SQLText("BEGIN")
    private static let end = SQLText("ROLLBACK")

    /// Runs SQL that is used once.
    func execute(_ sql: String) throws { try database.execute(sql: sql) }
}

/// What a connection and its statements share.
final class WriteTally {
    /// How many rows the statements changed.
    private(set) var rows = 0
    /// Whether a write transaction was begun and has not ended.
    var isInTransaction = false

    func add(_ count: Int) { rows += count }
}

extension Configuration {
    /// For the library's own connections: the guards of replicated tables are there for everybody else.
    static var withoutTriggers: Configuration {
        var configuration = Configuration()
        configuration.prepareDatabase { database in
            guard let connection = database.sqliteConnection, gemba_sqlite_disable_triggers(connection) == 0 else {
                throw StoreError(.storageFailed, "The database connection cannot be set up.")
            }
        }
        return configuration
    }
}
