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
        public func accepts(_ value: Value) -> Bool { Domain(self).contains(value) }
    }

    /// The name in SQL.
    public var name: String
    /// Which values fit.
    public var kind: Kind
    /// What the column took in earlier versions of the program and takes on: such values are still there, and stations that
    /// run those versions go on writing them.
    public var earlierKinds: Set<Kind> = []
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

    /// The same column where earlier versions of the program declared other kinds.
    ///
    /// A reader sees what was written: an integer in a column that became one of reals stays an integer. Stations with the
    /// earlier version keep the new values, and show them when they are upgraded.
    ///
    /// ```swift
    /// .register(5, .real("weight").widened(from: .integer))
    /// ```
    public func widened(from kinds: Kind...) -> Column {
        var column = self
        column.earlierKinds.formUnion(kinds)
        return column
    }

    /// Whether `value` can be stored in the column; null always can.
    public func accepts(_ value: Value) -> Bool { domain.contains(value) }
}

extension Column {
    /// The kinds of value that a column takes, as a set that is quickly asked.
    struct Domain: OptionSet, Hashable, Sendable, CustomStringConvertible {
        let rawValue: UInt8

        init(rawValue: UInt8) { self.rawValue = rawValue }

        static let text = Domain(rawValue: 1 << 0)
        static let integer = Domain(rawValue: 1 << 1)
        static let real = Domain(rawValue: 1 << 2)
        static let blob = Domain(rawValue: 1 << 3)
        static let any: Domain = [.text, .integer, .real, .blob]

        init(_ kind: Kind) {
            self =
                switch kind {
                case .text: .text
                case .integer: .integer
                case .real: .real
                case .blob: .blob
                case .any: .any
                }
        }

        /// Null is in every domain.
        func contains(_ value: Value) -> Bool {
            switch value {
            case .null: true
            case .text: contains(.text)
            case .integer: contains(.integer)
            case .real: contains(.real)
            case .blob: contains(.blob)
            }
        }

        /// Null is in every domain.
        func contains(_ value: EncodedValue) -> Bool {
            switch value {
            case .null: true
            case .text: contains(.text)
            case .integer: contains(.integer)
            case .real: contains(.real)
            case .blob: contains(.blob)
            }
        }

        /// The type of a column in a STRICT table, which stores a value of the domain as it is.
        var sqlType: String {
            switch self {
            case .text: Kind.text.rawValue
            case .integer: Kind.integer.rawValue
            case .real: Kind.real.rawValue
            case .blob: Kind.blob.rawValue
            default: Kind.any.rawValue
            }
        }

        var description: String {
            let names: [(Domain, String)] = [
                (.text, "texts"), (.integer, "integers"), (.real, "reals"), (.blob, "bytes"),
            ]
            return names.filter { contains($0.0) }.map(\.1).joined(separator: ", ")
        }
    }

    /// The values that fit, those of earlier versions included.
    var domain: Domain { earlierKinds.reduce(Domain(kind)) { $0.union(Domain($1)) } }
}
