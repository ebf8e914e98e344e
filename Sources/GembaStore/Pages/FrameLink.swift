/// What chains the frames of a write-ahead log: two sums over all before and in a frame (file format of SQLite, section 4.2).
/// Each step takes two words of four bytes: `first += x + second`, then `second += y + first`, modulo 2^32.
struct FrameLink {
    var first: UInt32
    var second: UInt32

    /// Where the salt and the link are in a frame's header.
    static let saltOffset = 8
    static let offset = 16
    /// The bytes of a frame that its link covers: page number and database size, then the page.
    static let coveredHeader = 8

    init(first: UInt32, second: UInt32) {
        self.first = first
        self.second = second
    }

    init(_ bytes: UnsafeRawPointer) {
        first = UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self))
        second = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
    }

    /// Two words of what is covered.
    init(words: UInt64, isBigEndian: Bool) {
        first = UInt32(truncatingIfNeeded: words.littleEndian)
        second = UInt32(truncatingIfNeeded: words.littleEndian >> 32)
        if isBigEndian { (first, second) = (first.byteSwapped, second.byteSwapped) }
    }

    func store(to bytes: UnsafeMutableRawPointer) {
        bytes.storeBytes(of: first.bigEndian, as: UInt32.self)
        bytes.storeBytes(of: second.bigEndian, toByteOffset: 4, as: UInt32.self)
    }

    static func + (left: FrameLink, right: FrameLink) -> FrameLink {
        FrameLink(first: left.first &+ right.first, second: left.second &+ right.second)
    }

    static func - (left: FrameLink, right: FrameLink) -> FrameLink {
        FrameLink(first: left.first &- right.first, second: left.second &- right.second)
    }

    /// The sums after one more step.
    private func step(_ x: UInt32, _ y: UInt32) -> FrameLink {
        let first = first &+ x &+ second
        return FrameLink(first: first, second: second &+ y &+ first)
    }

    mutating func add(_ bytes: UnsafeRawPointer, count: Int, isBigEndian: Bool) {
        for place in stride(from: 0, to: count, by: 8) {
            let words = FrameLink(
                words: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self), isBigEndian: isBigEndian)
            self = step(words.first, words.second)
        }
    }

    /// By how much two sums differ after a frame before which they differed by this: steps are linear.
    var afterFrame: FrameLink {
        let (one, other) = Self.afterFrame
        return FrameLink(
            first: one.first &* first &+ other.first &* second,
            second: one.second &* first &+ other.second &* second)
    }

    /// What becomes of a difference of one in the first sum, and of one in the second.
    private static let afterFrame: (FrameLink, FrameLink) = {
        var (one, other) = (FrameLink(first: 1, second: 0), FrameLink(first: 0, second: 1))
        for _ in 0..<(coveredHeader + PageChecksum.pageBytes) / 8 {
            (one, other) = (one.step(0, 0), other.step(0, 0))
        }
        return (one, other)
    }()
}
