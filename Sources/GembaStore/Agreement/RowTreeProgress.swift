import Foundation
import GRDB
import GembaCausality
import GembaWire

/// How far the tree of rows has come. It is stored with the tree, in the transactions that extend it.
struct RowTreeProgress: Hashable, Sendable {
    /// The changes up to here are in the tree.
    var place: LogPlace
    /// How many paths of forked logs had names of their own when the digests were made, which name changes by them.
    var branches: Int
    /// While all rows are read, how far that is; changes after ``place`` come later.
    var scan: Scan?

    struct Scan: Hashable, Sendable {
        /// The last row that was read; nil before the first.
        var last: RowKey?
        /// How many rows were read.
        var count = 0
    }

    /// Raised when digests are made in another way.
    private static let version = 2

    static let table = """
        CREATE TABLE tree_progress (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            version INTEGER NOT NULL,
            position INTEGER NOT NULL,
            branches INTEGER NOT NULL,
            replica BLOB, sequence INTEGER, prefix BLOB,
            scanned INTEGER, scanned_table INTEGER, scanned_row BLOB
        ) STRICT
        """

    /// The beginning: everything is to be read, and whatever changes after a place.
    init(scanningFrom place: LogPlace, branches: Int) {
        self.place = place
        self.branches = branches
        scan = Scan()
    }

    // MARK: - Stored form

    /// Reads what is stored; nil when nothing is, or by another version.
    init?(_ database: Database) throws {
        let sql = "SELECT * FROM tree_progress WHERE version = ?"
        guard let row = try Row.fetchOne(database, sql: sql, arguments: [Self.version]) else { return nil }
        place = LogPlace(position: row["position"])
        branches = row["branches"]
        if let replica = (row["replica"] as Data?).flatMap({ ReplicaID(bytes: $0) }),
            let prefix = (row["prefix"] as Data?).flatMap({ HashPrefix(bytes: $0) })
        {
            place.entry = ChangeReference(
                replica: replica, sequence: UInt64(row["sequence"] as Int64), prefix: prefix)
        }
        guard let count: Int = row["scanned"] else { return }
        scan = Scan(count: count)
        if let table: Int64 = row["scanned_table"], let last: RowID = row["scanned_row"] {
            scan?.last = RowKey(table: TableID(rawValue: UInt32(truncatingIfNeeded: table)), row: last)
        }
    }

    func save(in database: Database) throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO tree_progress VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            arguments: [
                Self.version, place.position, branches, place.entry.map { Data($0.replica.bytes) },
                place.entry.map { Int64($0.sequence) }, place.entry.map { Data($0.prefix.bytes) }, scan?.count,
                (scan?.last).map { Int64($0.table.rawValue) }, scan?.last?.row,
            ])
    }
}
