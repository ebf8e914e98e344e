import GembaCausality

/// Makes row ids: UUIDs of version 7, each greater than the one before (RFC 9562, section 6.2, method 2).
///
/// Within one millisecond the random part counts up by one, so that the rows of one change lie side by side and their ids
/// compress to almost nothing.
struct RowIDSource {
    private var latest: UInt128 = 0

    /// The bits of a UUID that say version 7 and variant 10.
    private static let marks: UInt128 = 0x7 << 76 | 0b10 << 62
    private static let randomMask: UInt128 = 0xfff << 64 | (1 << 62 - 1)
    private static let lowMask: UInt128 = 1 << 62 - 1

    mutating func next(wall: UInt64, randomBytes: (Int) -> [UInt8]) -> RowID {
        let time = UInt128(wall & 0xffff_ffff_ffff)
        // A full counter or a clock that went back takes fresh randomness: unique all the same, only not in order.
        if latest >> 80 == time, latest & Self.lowMask != Self.lowMask {
            latest += 1
        } else {
            let random = randomBytes(16).reduce(UInt128(0)) { $0 << 8 | UInt128($1) }
            latest = time << 80 | Self.marks | random & Self.randomMask
        }
        return RowID(rawValue: latest)
    }
}
