public import GembaCausality

/// Reads deterministic CBOR (RFC 8949, section 4.2.1) and refuses every other form.
///
/// Refused are integers, lengths and floating-point numbers longer than needed, integers beyond 64 signed bits,
/// indefinite lengths, NaN, infinities and -0, text that is not well-formed UTF-8 or has U+0000, map keys out of order or
/// twice, tags, and simple values other than false, true and null. A declared length is compared with the bytes that are left before it is believed, so
/// memory is never taken on a sender's word.
///
/// The decoder is a view: strings are slices of the input until the caller copies them. After an error it stands
/// somewhere inside the item that caused it and is of no further use.
public struct CBORDecoder: Sendable {
    private let bytes: ArraySlice<UInt8>
    private var index: Int

    /// Creates a decoder at the beginning of `bytes`.
    public init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        index = bytes.startIndex
    }

    /// Creates a decoder at the beginning of `bytes`.
    public init(_ bytes: [UInt8]) {
        self.init(bytes[...])
    }

    /// How many bytes were read.
    public var offset: Int { index - bytes.startIndex }

    /// How many bytes are left.
    public var remaining: Int { bytes.endIndex - index }

    /// An error at the place where the decoder stands.
    public func failure(_ reason: WireError.Reason) -> WireError {
        WireError(reason, offset: offset)
    }

    /// The major type of the next item.
    public func nextType() throws(WireError) -> MajorType {
        // Three bits have a case each.
        MajorType(rawValue: try initialByte() >> 5).unsafelyUnwrapped
    }

    /// Checks that nothing is left.
    public func finish() throws(WireError) {
        guard remaining == 0 else { throw failure(.trailingBytes) }
    }

    // MARK: - Items

    /// Reads an integer from 0 to 2^63 - 1.
    public mutating func unsigned() throws(WireError) -> UInt64 {
        try integer(of: .unsigned)
    }

    /// Reads an integer from -2^63 to 2^63 - 1.
    public mutating func signed() throws(WireError) -> Int64 {
        let isNegative = try initialByte() >> 5 == MajorType.negative.rawValue
        let argument = Int64(try integer(of: isNegative ? .negative : .unsigned))
        return isNegative ? ~argument : argument
    }

    /// Reads a floating-point number, which is finite and not -0.
    public mutating func real() throws(WireError) -> Double {
        let initial = try initialByte()
        guard (0xF9...0xFB).contains(initial) else { throw failure(.wrongType) }
        let bits = try bigEndian(byteCount: 1 << (initial & 3))
        guard let value = ShortestFloat.value(initial: initial, bits: bits), value.isCanonicalReal else {
            throw failure(.outOfRange)
        }
        let isShortest =
            switch ShortestFloat(value) {
            case .half: initial == 0xF9
            case .single: initial == 0xFA
            case .double: initial == 0xFB
            }
        guard isShortest else { throw failure(.notDeterministic) }
        return value
    }

    /// Reads a byte string, as a slice of the input.
    public mutating func byteString() throws(WireError) -> ArraySlice<UInt8> {
        try content(of: .byteString)
    }

    /// Reads a byte string of a known length.
    public mutating func byteString(count: Int) throws(WireError) -> ArraySlice<UInt8> {
        let content = try content(of: .byteString)
        guard content.count == count else { throw failure(.invalid("a byte string has another length")) }
        return content
    }

    /// Reads text of at most `maximum` bytes of UTF-8.
    public mutating func text(maximum: Int = .max) throws(WireError) -> String {
        String(decoding: try utf8(maximum: maximum), as: UTF8.self)
    }

    /// Reads text of at most `maximum` bytes of UTF-8, as a slice of the input.
    mutating func utf8(maximum: Int = .max) throws(WireError) -> ArraySlice<UInt8> {
        let content = try content(of: .text)
        guard content.count <= maximum else { throw failure(.tooLong) }
        if content.withUnsafeBytes(\.isASCIIText) { return content }
        guard !content.contains(0) else { throw failure(.invalid("text contains U+0000")) }
        guard String(validating: content, as: UTF8.self) != nil else {
            throw failure(.invalid("text is not well-formed UTF-8"))
        }
        return content
    }

    /// Reads the beginning of an array and returns how many items follow.
    public mutating func array() throws(WireError) -> Int {
        try count(of: .array, bytesPerElement: 1)
    }

    /// Reads the beginning of an array that has to have `count` items.
    public mutating func array(count: Int) throws(WireError) {
        guard try array() == count else { throw failure(.invalid("an array has another number of items")) }
    }

    /// Reads the beginning of a map and returns how many pairs follow.
    ///
    /// The caller checks the order of the keys.
    public mutating func map() throws(WireError) -> Int {
        try count(of: .map, bytesPerElement: 2)
    }

    /// Reads null.
    public mutating func null() throws(WireError) {
        guard try initialByte() == 0xF6 else { throw failure(.wrongType) }
        index += 1
    }

    /// Whether the next item, which is not consumed, is null.
    public var isAtNull: Bool { index < bytes.endIndex && bytes[index] == 0xF6 }

    // MARK: - Fixed lengths

    /// Reads an identifier.
    public mutating func fixed<Value: SixteenBytes>(_: Value.Type = Value.self) throws(WireError) -> Value {
        let content = try byteString(count: 16)
        return Value(rawValue: UInt128(joining: content))
    }

    /// Reads a key, a hash or a plant's name.
    public mutating func fixed<Value: ThirtyTwoBytes>(_: Value.Type = Value.self) throws(WireError) -> Value {
        let content = try byteString(count: 32)
        let high = UInt128(joining: content.prefix(16))
        let low = UInt128(joining: content.dropFirst(16))
        return Value(rawValue: ThirtyTwoByteValue(high: high, low: low))
    }

    /// Reads a byte string of eight bytes as one number.
    public mutating func eightBytes() throws(WireError) -> UInt64 {
        try byteString(count: 8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    // MARK: - Heads

    /// The first byte of the next item.
    func initialByte() throws(WireError) -> UInt8 {
        guard index < bytes.endIndex else { throw failure(.truncated) }
        return bytes[index]
    }

    /// Reads an integer and returns its argument, which is at most 2^63 - 1 for both signs: the integers of the format
    /// are those that 64 signed bits hold, so that every one fits a database and the sum of two fits 64 bits.
    private mutating func integer(of type: MajorType) throws(WireError) -> UInt64 {
        let argument = try argument(of: type)
        guard argument <= UInt64(Int64.max) else { throw failure(.outOfRange) }
        return argument
    }

    /// Reads the head of an item that has to be of one type, and returns its argument.
    private mutating func argument(of type: MajorType) throws(WireError) -> UInt64 {
        let initial = try initialByte()
        guard initial >> 5 == type.rawValue else { throw failure(.wrongType) }
        return try argument(following: initial)
    }

    /// Reads the head that starts with `initial`, of any type whose argument is an integer.
    mutating func argument(following initial: UInt8) throws(WireError) -> UInt64 {
        let information = initial & 31
        if information < 24 {
            index += 1
            return UInt64(information)
        }
        // 28 to 30 are reserved; 31 is an indefinite length.
        guard information < 28 else { throw failure(.notDeterministic) }
        let byteCount = 1 << (information & 3)
        let value = try bigEndian(byteCount: byteCount)
        let least: UInt64 = byteCount == 1 ? 24 : 1 << (4 * byteCount)
        guard value >= least else { throw failure(.notDeterministic) }
        return value
    }

    /// Reads a first byte and a number of `byteCount` bytes after it.
    private mutating func bigEndian(byteCount: Int) throws(WireError) -> UInt64 {
        guard remaining > byteCount else { throw failure(.truncated) }
        var value: UInt64 = 0
        for position in index + 1...index + byteCount { value = value << 8 | UInt64(bytes[position]) }
        index += 1 + byteCount
        return value
    }

    /// Reads the head of a string and takes its content.
    private mutating func content(of type: MajorType) throws(WireError) -> ArraySlice<UInt8> {
        take(try count(of: type, bytesPerElement: 1))
    }

    /// Reads the head of an item with a length or count that what is left can hold.
    private mutating func count(of type: MajorType, bytesPerElement: Int) throws(WireError) -> Int {
        let declared = try argument(of: type)
        guard declared <= UInt64(remaining / bytesPerElement) else { throw failure(.truncated) }
        return Int(declared)
    }

    /// Takes bytes that are known to be there.
    private mutating func take(_ count: Int) -> ArraySlice<UInt8> {
        let start = index
        index += count
        return bytes[start..<index]
    }

    /// Moves past bytes, where there are that many.
    mutating func advance(_ count: UInt64) throws(WireError) {
        guard count <= UInt64(remaining) else { throw failure(.truncated) }
        index += Int(count)
    }

    /// What was read since the decoder had read `start` bytes.
    func slice(from start: Int) -> ArraySlice<UInt8> {
        bytes[bytes.startIndex + start..<index]
    }
}

extension UInt128 {
    /// The number whose big-endian bytes these sixteen are.
    fileprivate init(joining bytes: ArraySlice<UInt8>) {
        self = bytes.withUnsafeBytes { UInt128(bigEndian: $0.loadUnaligned(as: UInt128.self)) }
    }
}

extension UnsafeRawBufferPointer {
    /// Whether a byte is 0.
    var containsNUL: Bool { !hasNone { ($0 &- Self.lowBits) & ~$0 & Self.highBits } }

    /// Whether all bytes are ASCII other than NUL: most text is, and is well-formed then.
    var isASCIIText: Bool { hasNone { (($0 &- Self.lowBits) | $0) & Self.highBits } }

    /// The lowest bit of each of eight bytes: a byte that is less than it borrows from the next when it is subtracted.
    private static let lowBits: UInt64 = 0x0101_0101_0101_0101
    /// The highest bit of each of eight bytes.
    private static let highBits: UInt64 = 0x8080_8080_8080_8080

    /// Whether no eight bytes have a bit that `marks` leaves. Every text passes here, hence not byte by byte.
    @inline(__always)
    private func hasNone(_ marks: (UInt64) -> UInt64) -> Bool {
        if count < 8 { return marks(reduce(Self.lowBits) { $0 << 8 | UInt64($1) }) == 0 }
        // The last eight bytes mostly overlap those before.
        var found = marks(loadUnaligned(fromByteOffset: count - 8, as: UInt64.self))
        var offset = 0
        while offset + 8 < count {
            found |= marks(loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
        }
        return found == 0
    }
}
