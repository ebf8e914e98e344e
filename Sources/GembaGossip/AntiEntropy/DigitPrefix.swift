internal import GembaCausality

/// The leading hexadecimal digits of replica ids: a subtree in the comparison of two vectors.
struct DigitPrefix: Hashable, Comparable, Sendable {
    /// The digits, left-aligned; the rest is zero.
    private let bits: UInt128
    /// How many digits, 0 to 32.
    let count: Int

    static let root = DigitPrefix(bits: 0, count: 0)

    private init(bits: UInt128, count: Int) {
        self.bits = bits
        self.count = count
    }

    /// Reads one digit from each byte; nil when one is above 15 or there are more than a replica id has.
    init?(digits: [UInt8]) {
        guard digits.count <= 32 else { return nil }
        var prefix = DigitPrefix.root
        for digit in digits {
            guard digit < 16 else { return nil }
            prefix = prefix.child(digit)
        }
        self = prefix
    }

    /// One digit to a byte, as messages carry them.
    var digits: [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: bits >> (124 - 4 * UInt128($0))) & 15 } }

    /// The subtree one level down; this prefix has fewer than 32 digits.
    func child(_ digit: UInt8) -> DigitPrefix {
        precondition(count < 32 && digit < 16, "a replica id has 32 digits below 16")
        return DigitPrefix(bits: bits | UInt128(digit) << (124 - 4 * UInt128(count)), count: count + 1)
    }

    /// The first replica id under the prefix.
    var first: ReplicaID { ReplicaID(rawValue: bits) }

    /// The last replica id under the prefix.
    var last: ReplicaID { ReplicaID(rawValue: count == 32 ? bits : bits | UInt128.max >> (4 * UInt128(count))) }

    func contains(_ replica: ReplicaID) -> Bool { first <= replica && replica <= last }

    static func < (left: DigitPrefix, right: DigitPrefix) -> Bool {
        (left.bits, left.count) < (right.bits, right.count)
    }
}
