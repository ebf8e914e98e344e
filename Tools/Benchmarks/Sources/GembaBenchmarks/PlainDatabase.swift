import Foundation
import GRDBSQLite

/// The baseline: the same rows in the same kind of file, written by the C API alone.
final class PlainDatabase {
    private var handle: OpaquePointer?
    private var insertion: OpaquePointer?
    private var change: OpaquePointer?
    private let copies = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    init(path: String) {
        guard sqlite3_open(path, &handle) == SQLITE_OK else { fatalError("cannot open \(path)") }
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = FULL")
        run("PRAGMA wal_autocheckpoint = 10000")
        run(
            """
            CREATE TABLE ticket (
                id BLOB NOT NULL PRIMARY KEY, title TEXT, body TEXT, state TEXT, asset TEXT, area TEXT, reporter TEXT,
                created INTEGER, updated INTEGER, due INTEGER
            ) STRICT, WITHOUT ROWID
            """)
        run("CREATE INDEX ticket_state ON ticket (state)")
        run("CREATE INDEX ticket_asset ON ticket (asset)")
        sqlite3_prepare_v2(
            handle, "INSERT INTO ticket VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", -1, &insertion, nil)
        sqlite3_prepare_v2(handle, "UPDATE ticket SET title = ? WHERE id = ?", -1, &change, nil)
    }

    deinit {
        sqlite3_finalize(insertion)
        sqlite3_finalize(change)
        sqlite3_close(handle)
    }

    func run(_ sql: String) {
        guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else {
            fatalError("\(sql): \(String(cString: sqlite3_errmsg(handle)))")
        }
    }

    /// Inserts tickets in one transaction.
    func insert(_ tickets: ArraySlice<SampleTicket>) {
        run("BEGIN IMMEDIATE")
        for ticket in tickets {
            _ = ticket.id.withUnsafeBytes { sqlite3_bind_blob(insertion, 1, $0.baseAddress, 16, copies) }
            for (index, text) in ticket.texts.enumerated() {
                sqlite3_bind_text(insertion, Int32(index + 2), text, Int32(text.utf8.count), copies)
            }
            for (index, time) in ticket.times.enumerated() {
                sqlite3_bind_int64(insertion, Int32(index + 8), time)
            }
            guard sqlite3_step(insertion) == SQLITE_DONE else { fatalError(String(cString: sqlite3_errmsg(handle))) }
            sqlite3_reset(insertion)
        }
        run("COMMIT")
    }

    /// Sets the titles of tickets in one transaction.
    func update(_ tickets: ArraySlice<SampleTicket>, title: String) {
        run("BEGIN IMMEDIATE")
        for ticket in tickets {
            sqlite3_bind_text(change, 1, title, Int32(title.utf8.count), copies)
            _ = ticket.id.withUnsafeBytes { sqlite3_bind_blob(change, 2, $0.baseAddress, 16, copies) }
            guard sqlite3_step(change) == SQLITE_DONE else { fatalError(String(cString: sqlite3_errmsg(handle))) }
            sqlite3_reset(change)
        }
        run("COMMIT")
    }
}
