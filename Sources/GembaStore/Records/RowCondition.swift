import GRDB
import GembaCausality
import GembaWire

/// What must hold of the rows of a ``Query``.
///
/// ```swift
/// Part.matching(\.shelf > 2 && \.aisle == "A")
/// Part.matching(.sql("name LIKE ?", "label%"))
/// ```
public struct RowCondition<Record: Replicated>: Sendable {
    let sql: String
    let arguments: [Value]

    init(_ sql: String, _ arguments: [Value]) {
        self.sql = sql
        self.arguments = arguments
    }

    /// Any condition that SQL can state, with a question mark for each argument.
    public static func sql(_ sql: String, _ arguments: any ColumnValue...) -> RowCondition {
        RowCondition("(\(sql))", arguments.map(\.columnValue))
    }

    fileprivate init(_ property: PartialKeyPath<Record>, _ comparison: String, _ value: some ColumnValue) {
        let column = SQL.quoted(Record.declaration.column(of: property))
        self.init("\(column) \(comparison) ?", [value.columnValue])
    }

    /// Both hold.
    public static func && (left: RowCondition, right: RowCondition) -> RowCondition {
        RowCondition("(\(left.sql) AND \(right.sql))", left.arguments + right.arguments)
    }

    /// At least one holds.
    public static func || (left: RowCondition, right: RowCondition) -> RowCondition {
        RowCondition("(\(left.sql) OR \(right.sql))", left.arguments + right.arguments)
    }

    /// It does not hold.
    public static prefix func ! (condition: RowCondition) -> RowCondition {
        RowCondition("NOT \(condition.sql)", condition.arguments)
    }
}

// Null equals null, and no other comparison holds for it, as in Swift and SQL respectively.

/// The property has the value; nil where nothing is written.
public func == <Record: Replicated, Property: ColumnValue>(
    property: KeyPath<Record, Property>, value: Property
) -> RowCondition<Record> { RowCondition(property, "IS", value) }

/// The property has another value.
public func != <Record: Replicated, Property: ColumnValue>(
    property: KeyPath<Record, Property>, value: Property
) -> RowCondition<Record> { RowCondition(property, "IS NOT", value) }

/// The property comes before the value, as SQLite orders them.
public func < <Record: Replicated, Property: ColumnValue>(
    property: KeyPath<Record, Property>, value: Property
) -> RowCondition<Record> { RowCondition(property, "<", value) }

/// The property comes before the value or is equal to it, as SQLite orders them.
public func <= <Record: Replicated, Property: ColumnValue>(
    property: KeyPath<Record, Property>, value: Property
) -> RowCondition<Record> { RowCondition(property, "<=", value) }

/// The property comes after the value, as SQLite orders them.
public func > <Record: Replicated, Property: ColumnValue>(
    property: KeyPath<Record, Property>, value: Property
) -> RowCondition<Record> { RowCondition(property, ">", value) }

/// The property comes after the value or is equal to it, as SQLite orders them.
public func >= <Record: Replicated, Property: ColumnValue>(
    property: KeyPath<Record, Property>, value: Property
) -> RowCondition<Record> { RowCondition(property, ">=", value) }

extension KeyPath {
    /// The set that the property is has an element.
    public func contains<Element: ColumnValue>(_ element: Element) -> RowCondition<Root>
    where Root: Replicated, Value == Set<Element> {
        let column = SQL.quoted(Root.declaration.column(of: self))
        // A set shows bytes in hexadecimal.
        let shown: GembaWire.Value =
            if case .blob(let bytes) = element.columnValue { .text(Hexadecimal.encode(bytes)) } else {
                element.columnValue
            }
        return RowCondition("? IN (SELECT value FROM json_each(\(column)))", [shown])
    }
}
