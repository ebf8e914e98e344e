internal import Crypto
internal import GembaCausality

/// The rows whose places begin with given hexadecimal digits.
///
/// A row's place is a hash of its name, so that ranges are of nearly equal size however rows are named, and nobody can fill one
/// with rows of his choice. It depends on nothing else: all replicas cut the same set of rows alike.
public struct RowRange: Hashable, Comparable, Sendable {
    /// The digits, left-aligned; the rest is zero.
    private let bits: UInt64
    /// How many digits, 0 to ``greatestCount``.
    public let count: Int

    /// All rows.
    public static let all = RowRange(bits: 0, count: 0)
    /// The digits of a place.
    public static let greatestCount = 16

    private init(bits: UInt64, count: Int) {
        self.bits = bits
        self.count = count
    }

    /// Reads one digit from each byte; nil when one is above 15 or there are more than a place has.
    public init?(digits: some Collection<UInt8>) {
        guard digits.count <= Self.greatestCount, digits.allSatisfy({ $0 < 16 }) else { return nil }
        self = digits.reduce(.all) { $0.child($1) }
    }

    /// One digit to a byte, as messages carry them.
    public var digits: [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: bits >> (60 - 4 * UInt64($0))) & 15 } }

    /// One of the sixteen ranges that this one consists of; it has fewer than ``greatestCount`` digits.
    public func child(_ digit: UInt8) -> RowRange {
        precondition(count < Self.greatestCount && digit < 16, "a place has 16 digits below 16")
        return RowRange(bits: bits | UInt64(digit) << (60 - 4 * UInt64(count)), count: count + 1)
    }

    /// The sixteen ranges that this one consists of.
    public var children: [RowRange] { (0..<16).map(child) }

    /// The places of its rows.
    public var places: ClosedRange<UInt64> {
        bits...(count == Self.greatestCount ? bits : bits | UInt64.max >> (4 * UInt64(count)))
    }

    /// The range with so many digits that a place lies in.
    public init(of place: UInt64, count: Int) {
        precondition((0...Self.greatestCount).contains(count), "a place has 16 digits")
        self.init(bits: count == 0 ? 0 : place & ~(count == 16 ? 0 : UInt64.max >> (4 * UInt64(count))), count: count)
    }

    /// Orders by place; a range comes before those within it.
    public static func < (left: Self, right: Self) -> Bool { (left.bits, left.count) < (right.bits, right.count) }
}

extension RowKey {
    /// Where the row stands among all: the first 8 bytes of SHA-256(table in 4 bytes ‖ row).
    public var place: UInt64 {
        var name = withUnsafeBytes(of: table.rawValue.bigEndian) { Array($0) }
        name += row.bytes
        return SHA256.hash(data: name).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
