import Foundation
import GRDB
import GembaCausality
import GembaWire

/// How far the index of a replica has come. It is stored with the index, in the transactions that extend it.
struct SearchProgress: Hashable, Sendable {
    /// The changes up to here are in the index.
    var place: LogPlace
    /// While all rows are read for the first time, the last one that was; changes after ``place`` come later.
    var scan: Scan?

    struct Scan: Hashable, Sendable {
        /// The place of the table in the index.
        var table: Int
        /// The last row that was read of it; nil before the first.
        var row: RowID?
    }

    static let table = """
        CREATE TABLE search_progress (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            declaration TEXT NOT NULL,
            position INTEGER NOT NULL,
            replica BLOB, sequence INTEGER, prefix BLOB,
            scanned_table INTEGER, scanned_row BLOB
        ) STRICT
        """

    /// The beginning: everything is to be read, and whatever changes after a place.
    init(scanningFrom place: LogPlace) {
        self.place = place
        scan = Scan(table: 0, row: nil)
    }

    // MARK: - Stored form

    /// Reads what is stored for a declaration; nil when the index is of something else.
    init?(_ database: Database, declaration: String) throws {
        let sql = "SELECT * FROM search_progress WHERE declaration = ?"
        guard let row = try Row.fetchOne(database, sql: sql, arguments: [declaration]) else { return nil }
        place = LogPlace(position: row["position"])
        if let replica = (row["replica"] as Data?).flatMap({ ReplicaID(bytes: $0) }),
            let prefix = (row["prefix"] as Data?).flatMap({ HashPrefix(bytes: $0) })
        {
            place.entry = ChangeReference(
                replica: replica, sequence: UInt64(row["sequence"] as Int64), prefix: prefix)
        }
        if let table: Int = row["scanned_table"] { scan = Scan(table: table, row: row["scanned_row"]) }
    }

    func save(in database: Database, declaration: String) throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO search_progress VALUES (1, ?, ?, ?, ?, ?, ?, ?)",
            arguments: [
                declaration, place.position, place.entry.map { Data($0.replica.bytes) },
                place.entry.map { Int64($0.sequence) }, place.entry.map { Data($0.prefix.bytes) }, scan?.table,
                scan?.row,
            ])
    }
}

/// A place in the apply order of the data logs, with the entry that stands there: the same place of another history, as after
/// a backup was restored, is not equal.
struct LogPlace: Hashable, Sendable {
    var position: Int64
    /// Nil where nothing stands, as at 0.
    var entry: ChangeReference?

    init(position: Int64, entry: ChangeReference? = nil) {
        self.position = position
        self.entry = entry
    }
}

extension LogStore {
    /// The place of the newest data entry.
    func lastPlace() throws -> LogPlace {
        guard let last = try lastStretch(of: .data) else { return LogPlace(position: 0) }
        return LogPlace(
            position: last.end - 1,
            entry: try tip(number: last.replica).map {
                // By its name here, which stays when a fork is found.
                ChangeReference(replica: $0.replica, sequence: $0.sequence, prefix: $0.hash.prefix)
            })
    }

    /// The place at a position.
    func place(at position: Int64) throws -> LogPlace {
        var place = LogPlace(position: position)
        if position == 0 { return place }
        try scanEntries(of: .data, after: position - 1) { stretch, segment, sequence in
            if stretch.position(of: sequence) == position {
                place.entry = ChangeReference(
                    replica: try numbers.replica(stretch.replica, on: connection), sequence: sequence,
                    prefix: segment.record(sequence).prefix)
            }
            return false
        }
        return place
    }
}
