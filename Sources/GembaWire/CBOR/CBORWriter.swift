import GembaCausality

/// Writes items of deterministic CBOR to memory that is there for them. ``CBOREncoder`` makes room, item by item or for many
/// at once.
public struct CBORWriter {
    /// What is left of the memory.
    private var room: UnsafeMutableRawBufferPointer

    init(_ room: UnsafeMutableRawBufferPointer) { self.room = room }

    /// How many more bytes there is room for.
    public var free: Int { room.count }

    // MARK: - Items

    /// The most that ``head(_:_:)`` takes.
    static let greatestHead = 9

    mutating func head(_ type: MajorType, _ argument: UInt64) {
        let type = type.rawValue << 5
        switch argument {
        case ..<24:
            integer(type | UInt8(argument))
        case ...0xFF:
            integer(UInt16(type | 24) << 8 | UInt16(argument))
        case ...0xFFFF:
            integer(type | 25)
            integer(UInt16(argument))
        case ...0xFFFF_FFFF:
            integer(type | 26)
            integer(UInt32(argument))
        default:
            integer(type | 27)
            integer(argument)
        }
    }

    mutating func unsigned(_ value: UInt64) {
        precondition(value <= UInt64(Int64.max), "\(value) does not fit 64 signed bits")
        head(.unsigned, value)
    }

    mutating func signed(_ value: Int64) {
        // The argument of a negative integer n is -1 - n, which is its complement.
        value >= 0 ? head(.unsigned, UInt64(value)) : head(.negative, UInt64(~value))
    }

    mutating func real(_ value: Double) {
        precondition(value.isCanonicalReal, "\(value) has no canonical encoding")
        switch ShortestFloat(value) {
        case .half(let bits):
            integer(0xF9 as UInt8)
            integer(bits)
        case .single(let bits):
            integer(0xFA as UInt8)
            integer(bits)
        case .double(let bits):
            integer(0xFB as UInt8)
            integer(bits)
        }
    }

    mutating func text(_ content: UnsafeRawBufferPointer) {
        precondition(!content.containsNUL, "text with U+0000 has no canonical encoding")
        _ = string(.text, content)
    }

    /// Writes a value, and says where it stands: in the memory that is written to, and valid for as long.
    ///
    /// - Returns: nil, with nothing written, when the value is not canonical.
    public mutating func value(_ value: Value) -> EncodedValue? {
        switch value {
        case .null:
            null()
            return .null
        case .integer(let number):
            signed(number)
            return .integer(number)
        case .real(let number):
            if !number.isCanonicalReal { return nil }
            real(number)
            return .real(number)
        case .text(let text):
            return text.withBytes { $0.containsNUL ? nil : .text(string(.text, $0)) }
        case .blob(let bytes):
            return bytes.withUnsafeBytes { .blob(string(.byteString, $0)) }
        }
    }

    /// Writes a string, and returns its content where it stands.
    private mutating func string(_ type: MajorType, _ content: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        head(type, UInt64(content.count))
        let start = room
        raw(content)
        return UnsafeRawBufferPointer(rebasing: start[..<content.count])
    }

    mutating func array(count: Int) { head(.array, UInt64(count)) }

    mutating func null() { integer(0xF6 as UInt8) }

    mutating func fixed(_ value: some SixteenBytes) {
        integer(0x50 as UInt8)
        integer(value.rawValue)
    }

    // MARK: - Bytes

    /// Writes items that are encoded already.
    public mutating func raw(_ encoded: UnsafeRawBufferPointer) {
        precondition(encoded.count <= room.count, "\(encoded.count) bytes are written where \(room.count) fit")
        room.copyMemory(from: encoded)
        advance(by: encoded.count)
    }

    /// Writes the bytes of an integer, most significant first.
    @inline(__always)
    mutating func integer<Number: FixedWidthInteger & BitwiseCopyable>(_ value: Number) {
        let count = MemoryLayout<Number>.size
        precondition(count <= room.count, "\(count) bytes are written where \(room.count) fit")
        room.storeBytes(of: value.bigEndian, as: Number.self)
        advance(by: count)
    }

    private mutating func advance(by count: Int) {
        room = UnsafeMutableRawBufferPointer(start: room.baseAddress.map { $0 + count }, count: room.count - count)
    }
}
