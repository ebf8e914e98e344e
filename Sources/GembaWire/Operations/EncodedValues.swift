/// A value inside the bytes that hold it.
public enum EncodedValue {
    /// Absence.
    case null
    /// A signed integer.
    case integer(Int64)
    /// A floating-point number.
    case real(Double)
    /// Well-formed UTF-8 without U+0000.
    case text(UnsafeRawBufferPointer)
    /// Uninterpreted bytes.
    case blob(UnsafeRawBufferPointer)
}

/// Values in deterministic CBOR that was checked, lent out for as long as they are applied.
public struct EncodedValues {
    private let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The values of a write, one after another.
    public func reader(of write: OperationBatch.Write) -> Reader { Reader(bytes: bytes, offset: write.offset) }

    /// The values of a write, copied.
    func values(of write: OperationBatch.Write) -> [Value] {
        var reader = reader(of: write)
        return (0..<write.count).map { _ in Value(reader.next()) }
    }

    /// Reads one value after another.
    public struct Reader {
        fileprivate let bytes: UnsafeRawBufferPointer
        fileprivate var offset: Int

        /// The next value. There must be one.
        public mutating func next() -> EncodedValue {
            let initial = bytes[offset]
            switch MajorType(rawValue: initial >> 5).unsafelyUnwrapped {
            case .unsigned: return .integer(Int64(bitPattern: argument()))
            case .negative: return .integer(Int64(bitPattern: ~argument()))
            case .byteString: return .blob(content())
            case .text: return .text(content())
            default:
                if initial == 0xF6 {
                    offset += 1
                    return .null
                }
                return .real(real())
            }
        }

        private mutating func argument() -> UInt64 {
            let information = bytes[offset] & 31
            offset += 1
            if information < 24 { return UInt64(information) }
            return number(ofBytes: 1 << (Int(information) & 3))
        }

        private mutating func number(ofBytes count: Int) -> UInt64 {
            var value: UInt64 = 0
            for byte in bytes[offset..<offset + count] { value = value << 8 | UInt64(byte) }
            offset += count
            return value
        }

        private mutating func content() -> UnsafeRawBufferPointer {
            let count = Int(argument())
            defer { offset += count }
            return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
        }

        private mutating func real() -> Double {
            let initial = bytes[offset]
            offset += 1
            let bits = number(ofBytes: 1 << (Int(initial) & 3))
            // A number that was checked is finite.
            return ShortestFloat.value(initial: initial, bits: bits).unsafelyUnwrapped
        }
    }
}

extension Value {
    fileprivate init(_ value: EncodedValue) {
        self =
            switch value {
            case .null: .null
            case .integer(let number): .integer(number)
            case .real(let number): .real(number)
            case .text(let bytes): .text(String(decoding: bytes, as: UTF8.self))
            case .blob(let bytes): .blob(Array(bytes))
            }
    }
}
