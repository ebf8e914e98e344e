/// A value that is nothing but a fixed number of bytes: an identifier, a key or a hash.
///
/// Conformers compare bytewise, as unsigned big-endian numbers do, so that the order of two values is the order of
/// their encodings.
public protocol FixedBytes: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// How many bytes every value of this type has.
    static var byteCount: Int { get }

    /// Creates a value from its bytes, or nil when there are not exactly ``byteCount`` of them.
    init?(bytes: some Collection<UInt8>)

    /// Calls `body` with the bytes, most significant first.
    func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result
}

extension FixedBytes {
    /// The bytes, most significant first.
    @inlinable public var bytes: [UInt8] { withBytes { Array($0) } }

    /// All bytes in lower-case hexadecimal.
    public var description: String { Hexadecimal.encode(bytes) }

    /// Creates a value from its hexadecimal form, or nil when that is malformed or of another length.
    public init?(hexadecimal: some StringProtocol) {
        guard let bytes = Hexadecimal.decode(hexadecimal) else { return nil }
        self.init(bytes: bytes)
    }
}

/// Sixteen bytes, held as one number.
public protocol SixteenBytes: FixedBytes, RawRepresentable where RawValue == UInt128 {
    init(rawValue: UInt128)
}

extension SixteenBytes {
    /// Sixteen.
    @inlinable public static var byteCount: Int { 16 }

    /// Creates a value from sixteen bytes, most significant first.
    @inlinable public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        self.init(rawValue: UInt128(bigEndianBytes: bytes))
    }

    /// Calls `body` with the sixteen bytes, most significant first.
    @inlinable public func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let bigEndian = rawValue.bigEndian
        return try withUnsafePointer(to: bigEndian) { (pointer) throws(Failure) -> Result in
            try body(UnsafeRawBufferPointer(start: pointer, count: 16))
        }
    }

    /// Orders as the bytes do.
    @inlinable public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// Thirty-two bytes, held as two numbers.
public protocol ThirtyTwoBytes: FixedBytes, RawRepresentable where RawValue == ThirtyTwoByteValue {
    init(rawValue: ThirtyTwoByteValue)
}

/// The storage of ``ThirtyTwoBytes``.
public struct ThirtyTwoByteValue: Hashable, Comparable, Sendable {
    /// The first sixteen bytes.
    public var high: UInt128
    /// The last sixteen bytes.
    public var low: UInt128

    /// Creates a value from its halves.
    @inlinable public init(high: UInt128, low: UInt128) {
        self.high = high
        self.low = low
    }

    /// Orders as the bytes do.
    @inlinable public static func < (left: Self, right: Self) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

extension ThirtyTwoBytes {
    /// Thirty-two.
    @inlinable public static var byteCount: Int { 32 }

    /// Creates a value from thirty-two bytes, most significant first.
    @inlinable public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        self.init(
            rawValue: ThirtyTwoByteValue(
                high: UInt128(bigEndianBytes: bytes.prefix(16)), low: UInt128(bigEndianBytes: bytes.dropFirst(16))))
    }

    /// Calls `body` with the thirty-two bytes, most significant first.
    @inlinable public func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let bigEndian = (rawValue.high.bigEndian, rawValue.low.bigEndian)
        return try withUnsafePointer(to: bigEndian) { (pointer) throws(Failure) -> Result in
            try body(UnsafeRawBufferPointer(start: pointer, count: 32))
        }
    }

    /// Orders as the bytes do.
    @inlinable public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

extension UInt128 {
    @inlinable init(bigEndianBytes bytes: some Collection<UInt8>) {
        self = bytes.reduce(0) { $0 << 8 | UInt128($1) }
    }
}

/// Base-16 text (RFC 4648, section 8), written in lower case and read in either.
public enum Hexadecimal {
    private static let digits = Array("0123456789abcdef".utf8)

    /// Two lower-case digits for each byte.
    public static func encode(_ bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes that `text` stands for, or nil when it has an odd length or another character than a digit.
    public static func decode(_ text: some StringProtocol) -> [UInt8]? {
        let characters = Array(text.utf8)
        guard characters.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(characters.count / 2)
        for index in stride(from: 0, to: characters.count, by: 2) {
            guard let high = value(characters[index]), let low = value(characters[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func value(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
