import GRDBSQLite

/// A connection of our own to a database, beside GRDB's: for what has to see a file as it is, or to write it as a whole.
///
/// Not `Sendable`: it belongs to whoever opened it, and is closed with it.
final class BareConnection {
    let handle: OpaquePointer

    /// How long others are waited for, in milliseconds.
    private static let busyTimeout: CInt = 10_000

    init(_ path: String, _ trust: CheckedFiles.Trust) throws(StoreError) {
        _ = try CheckedFiles.watch(path)
        var handle: OpaquePointer?
        let code = sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX, trust.name)
        guard code == SQLITE_OK, let handle else {
            let error = handle.map { SQLiteFailure.error(on: $0) }
            sqlite3_close(handle)
            throw error ?? StoreError(.storageFailed, "The database \(path) cannot be opened.")
        }
        self.handle = handle
        sqlite3_extended_result_codes(handle, 1)
        sqlite3_busy_timeout(handle, Self.busyTimeout)
    }

    deinit { sqlite3_close_v2(handle) }

    func execute(_ sql: String) throws(StoreError) {
        guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else {
            throw SQLiteFailure.error(on: handle, sql: sql)
        }
    }

    /// Has all changes of layout that need it leave room for checksums.
    func reserveChecksums() throws(StoreError) { try Self.reserveChecksums(on: handle) }

    static func reserveChecksums(on handle: OpaquePointer) throws(StoreError) {
        var bytes = CInt(PageChecksum.bytes)
        guard sqlite3_file_control(handle, "main", SQLITE_FCNTL_RESERVE_BYTES, &bytes) == SQLITE_OK else {
            throw StoreError(.storageFailed, "This SQLite leaves no room for checksums; version 3.32 or later does.")
        }
    }

    /// Copies all pages from the write-ahead log to the file and empties it.
    func truncateLog() throws(StoreError) {
        guard sqlite3_wal_checkpoint_v2(handle, "main", SQLITE_CHECKPOINT_TRUNCATE, nil, nil) == SQLITE_OK else {
            throw SQLiteFailure.error(on: handle)
        }
    }
}

// MARK: - Reading

extension BareConnection {
    /// The number that a query answers.
    func integer(_ sql: String) throws(StoreError) -> Int64 {
        var number: Int64 = 0
        try forEach(sql) { number = sqlite3_column_int64($0, 0) }
        return number
    }

    /// The texts that a query answers.
    func texts(_ sql: String) throws(StoreError) -> [String] {
        var texts: [String] = []
        try forEach(sql) { row in
            if let text = sqlite3_column_text(row, 0) { texts.append(String(cString: text)) }
        }
        return texts
    }

    private func forEach(_ sql: String, _ body: (OpaquePointer) -> Void) throws(StoreError) {
        var statement: OpaquePointer?
        guard sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK, let statement else {
            throw SQLiteFailure.error(on: handle, sql: sql)
        }
        defer { sqlite3_finalize(statement) }
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: body(statement)
            case SQLITE_DONE: return
            default: throw SQLiteFailure.error(on: handle, sql: sql)
            }
        }
    }
}
