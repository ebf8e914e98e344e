/// The checksum that every page of the database ends with.
///
/// Four lanes take the words of a page in turn: `lane = fold(fold(lane ^ word) * odd)`, where folding adds the upper half to the
/// lower. Before the multiplication, which carries upwards only, it brings the high bits down, and after it what all bits have
/// come to. Each step is a bijection of the lane for
/// every word and of the word for every lane, and so is the mix of the lanes at the end. So whatever is changed within one
/// word of eight bytes (a bit, a byte) *always* changes the checksum, and anything else does but for one case in 2^64. The
/// page's number goes in as well: a page that was written to another one's place is found, and so is one of zeros.
///
/// It is no defence against people, whom signatures are for. A pass takes a fraction of a microsecond.
enum PageChecksum {
    /// Bytes of a page. All databases of this library have pages of this size.
    static let pageBytes = 4096
    /// Bytes of the checksum, at the end of the page.
    static let bytes = 8

    private static let words = pageBytes / 8 - 1
    private static let laneCount = 4
    private static let stepFactor: UInt64 = 0x9fb2_1c65_1e98_df25
    private static let mixFactor: UInt64 = 0xd6e8_feb8_6659_fd93
    private static let seeds: (UInt64, UInt64, UInt64, UInt64) = (
        0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344, 0xa409_3822_299f_31d0, 0x082e_fa98_ec4e_6c89
    )

    /// The checksum that the page with a number should end with.
    static func compute(_ page: UnsafeRawPointer, number: UInt32) -> UInt64 {
        mix(lanes(page, number: number), number: number)
    }

    /// Whether a page ends with its checksum.
    static func isSound(_ page: UnsafeRawPointer, number: UInt32) -> Bool {
        compute(page, number: number) == stored(page)
    }

    /// Writes the checksum to the end of a page.
    static func stamp(_ page: UnsafeMutableRawPointer, number: UInt32) {
        let checksum = compute(page, number: number)
        page.storeBytes(of: checksum.littleEndian, toByteOffset: words * 8, as: UInt64.self)
    }

    private static func stored(_ page: UnsafeRawPointer) -> UInt64 { word(page, words) }

    @inline(__always)
    private static func word(_ page: UnsafeRawPointer, _ index: Int) -> UInt64 {
        UInt64(littleEndian: page.loadUnaligned(fromByteOffset: index &* 8, as: UInt64.self))
    }

    @inline(__always)
    private static func step(_ lane: UInt64, _ word: UInt64) -> UInt64 {
        let sum = lane ^ word
        let product = (sum ^ sum &>> 32) &* stepFactor
        return product ^ product &>> 32
    }

    private typealias Lanes = (UInt64, UInt64, UInt64, UInt64)

    private static func lanes(_ page: UnsafeRawPointer, number: UInt32) -> Lanes {
        var (a, b, c, d) = seeds
        a ^= UInt64(number)
        var index = 0
        while index &+ laneCount <= words {
            a = step(a, word(page, index))
            b = step(b, word(page, index &+ 1))
            c = step(c, word(page, index &+ 2))
            d = step(d, word(page, index &+ 3))
            index &+= laneCount
        }
        // 511 words leave three.
        a = step(a, word(page, index))
        b = step(b, word(page, index &+ 1))
        c = step(c, word(page, index &+ 2))
        return (a, b, c, d)
    }

    private static func mix(_ lanes: Lanes, number: UInt32) -> UInt64 {
        fold(fold(fold(fold(UInt64(number) &+ seeds.0, lanes.0), lanes.1), lanes.2), lanes.3)
    }

    private static func fold(_ sum: UInt64, _ lane: UInt64) -> UInt64 {
        let product = (sum ^ lane) &* mixFactor
        return product ^ product &>> 32
    }
}

// MARK: - Correction

extension PageChecksum {
    /// Puts right a page of which no more than one byte is wrong, checksum included.
    ///
    /// From the checksum as stored follows where each lane should have ended, if all others are right; stepping back from there
    /// follows what each word of the lane would have to be. The one that differs from what is there in one byte is the damaged
    /// one. That a page with other damage looks like that has a chance of one in 10^13.
    ///
    /// - Returns: false when that is not what is wrong; the page is then as it was.
    static func correct(_ page: UnsafeMutableRawPointer, number: UInt32) -> Bool {
        let found = lanes(page, number: number)
        let computed = mix(found, number: number)
        let stored = stored(page)
        if computed == stored { return true }
        if isOneByte(computed ^ stored) {
            stamp(page, number: number)
            return true
        }
        let ends = [found.0, found.1, found.2, found.3]
        let answers = ends.indices.flatMap { candidates(of: page, in: $0, ends: ends, number: number) }
        // With two answers neither is proven.
        guard answers.count == 1 else { return false }
        page.storeBytes(of: answers[0].value.littleEndian, toByteOffset: answers[0].index * 8, as: UInt64.self)
        precondition(isSound(page, number: number), "a corrected page has its checksum")
        return true
    }

    /// The words of a lane that differ in one byte from what the checksum says they were, with what they were.
    private static func candidates(
        of page: UnsafeRawPointer, in lane: Int, ends: [UInt64], number: UInt32
    ) -> [(index: Int, value: UInt64)] {
        var candidates: [(index: Int, value: UInt64)] = []
        let before = ends[..<lane].reduce(UInt64(number) &+ seeds.0) { fold($0, $1) }
        let after = ends[(lane + 1)...].reversed().reduce(stored(page)) { unfold($0) ^ $1 }
        // Before each step of the lane, from its beginning, and after each step, from its right end.
        var forward = [lane == 0 ? seeds.0 ^ UInt64(number) : [seeds.1, seeds.2, seeds.3][lane - 1]]
        let places = Array(stride(from: lane, to: words, by: laneCount))
        for place in places { forward.append(step(forward[forward.count - 1], word(page, place))) }
        var backward = unfold(after) ^ before
        for (step, place) in places.enumerated().reversed() {
            let product = (backward ^ backward &>> 32) &* inverseStepFactor
            let sum = product ^ product &>> 32
            let value = sum ^ forward[step]
            if isOneByte(value ^ word(page, place)) { candidates.append((place, value)) }
            backward = sum ^ word(page, place)
        }
        return candidates
    }

    private static func unfold(_ sum: UInt64) -> UInt64 { (sum ^ sum &>> 32) &* inverseMixFactor }

    private static func isOneByte(_ difference: UInt64) -> Bool {
        difference != 0 && difference.leadingZeroBitCount / 8 + difference.trailingZeroBitCount / 8 == 7
    }

    private static let inverseStepFactor = inverse(of: stepFactor)
    private static let inverseMixFactor = inverse(of: mixFactor)

    /// The inverse of an odd number modulo 2^64, by Newton's iteration: each round doubles the bits that are right.
    private static func inverse(of odd: UInt64) -> UInt64 {
        var inverse = odd
        for _ in 0..<5 { inverse = inverse &* (2 &- odd &* inverse) }
        return inverse
    }
}
