import GRDBSQLite
import GembaCausality
import GembaWire

/// A prepared SQLite statement, used directly through the C API.
///
/// Local commits and batches run a handful of statements per row; GRDB's argument dictionaries cost several times what
/// the statement itself does. Confined to the connection that prepared it.
final class Statement {
    private let handle: OpaquePointer
    private let connection: OpaquePointer
    private let tally: WriteTally

    init(_ sql: String, on connection: OpaquePointer, counting tally: WriteTally) throws(StoreError) {
        self.connection = connection
        self.tally = tally
        var prepared: OpaquePointer?
        let code = sqlite3_prepare_v3(connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
        guard code == SQLITE_OK, let prepared else { throw SQLiteFailure.error(on: connection, sql: sql) }
        handle = prepared
    }

    deinit { sqlite3_finalize(handle) }

    // MARK: Binding, by place from 1

    @discardableResult
    func bind(_ place: Int32, _ value: Int64) -> Self {
        sqlite3_bind_int64(handle, place, value)
        return self
    }

    /// Stores the bit pattern: SQLite's integers are signed.
    @discardableResult
    func bind(_ place: Int32, _ value: UInt64) -> Self { bind(place, Int64(bitPattern: value)) }

    @discardableResult
    func bind(_ place: Int32, _ value: Int) -> Self { bind(place, Int64(value)) }

    @discardableResult
    func bind(_ place: Int32, _ bytes: [UInt8]) -> Self {
        bytes.withUnsafeBytes { bind(place, raw: $0) }
    }

    @discardableResult
    func bind(_ place: Int32, _ value: some FixedBytes) -> Self {
        value.withBytes { bind(place, raw: $0) }
    }

    /// Every statement on a row binds its id.
    @discardableResult
    func bind(_ place: Int32, _ row: RowID) -> Self {
        withUnsafeBytes(of: row.rawValue.bigEndian) { bind(place, raw: $0) }
    }

    @discardableResult
    func bind(_ place: Int32, _ text: String) -> Self {
        var text = text
        text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                _ = sqlite3_bind_text(handle, place, characters.baseAddress, Int32(characters.count), Self.copies)
            }
        }
        return self
    }

    @discardableResult
    func bind(_ place: Int32, _ value: Value) -> Self {
        switch value {
        case .null: sqlite3_bind_null(handle, place)
        case .integer(let number): sqlite3_bind_int64(handle, place, number)
        case .real(let number): sqlite3_bind_double(handle, place, number)
        case .text(let text): bind(place, text)
        case .blob(let bytes): bind(place, bytes)
        }
        return self
    }

    /// Binds a value that stays where it is until the statement has run.
    func bind(_ place: Int32, _ value: EncodedValue) {
        switch value {
        case .null: sqlite3_bind_null(handle, place)
        case .integer(let number): sqlite3_bind_int64(handle, place, number)
        case .real(let number): sqlite3_bind_double(handle, place, number)
        case .text(let bytes):
            // Nil for a destructor is SQLITE_STATIC: nothing is copied.
            let characters = bytes.assumingMemoryBound(to: CChar.self)
            sqlite3_bind_text(handle, place, characters.baseAddress, Int32(characters.count), nil)
        case .blob(let bytes):
            sqlite3_bind_blob(handle, place, bytes.baseAddress, Int32(bytes.count), nil)
        }
    }

    @discardableResult
    func bindNull(_ place: Int32) -> Self {
        sqlite3_bind_null(handle, place)
        return self
    }

    private func bind(_ place: Int32, raw bytes: UnsafeRawBufferPointer) -> Self {
        if bytes.isEmpty {
            sqlite3_bind_zeroblob(handle, place, 0)
        } else {
            sqlite3_bind_blob(handle, place, bytes.baseAddress, Int32(bytes.count), Self.copies)
        }
        return self
    }

    /// SQLITE_TRANSIENT, a C macro that Swift does not import: SQLite copies what is bound.
    static let copies = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    // MARK: Running

    /// Runs a statement that returns no rows, and makes it ready for the next run.
    ///
    /// - Throws: ``StoreError``. After an error that made SQLite take the whole transaction back, all that is still to be
    ///   written in it fails: it would be committed statement by statement.
    func run() throws(StoreError) {
        if tally.isInTransaction, sqlite3_get_autocommit(connection) != 0 { throw StoreError.transactionLost }
        let before = sqlite3_total_changes(connection)
        let code = sqlite3_step(handle)
        sqlite3_reset(handle)
        tally.add(Int(sqlite3_total_changes(connection) - before))
        guard code == SQLITE_DONE || code == SQLITE_ROW else { throw SQLiteFailure.error(on: connection) }
    }

    /// Runs a statement that may fail for a reason that is none of SQLite's; returns whether it did not.
    func succeeds(unless isExpected: () -> Bool) throws(StoreError) -> Bool {
        do {
            try run()
            return true
        } catch {
            if isExpected() { return false }
            throw error
        }
    }

    /// How many rows the connection's last statement that writes changed.
    var changes: Int { Int(sqlite3_changes(connection)) }

    /// Runs the statement and returns what `body` makes of its first row, or nil without a row.
    func first<Result>(_ body: (Statement) throws -> Result) throws -> Result? {
        defer { reset() }
        return try step() ? body(self) : nil
    }

    /// Runs the statement and calls `body` for each row until it returns false.
    func scan(while body: (Statement) throws -> Bool) throws {
        defer { reset() }
        while try step(), try body(self) {}
    }

    func forEach(_ body: (Statement) throws -> Void) throws {
        try scan(while: { row in
            try body(row)
            return true
        })
    }

    /// Moves to the next row; false at the end. For callers that read two statements side by side, which reset both.
    func step() throws -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw SQLiteFailure.error(on: connection)
        }
    }

    /// Makes a statement that was stepped ready for its next use.
    func reset() { sqlite3_reset(handle) }

    /// Whether it stands at a row, with more to come.
    var isBusy: Bool { sqlite3_stmt_busy(handle) != 0 }

    // MARK: Columns, by place from 0

    func int(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }
    func unsigned(_ column: Int32) -> UInt64 { UInt64(bitPattern: int(column)) }
    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

    func bytes(_ column: Int32) -> [UInt8] {
        withBytes(column) { Array($0) }
    }

    func withBytes<Result>(_ column: Int32, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let start = sqlite3_column_blob(handle, column)
        return body(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column))))
    }

    /// A fixed-size value, or an error when the stored bytes are not of its size.
    func fixed<Bytes: FixedBytes>(_ column: Int32, as type: Bytes.Type = Bytes.self) throws(StoreError) -> Bytes {
        let value = withBytes(column) { Bytes(bytes: $0) }
        guard let value else { throw StoreError(.corrupted, "A stored \(type) has a wrong size; run `gemba verify`.") }
        return value
    }

    func text(_ column: Int32) -> String {
        guard let start = sqlite3_column_text(handle, column) else { return "" }
        let bytes = UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))
        return String(decoding: bytes, as: UTF8.self)
    }

    func value(_ column: Int32) -> Value {
        switch sqlite3_column_type(handle, column) {
        case SQLITE_INTEGER: .integer(int(column))
        case SQLITE_FLOAT: .real(sqlite3_column_double(handle, column))
        case SQLITE_TEXT: .text(text(column))
        case SQLITE_BLOB: .blob(bytes(column))
        default: .null
        }
    }
}

enum SQLiteFailure {
    /// The connection's last error, told with what can be done about it.
    static func error(on connection: OpaquePointer, sql: String? = nil) -> StoreError {
        let code = sqlite3_extended_errcode(connection)
        if code == CheckedFile.damaged { return .damagedPage }
        let message = String(cString: sqlite3_errmsg(connection))
        let remedy =
            switch code & 0xff {
            case SQLITE_FULL: "The disk is full; nothing was written. Free some space and repeat."
            case SQLITE_IOERR: "The disk reported an error; nothing was written. Check it, then repeat."
            case SQLITE_BUSY, SQLITE_LOCKED: "Another program holds the database; repeat in a moment."
            case SQLITE_READONLY: "The database cannot be written; check its permissions."
            case SQLITE_CORRUPT, SQLITE_NOTADB: "The database file is damaged; run `gemba verify`."
            default: "SQLite failed."
            }
        let place = sql.map { " in: \($0)" } ?? ""
        return StoreError(.storageFailed, "\(remedy) SQLite says \(code): \(message)\(place)")
    }
}
