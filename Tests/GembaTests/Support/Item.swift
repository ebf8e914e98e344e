/// A CBOR item written out by hand, to state exact bytes and to build what the encoder under test refuses to.
///
/// It is encoded by code of its own, so that encoder and expectation do not share their mistakes.
indirect enum Item {
    case unsigned(UInt64)
    case negative(argument: UInt64)
    case bytes([UInt8])
    case text(String)
    case array([Item])
    case map([(Item, Item)])
    case null
    case raw([UInt8])

    var encoded: [UInt8] {
        switch self {
        case .unsigned(let value): Self.head(0, value)
        case .negative(let argument): Self.head(1, argument)
        case .bytes(let bytes): Self.head(2, UInt64(bytes.count)) + bytes
        case .text(let text): Self.head(3, UInt64(text.utf8.count)) + Array(text.utf8)
        case .array(let items): Self.head(4, UInt64(items.count)) + items.flatMap(\.encoded)
        case .map(let pairs): Self.head(5, UInt64(pairs.count)) + pairs.flatMap { $0.encoded + $1.encoded }
        case .null: [0xF6]
        case .raw(let bytes): bytes
        }
    }

    /// An array with the item at `index` replaced.
    func replacing(_ index: Int, with item: Item) -> Item {
        guard case .array(var items) = self else { preconditionFailure("only arrays have items to replace") }
        items[index] = item
        return .array(items)
    }

    /// An array with items appended.
    func appending(_ more: Item...) -> Item {
        guard case .array(let items) = self else { preconditionFailure("only arrays have items to follow") }
        return .array(items + more)
    }

    private static func head(_ type: UInt8, _ argument: UInt64) -> [UInt8] {
        func bigEndian(_ count: Int) -> [UInt8] {
            (0..<count).reversed().map { UInt8(truncatingIfNeeded: argument >> (8 * UInt64($0))) }
        }
        return switch argument {
        case 0..<24: [type << 5 | UInt8(argument)]
        case 24..<256: [type << 5 | 24] + bigEndian(1)
        case 256..<65536: [type << 5 | 25] + bigEndian(2)
        case 65536..<(1 << 32): [type << 5 | 26] + bigEndian(4)
        default: [type << 5 | 27] + bigEndian(8)
        }
    }
}

extension Item: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral,
    ExpressibleByNilLiteral
{
    init(integerLiteral value: Int64) {
        self = value >= 0 ? .unsigned(UInt64(value)) : .negative(argument: UInt64(~value))
    }

    init(stringLiteral value: String) { self = .text(value) }
    init(arrayLiteral elements: Item...) { self = .array(elements) }
    init(nilLiteral: ()) { self = .null }
}

/// Bytes counting up from `first`: recognisable in a hexadecimal dump.
func counting(_ count: Int, from first: UInt8 = 0) -> [UInt8] {
    (0..<count).map { first &+ UInt8(truncatingIfNeeded: $0) }
}
