/// Numbers written one after another, seven bits to a byte, the lowest first (LEB128).
struct NumberColumn: Sendable {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func append(_ number: UInt32) { append(UInt64(number)) }

    /// A signed number with its sign in the lowest bit.
    mutating func append(signed number: Int64) { append(UInt64(bitPattern: number << 1 ^ number >> 63)) }

    /// Another column with its length before it.
    mutating func append(_ column: NumberColumn) {
        append(UInt64(column.bytes.count))
        bytes += column.bytes
    }
}

/// Reads what ``NumberColumn`` wrote.
struct NumberReader {
    private let bytes: ArraySlice<UInt8>
    private var place: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        place = bytes.startIndex
    }

    var isAtEnd: Bool { place == bytes.endIndex }

    mutating func number() throws(SavedTextError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while place < bytes.endIndex, shift < 64 {
            let byte = bytes[place]
            place += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw .malformed
    }

    /// A number up to a maximum.
    mutating func number(atMost maximum: UInt32) throws(SavedTextError) -> UInt32 {
        let number = try number()
        guard number <= UInt64(maximum) else { throw .malformed }
        return UInt32(number)
    }

    mutating func signed() throws(SavedTextError) -> Int64 {
        let number = try number()
        return Int64(bitPattern: number >> 1) ^ -Int64(bitPattern: number & 1)
    }

    mutating func column() throws(SavedTextError) -> NumberReader {
        let length = try number()
        guard length <= UInt64(bytes.endIndex - place) else { throw .malformed }
        defer { place += Int(length) }
        return NumberReader(bytes[place..<place + Int(length)])
    }
}
