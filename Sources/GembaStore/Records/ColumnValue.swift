public import GembaCausality
public import GembaWire

/// A Swift type whose values stand in columns.
///
/// An enumeration with texts or integers for raw values becomes one by naming the protocol:
///
/// ```swift
/// enum Severity: String, ColumnValue { case low, medium, high }
/// ```
public protocol ColumnValue: Hashable, Sendable {
    /// The kind of column that takes all values of the type.
    static var columnKind: Column.Kind { get }
    /// The value as a column holds it.
    var columnValue: Value { get }
    /// Nil when the type has no such value, as when another version of the program wrote it.
    init?(columnValue: Value)
}

extension String: ColumnValue {
    /// The kind of column that takes them.
    public static var columnKind: Column.Kind { .text }
    /// The value as a column holds it.
    public var columnValue: Value { .text(self) }
    /// Nil for values of other kinds.
    public init?(columnValue: Value) {
        guard case .text(let text) = columnValue else { return nil }
        self = text
    }
}

extension Int64: ColumnValue {
    /// The kind of column that takes them.
    public static var columnKind: Column.Kind { .integer }
    /// The value as a column holds it.
    public var columnValue: Value { .integer(self) }
    /// Nil for values of other kinds.
    public init?(columnValue: Value) {
        guard case .integer(let number) = columnValue else { return nil }
        self = number
    }
}

extension Int: ColumnValue {
    /// The kind of column that takes them.
    public static var columnKind: Column.Kind { .integer }
    /// The value as a column holds it.
    public var columnValue: Value { .integer(Int64(self)) }
    /// Nil for values of other kinds.
    public init?(columnValue: Value) {
        guard case .integer(let number) = columnValue else { return nil }
        self.init(exactly: number)
    }
}

/// True is 1, false is 0.
extension Bool: ColumnValue {
    /// The kind of column that takes them.
    public static var columnKind: Column.Kind { .integer }
    /// The value as a column holds it.
    public var columnValue: Value { .integer(self ? 1 : 0) }
    /// Nil for values of other kinds.
    public init?(columnValue: Value) {
        guard case .integer(let number) = columnValue else { return nil }
        self = number != 0
    }
}

/// A column that was widened from integers holds some still.
extension Double: ColumnValue {
    /// The kind of column that takes them.
    public static var columnKind: Column.Kind { .real }
    /// The value as a column holds it.
    public var columnValue: Value { .real(self) }
    /// Nil for values of other kinds.
    public init?(columnValue: Value) {
        switch columnValue {
        case .real(let number): self = number
        case .integer(let number): self.init(exactly: number)
        default: return nil
        }
    }
}

extension [UInt8]: ColumnValue {
    /// The kind of column that takes them.
    public static var columnKind: Column.Kind { .blob }
    /// The value as a column holds it.
    public var columnValue: Value { .blob(self) }
    /// Nil for values of other kinds.
    public init?(columnValue: Value) {
        guard case .blob(let bytes) = columnValue else { return nil }
        self = bytes
    }
}

/// A reference to a row: 16 bytes, or their hexadecimal form where a set shows them.
extension RowID: ColumnValue {
    /// The kind of column that takes them.
    public static var columnKind: Column.Kind { .blob }
    /// The value as a column holds it.
    public var columnValue: Value { .blob(bytes) }
    /// Nil for values of other kinds.
    public init?(columnValue: Value) {
        switch columnValue {
        case .blob(let bytes): self.init(bytes: bytes)
        case .text(let digits): self.init(hexadecimal: digits)
        default: return nil
        }
    }
}

extension Value: ColumnValue {
    /// The kind of column that takes them.
    public static var columnKind: Column.Kind { .any }
    /// The value as a column holds it.
    public var columnValue: Value { self }
    /// Never nil.
    public init?(columnValue: Value) { self = columnValue }
}

/// Nil is null.
extension Optional: ColumnValue where Wrapped: ColumnValue {
    /// The kind of column that takes them.
    public static var columnKind: Column.Kind { Wrapped.columnKind }
    /// The value as a column holds it.
    public var columnValue: Value { self?.columnValue ?? .null }
    /// Nil for values of other kinds.
    public init?(columnValue: Value) {
        if case .null = columnValue {
            self = .none
        } else {
            guard let value = Wrapped(columnValue: columnValue) else { return nil }
            self = value
        }
    }
}

extension ColumnValue where Self: RawRepresentable, RawValue: ColumnValue {
    /// The kind of the raw values.
    public static var columnKind: Column.Kind { RawValue.columnKind }
    /// The raw value's.
    public var columnValue: Value { rawValue.columnValue }
    /// Nil when the raw value is of no case.
    public init?(columnValue: Value) {
        guard let raw = RawValue(columnValue: columnValue) else { return nil }
        self.init(rawValue: raw)
    }
}
