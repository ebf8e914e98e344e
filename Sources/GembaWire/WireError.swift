/// Why bytes were refused, and where.
public struct WireError: Error, Hashable, Sendable {
    /// The kind of fault.
    public let reason: Reason
    /// How many bytes of the refused input precede the fault.
    public let offset: Int

    /// Creates an error from its kind and place.
    public init(_ reason: Reason, offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    /// The faults that input can have.
    public enum Reason: Hashable, Sendable {
        /// The input ends inside an item, or an item declares more than is left.
        case truncated
        /// Bytes follow the item that should have been the only one.
        case trailingBytes
        /// The item has another encoding that is the only permitted one: a longer integer or float than needed, an
        /// indefinite length, map keys out of order.
        case notDeterministic
        /// An item of another type was expected here, or the type is not used by this format at all.
        case wrongType
        /// A number lies outside what its field permits.
        case outOfRange
        /// Items are nested deeper than ``Limits/nesting``.
        case tooDeep
        /// A string, a list or the whole input has more elements than its limit.
        case tooLong
        /// The structure states a version that this code does not know.
        case unsupportedVersion
        /// A rule of the format beyond the shape of items is broken; the text names the rule.
        case invalid(String)
    }

    /// What is wrong, in words, without contents of the input.
    public var message: String {
        switch reason {
        case .truncated: "the input ends too early"
        case .trailingBytes: "bytes follow the end"
        case .notDeterministic: "not the deterministic encoding"
        case .wrongType: "another type of item was expected"
        case .outOfRange: "a number is out of range"
        case .tooDeep: "nested too deeply"
        case .tooLong: "longer than its limit"
        case .unsupportedVersion: "unknown version"
        case .invalid(let rule): rule
        }
    }
}

extension WireError: CustomStringConvertible {
    /// The message with its place.
    public var description: String { "byte \(offset): \(message)" }
}
