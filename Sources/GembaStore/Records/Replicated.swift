public import GRDB
public import GembaCausality
import GembaWire

/// A Swift type whose instances are rows of a replicated table.
///
/// ```swift
/// struct Part: Replicated {
///     var id = RowID.unassigned
///     var name = ""
///     var shelf: Int?
///     var labels: Set<String> = []
///     var stock = 0
///
///     static let declaration = Declaration<Part>(1, "part", [
///         .register(1, "name", \.name),
///         .register(2, "shelf", \.shelf),
///         .set(3, "labels", \.labels),
///         .counter(4, "stock", \.stock),
///     ])
/// }
///
/// let shop = Schema(version: 1, tables: [Part.declaration.table])
/// ```
///
/// A property that nobody wrote, or whose value the type cannot take because a later version of the program wrote it,
/// has the value that `init()` gives.
///
/// To read it with any SQL, make it a record of GRDB as well; nothing is left to implement:
///
/// ```swift
/// extension Part: FetchableRecord, TableRecord {}
/// let parts = try replica.read { try Part.fetchAll($0, sql: "SELECT * FROM part WHERE …") }
/// ```
public protocol Replicated: Hashable, Sendable, Identifiable {
    /// The table, and which column goes with which property.
    static var declaration: Declaration<Self> { get }
    /// The row; ``GembaCausality/RowID/unassigned`` until it is inserted.
    var id: RowID { get set }
    /// Creates a row of which nothing is known.
    init()
}

extension RowID {
    /// Stands for the id of a row that is not inserted yet.
    public static let unassigned = RowID(rawValue: 0)
}

extension TableRecord where Self: Replicated {
    /// The name of the table in SQL.
    public static var databaseTableName: String { declaration.table.name }

    /// The id and the columns of the properties.
    public static var databaseSelection: [any SQLSelectable] {
        declaration.columnNames.map { GRDB.Column($0) }
    }
}

extension FetchableRecord where Self: Replicated {
    /// Reads a row in which the columns have their names.
    public init(row: Row) throws {
        self.init()
        id = row["id"] ?? .unassigned
        for field in Self.declaration.fields where row.hasColumn(field.name) {
            field.take(row[field.name] ?? .null, &self)
        }
    }
}

extension Replicated {
    /// Reads a row that has ``Declaration/columnNames`` in their order.
    init(positional row: Row) {
        self.init()
        id = row[0] ?? .unassigned
        for (place, field) in Self.declaration.fields.enumerated() { field.take(row[place + 1] ?? .null, &self) }
    }
}
