public import GembaCausality

/// Writes deterministic CBOR (RFC 8949, section 4.2.1) into one growing buffer.
///
/// Integers, lengths and floating-point numbers take their shortest form by themselves. The caller owes what only it
/// can know: as many items as an array or map announces, and map keys in the bytewise order of their encodings.
public struct CBOREncoder: Sendable {
    /// Everything written so far.
    public private(set) var bytes: [UInt8] = []

    /// Creates an encoder with room for `capacity` bytes.
    public init(capacity: Int = 0) {
        bytes.reserveCapacity(capacity)
    }

    // MARK: - Items

    /// Writes an integer from 0 to 2^63 - 1.
    public mutating func unsigned(_ value: UInt64) {
        precondition(value <= UInt64(Int64.max), "\(value) does not fit 64 signed bits")
        head(.unsigned, value)
    }

    /// Writes an integer.
    public mutating func signed(_ value: Int64) {
        // The argument of a negative integer n is -1 - n, which is its complement.
        value >= 0 ? head(.unsigned, UInt64(value)) : head(.negative, UInt64(~value))
    }

    /// Writes a number that is finite and not -0.
    public mutating func real(_ value: Double) {
        precondition(value.isCanonicalReal, "\(value) has no canonical encoding")
        switch ShortestFloat(value) {
        case .half(let bits):
            bytes.append(0xF9)
            bigEndian(bits)
        case .single(let bits):
            bytes.append(0xFA)
            bigEndian(bits)
        case .double(let bits):
            bytes.append(0xFB)
            bigEndian(bits)
        }
    }

    /// Writes a byte string.
    public mutating func byteString(_ content: some Collection<UInt8>) {
        head(.byteString, UInt64(content.count))
        bytes.append(contentsOf: content)
    }

    /// Writes text without U+0000.
    public mutating func text(_ content: String) {
        precondition(!content.containsNUL, "text with U+0000 has no canonical encoding")
        var content = content
        content.withUTF8 { utf8 in
            head(.text, UInt64(utf8.count))
            bytes.append(contentsOf: utf8)
        }
    }

    /// Begins an array: its items follow.
    public mutating func array(count: Int) {
        head(.array, UInt64(count))
    }

    /// Begins a map: its pairs follow, sorted by encoded key.
    public mutating func map(count: Int) {
        head(.map, UInt64(count))
    }

    /// Writes null.
    public mutating func null() {
        bytes.append(0xF6)
    }

    /// Writes items that are encoded already.
    public mutating func raw(_ encoded: some Collection<UInt8>) {
        bytes.append(contentsOf: encoded)
    }

    // MARK: - Fixed lengths

    /// Writes an identifier as a byte string.
    public mutating func fixed(_ value: some SixteenBytes) {
        bytes.append(0x50)
        bigEndian(value.rawValue)
    }

    /// Writes a key, a hash or a plant's name as a byte string.
    public mutating func fixed(_ value: some ThirtyTwoBytes) {
        bytes.append(0x58)
        bytes.append(0x20)
        bigEndian(value.rawValue.high)
        bigEndian(value.rawValue.low)
    }

    /// Writes eight bytes, held as one number, as a byte string.
    public mutating func eightBytes(_ value: UInt64) {
        bytes.append(0x48)
        bigEndian(value)
    }

    // MARK: - Structures

    /// Writes an array of structures.
    public mutating func list(_ elements: [some WireCodable]) {
        array(count: elements.count)
        for element in elements { element.encode(into: &self) }
    }

    /// Writes a structure, or null for nil.
    public mutating func optional(_ value: (some WireCodable)?) {
        if let value { value.encode(into: &self) } else { null() }
    }

    // MARK: - Bytes

    /// Takes back everything that was written after the first `count` bytes.
    public mutating func truncate(to count: Int) { bytes.removeSubrange(count...) }

    /// Begins anew, in the same room.
    public mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    private mutating func head(_ type: MajorType, _ argument: UInt64) {
        let type = type.rawValue << 5
        switch argument {
        case ..<24:
            bytes.append(type | UInt8(argument))
        case ...0xFF:
            bytes.append(type | 24)
            bytes.append(UInt8(argument))
        case ...0xFFFF:
            bytes.append(type | 25)
            bigEndian(UInt16(argument))
        case ...0xFFFF_FFFF:
            bytes.append(type | 26)
            bigEndian(UInt32(argument))
        default:
            bytes.append(type | 27)
            bigEndian(argument)
        }
    }

    private mutating func bigEndian(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }
}

extension Double {
    /// Whether the number is finite and not -0, and so has one encoding only.
    var isCanonicalReal: Bool { isFinite && !(isZero && sign == .minus) }
}
