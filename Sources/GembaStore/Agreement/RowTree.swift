import Foundation
import GRDB
import GembaCausality
import GembaWire

/// A Merkle tree over the merge states of all rows, in a transaction on the file that holds it.
///
/// Leaves are rows at their places (``RowKey/place``); nodes are ranges (``RowRange``). The digest of a range is made when it
/// is asked for, and kept until a row in it changes. A range of at most 64 rows is a hash of theirs, a greater one of the
/// sixteen that it consists of, so that the shape follows from the set of rows alone.
///
/// For n rows: a row that changes makes some log16(n / 64) + 1 digests void, and asking for the root then makes as many
/// again, each by hashing at most a kilobyte.
struct RowTree {
    private let database: Database
    /// How many digests of ranges were made.
    private(set) var hashCount = 0

    static let tables = """
        CREATE TABLE tree_row (
            place INTEGER NOT NULL, tbl INTEGER NOT NULL, row BLOB NOT NULL, digest BLOB NOT NULL,
            PRIMARY KEY (place, tbl, row)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE tree_node (range BLOB PRIMARY KEY, digest BLOB NOT NULL) STRICT, WITHOUT ROWID;
        """

    init(_ database: Database) { self.database = database }

    static func create(in database: Database) throws {
        if try database.tableExists("tree_progress") {
            let columns = try database.columns(in: "tree_progress").map(\.name)
            if columns.contains("branches") { return }
            try database.execute(sql: "DROP TABLE tree_row; DROP TABLE tree_node; DROP TABLE tree_progress")
        }
        try database.execute(sql: tables)
        try database.execute(sql: RowTreeProgress.table)
    }

    // MARK: - Rows

    /// Has a row stand in the tree with a digest, or not at all.
    ///
    /// - Returns: whether that is news.
    @discardableResult
    func put(_ key: RowKey, _ digest: RowDigest?) throws -> Bool {
        let place = Self.stored(key.place)
        let arguments: StatementArguments = [place, Int64(key.table.rawValue), key.row]
        let known = try Data.fetchOne(
            database.cachedStatement(sql: "SELECT digest FROM tree_row WHERE place = ? AND tbl = ? AND row = ?"),
            arguments: arguments)
        guard known != digest.map({ Data($0.bytes) }) else { return false }
        if let digest {
            try database.cachedStatement(sql: "INSERT OR REPLACE INTO tree_row VALUES (?, ?, ?, ?)")
                .execute(arguments: arguments + [Data(digest.bytes)])
        } else {
            try database.cachedStatement(sql: "DELETE FROM tree_row WHERE place = ? AND tbl = ? AND row = ?")
                .execute(arguments: arguments)
        }
        return true
    }

    /// Forgets the digests of all ranges in which one of the rows lies.
    func invalidate(_ keys: some Sequence<RowKey>) throws {
        let depth = try Int.fetchOne(database, sql: "SELECT max(length(range)) FROM tree_node") ?? 0
        let ranges = Set(keys.flatMap { key in (0...depth).map { RowRange(of: key.place, count: $0) } })
        let delete = try database.cachedStatement(sql: "DELETE FROM tree_node WHERE range = ?")
        for range in ranges { try delete.execute(arguments: [Data(range.digits)]) }
    }

    /// Forgets all.
    func removeAll() throws { try database.execute(sql: "DELETE FROM tree_row; DELETE FROM tree_node") }

    func count() throws -> Int { try Int.fetchOne(database, sql: "SELECT count(*) FROM tree_row") ?? 0 }

    /// The rows of a range, sorted by name, at most so many.
    func rows(in range: RowRange, atMost limit: Int) throws -> [RowKey] {
        let statement = try database.cachedStatement(
            sql: "SELECT tbl, row FROM tree_row WHERE place BETWEEN ? AND ? LIMIT ?")
        return try Row.fetchAll(statement, arguments: Self.bounds(of: range) + [limit]).map { row in
            RowKey(
                table: TableID(rawValue: UInt32(truncatingIfNeeded: row[0] as Int64)), row: try row.decode(atIndex: 1))
        }.sorted()
    }

    /// Whether a range is compared row by row.
    func isLeaf(_ range: RowRange) throws -> Bool {
        if range.count == RowRange.greatestCount { return true }
        return try rows(in: range, atMost: Limits.rangeRows + 1).count <= Limits.rangeRows
    }

    // MARK: - Ranges

    /// The digest of a range.
    mutating func digest(of range: RowRange) throws -> RowDigest {
        let name = Data(range.digits)
        let known = try database.cachedStatement(sql: "SELECT digest FROM tree_node WHERE range = ?")
        if let bytes = try Data.fetchOne(known, arguments: [name]), let digest = RowDigest(bytes: bytes) {
            return digest
        }
        let digest = try makeDigest(of: range)
        hashCount += 1
        try database.cachedStatement(sql: "INSERT INTO tree_node VALUES (?, ?)")
            .execute(arguments: [name, Data(digest.bytes)])
        return digest
    }

    private mutating func makeDigest(of range: RowRange) throws -> RowDigest {
        let isWhole = range.count == RowRange.greatestCount
        let statement = try database.cachedStatement(
            sql: "SELECT digest FROM tree_row WHERE place BETWEEN ? AND ? ORDER BY place, tbl, row LIMIT ?")
        let limit = isWhole ? -1 : Limits.rangeRows + 1
        let rows = try Data.fetchAll(statement, arguments: Self.bounds(of: range) + [limit]).compactMap(
            RowDigest.init(bytes:))
        if isWhole || rows.count <= Limits.rangeRows { return RowDigest(ofRows: rows) }
        var children: [RowDigest] = []
        for child in range.children { children.append(try digest(of: child)) }
        return RowDigest(ofChildren: children)
    }

    // MARK: - Stored form

    /// A place as an integer of SQLite, which sorts alike.
    private static func stored(_ place: UInt64) -> Int64 { Int64(bitPattern: place ^ 1 << 63) }

    private static func bounds(of range: RowRange) -> StatementArguments {
        [stored(range.places.lowerBound), stored(range.places.upperBound)]
    }
}
