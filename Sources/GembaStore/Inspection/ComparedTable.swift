import Foundation
import GRDB
import GembaCausality
import GembaWire

/// A table as it is stored, side by side with the same table made anew.
struct ComparedTable {
    let name: String
    /// The columns to compare, in SQL.
    let columns: String
    /// The columns of the primary key.
    let key: [String]

    /// A row that is not the same on both sides.
    struct Difference {
        /// What is stored; nil when the row is missing.
        var stored: Row?
        /// What it should be; nil when there should be no such row.
        var made: Row?

        private var id: Data? { (stored ?? made).flatMap { ($0["id"] ?? $0["row"]) as Data? } }

        /// The row that it is about.
        var row: RowID? { id.flatMap { RowID(bytes: $0) } }
        /// The same, for people.
        var rowName: String { id.map { Hexadecimal.encode($0) } ?? "?" }
    }

    /// Calls `report` with every difference.
    ///
    /// - Returns: how many rows there are.
    func compare(
        _ stored: Database, with made: Database, report: (Difference) throws -> Void
    ) throws -> Int {
        let sql = "SELECT \(columns) FROM \(SQL.quoted(name)) ORDER BY \(key.map(SQL.quoted).joined(separator: ", "))"
        let (left, right) = (try Row.fetchCursor(stored, sql: sql), try Row.fetchCursor(made, sql: sql))
        var (have, want) = (try left.next(), try right.next())
        var count = 0
        while have != nil || want != nil {
            count += 1
            let order = Self.order(have.map(place), want.map(place))
            if order == .orderedSame {
                if let have, let want, have != want { try report(Difference(stored: have.copy(), made: want.copy())) }
                (have, want) = (try left.next(), try right.next())
            } else if order == .orderedAscending {
                try report(Difference(stored: have?.copy(), made: nil))
                have = try left.next()
            } else {
                try report(Difference(stored: nil, made: want?.copy()))
                want = try right.next()
            }
        }
        return count
    }

    /// The key of a row in a form that sorts as SQLite does.
    private func place(_ row: Row) -> [UInt8] {
        key.flatMap { column -> [UInt8] in
            switch (row[column] as DatabaseValue).storage {
            case .int64(let number):
                withUnsafeBytes(of: (UInt64(bitPattern: number) ^ (1 << 63)).bigEndian) { Array($0) }
            case .blob(let data): Array(data)
            default: []
            }
        }
    }

    private static func order(_ left: [UInt8]?, _ right: [UInt8]?) -> ComparisonResult {
        guard let left else { return .orderedDescending }
        guard let right else { return .orderedAscending }
        if left == right { return .orderedSame }
        return left.lexicographicallyPrecedes(right) ? .orderedAscending : .orderedDescending
    }

    /// Stores what should be there.
    func replace(_ difference: Difference, in database: Database) throws {
        if let stored = difference.stored {
            let condition = key.map { "\(SQL.quoted($0)) = ?" }.joined(separator: " AND ")
            try database.execute(
                sql: "DELETE FROM \(SQL.quoted(name)) WHERE \(condition)",
                arguments: StatementArguments(key.map { stored[$0] as DatabaseValue }))
        }
        if let made = difference.made {
            let names = made.columnNames.map(SQL.quoted).joined(separator: ", ")
            let marks = Array(repeating: "?", count: made.count).joined(separator: ", ")
            try database.execute(
                sql: "INSERT INTO \(SQL.quoted(name)) (\(names)) VALUES (\(marks))",
                arguments: StatementArguments(made.databaseValues))
        }
    }
}
