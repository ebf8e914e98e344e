/// A column's value: what SQLite can store, less what cannot be compared or encoded in one way only.
///
/// Canonical: a real is finite and never -0; text is well-formed UTF-8 without U+0000 and is not normalised; the integer
/// 1 and the real 1.0 are two values.
public enum Value: Sendable {
    /// Absence, which is a value like any other.
    case null
    /// A signed integer.
    case integer(Int64)
    /// A floating-point number.
    case real(Double)
    /// Text.
    case text(String)
    /// Uninterpreted bytes.
    case blob([UInt8])
}

/// Two values are equal when their encodings are. Texts are therefore compared by their bytes: `String` itself holds
/// a precomposed letter equal to the same letter with a combining accent, and merging must not.
extension Value: Hashable {
    /// Whether both values have the same encoding.
    public static func == (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.integer(let left), .integer(let right)): left == right
        case (.real(let left), .real(let right)): left.bitPattern == right.bitPattern
        case (.text(let left), .text(let right)): left.utf8.elementsEqual(right.utf8)
        case (.blob(let left), .blob(let right)): left == right
        default: false
        }
    }

    /// Feeds what `==` compares.
    public func hash(into hasher: inout Hasher) {
        switch self {
        case .null:
            hasher.combine(0)
        case .integer(let number):
            hasher.combine(1)
            hasher.combine(number)
        case .real(let number):
            hasher.combine(2)
            hasher.combine(number.bitPattern)
        case .text(var text):
            hasher.combine(3)
            text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        case .blob(let bytes):
            hasher.combine(4)
            hasher.combine(bytes)
        }
    }
}
