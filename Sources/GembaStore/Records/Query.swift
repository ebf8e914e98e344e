import GRDB
public import GembaCausality
import GembaWire

/// Rows of a table as instances of a Swift type: a value that can be kept, passed on and observed.
///
/// ```swift
/// extension Part {
///     static let onTop = Part.matching(\.shelf > 2).sorted(by: \.name)
/// }
/// for try await parts in replica.observe(Part.onTop) { show(parts) }
/// ```
public struct Query<Record: Replicated>: Sendable {
    private var condition: RowCondition<Record>?
    private var order: [String] = []
    private var limit: Int?

    init(_ condition: RowCondition<Record>?) { self.condition = condition }

    init(row: RowID) { condition = RowCondition("id = ?", [row.columnValue]) }

    /// Sorted by a property, after what it was sorted by before; rows that are equal in all stand in the order of their ids.
    public func sorted(by property: PartialKeyPath<Record>, descending: Bool = false) -> Query {
        var query = self
        query.order.append(SQL.quoted(Record.declaration.column(of: property)) + (descending ? " DESC" : ""))
        return query
    }

    /// The first rows only.
    public func limited(to count: Int) -> Query {
        var query = self
        query.limit = count
        return query
    }

    private var source: String {
        "FROM \(SQL.quoted(Record.declaration.table.name))" + (condition.map { " WHERE \($0.sql)" } ?? "")
    }

    private var arguments: StatementArguments { StatementArguments(condition?.arguments ?? []) }

    func fetchAll(_ database: Database) throws -> [Record] {
        let order = (order + ["id"]).joined(separator: ", ")
        let statement = try database.cachedStatement(
            sql: "SELECT \(Record.declaration.selection) \(source) ORDER BY \(order) LIMIT \(limit ?? -1)")
        let rows = try Row.fetchCursor(statement, arguments: arguments)
        var records: [Record] = []
        while let row = try rows.next() { records.append(Record(positional: row)) }
        return records
    }

    func fetchCount(_ database: Database) throws -> Int {
        let sql = "SELECT count(*) FROM (SELECT 1 \(source) LIMIT \(limit ?? -1))"
        return try Int.fetchOne(database.cachedStatement(sql: sql), arguments: arguments) ?? 0
    }
}

extension Replicated {
    /// All rows.
    public static var everything: Query<Self> { Query(nil) }

    /// The rows of which a condition holds.
    public static func matching(_ condition: RowCondition<Self>) -> Query<Self> { Query(condition) }
}

extension RowReader {
    /// The rows of a query.
    public func fetch<Record: Replicated>(_ query: Query<Record>) throws -> [Record] { try query.fetchAll(database) }
}

extension Replica {
    /// The rows of a query.
    public func fetch<Record: Replicated>(_ query: Query<Record>) throws -> [Record] { try read(query.fetchAll) }

    /// A row, or nil when it is not there.
    public func fetch<Record: Replicated>(_ type: Record.Type, _ row: RowID) throws -> Record? {
        try fetch(Query<Record>(row: row)).first
    }

    /// What a reader of the row sees now, to pass with a later update.
    public func version<Record: Replicated>(of record: Record) throws -> VersionToken {
        try readRows { try $0.version(of: record.id, in: Record.declaration.table.name) }
    }

    /// How many rows a query has.
    public func count<Record: Replicated>(_ query: Query<Record>) throws -> Int { try read(query.fetchCount) }

    /// The rows of a query: at once, then whenever they differ, whoever made the change. See ``observe(_:)``.
    public func observe<Record: Replicated>(_ query: Query<Record>) -> AsyncThrowingStream<[Record], any Error> {
        observe { try query.fetchAll($0) }
    }
}
