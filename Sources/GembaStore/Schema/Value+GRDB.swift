import Foundation
public import GRDB
public import GembaCausality
public import GembaWire

extension Value: DatabaseValueConvertible {
    /// The value as GRDB passes it to SQLite.
    public var databaseValue: DatabaseValue {
        switch self {
        case .null: .null
        case .integer(let number): number.databaseValue
        case .real(let number): number.databaseValue
        case .text(let text): text.databaseValue
        case .blob(let bytes): Data(bytes).databaseValue
        }
    }

    /// Any value of SQLite is one.
    public static func fromDatabaseValue(_ value: DatabaseValue) -> Value? {
        switch value.storage {
        case .null: .null
        case .int64(let number): .integer(number)
        case .double(let number): .real(number)
        case .string(let text): .text(text)
        case .blob(let data): .blob([UInt8](data))
        }
    }
}

extension RowID: DatabaseValueConvertible {
    /// The 16 bytes, as the `id` columns hold them.
    public var databaseValue: DatabaseValue { Data(bytes).databaseValue }

    /// Nil unless the value is 16 bytes.
    public static func fromDatabaseValue(_ value: DatabaseValue) -> RowID? {
        Data.fromDatabaseValue(value).flatMap { RowID(bytes: $0) }
    }
}
