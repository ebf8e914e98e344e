public import GembaWire

/// A column of a replicated table.
///
/// The column's name is local: another application, or another version of this one, may name it otherwise. What is
/// replicated is the number of its group and its place in the group.
public struct Column: Hashable, Sendable {
    /// Which values fit.
    public enum Kind: String, Hashable, Sendable {
        case text = "TEXT"
        case integer = "INTEGER"
        case real = "REAL"
        case blob = "BLOB"
        /// Any canonical value.
        case any = "ANY"

        /// Whether a column of this kind takes `value`; null always fits.
        public func accepts(_ value: Value) -> Bool {
            switch (self, value) {
            case (_, .null), (.any, _), (.text, .text), (.integer, .integer), (.real, .real), (.blob, .blob): true
            default: false
            }
        }
    }

    /// The name in SQL.
    public var name: String
    /// Which values fit.
    public var kind: Kind
    /// What a reader sees where nobody has written; it is not itself written.
    public var defaultValue: Value

    /// Creates a column.
    public init(_ name: String, _ kind: Kind, default defaultValue: Value = .null) {
        self.name = name
        self.kind = kind
        self.defaultValue = defaultValue
    }

    /// A column of texts.
    public static func text(_ name: String, default value: Value = .null) -> Column {
        Column(name, .text, default: value)
    }

    /// A column of 64-bit integers.
    public static func integer(_ name: String, default value: Value = .null) -> Column {
        Column(name, .integer, default: value)
    }

    /// A column of finite reals.
    public static func real(_ name: String, default value: Value = .null) -> Column {
        Column(name, .real, default: value)
    }

    /// A column of bytes.
    public static func blob(_ name: String, default value: Value = .null) -> Column {
        Column(name, .blob, default: value)
    }

    /// A column of whatever is written.
    public static func any(_ name: String, default value: Value = .null) -> Column {
        Column(name, .any, default: value)
    }

    /// Whether `value` can be stored in the column; null always can.
    public func accepts(_ value: Value) -> Bool { kind.accepts(value) }
}
