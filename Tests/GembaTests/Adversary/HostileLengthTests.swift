import GembaCausality
import GembaSimulation
import GembaWire
import Testing

@Suite("G14: no decoder takes memory on a sender's word")
struct HostileLengthTests {
    /// Lengths for which no machine has room: whoever believed one would end the process.
    private static let lengths: [UInt64] = [1 << 40, 1 << 62, (1 << 63) - 1, .max]

    @Test(
        "Every length in every structure may be anything, and is refused",
        arguments: CanonicalFormTests.subjects)
    func lengths(subject: CanonicalFormTests.Subject) throws {
        var tried = 0
        for seed in 0..<30 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let sample = subject.sample(&random)
            for head in Self.countedHeads(in: sample.bytes) {
                for length in Self.lengths {
                    let count = withUnsafeBytes(of: length.bigEndian) { Array($0) }
                    let hostile =
                        Array(sample.bytes[..<head.lowerBound]) + [sample.bytes[head.lowerBound] & 0xE0 | 27] + count
                        + sample.bytes[head.upperBound...]
                    #expect(throws: WireError.self, "seed \(seed), byte \(head.lowerBound)") {
                        try sample.canonical(hostile)
                    }
                    tried += 1
                }
            }
        }
        #expect(tried > 10 || subject.name == "Value")
    }

    @Test("A list costs as many elements as its input has bytes, and is refused at the first fault")
    func longLists() {
        let count = Limits.frameBytes - 64
        let head = [0x9A] + withUnsafeBytes(of: UInt32(count).bigEndian) { Array($0) }
        // An acknowledgement of a million references, each of which would have to be an array.
        let session: [UInt8] = [0x48, 0, 0, 0, 0, 0, 0, 0, 1]
        let frame: [UInt8] = [0x87, 4] + session + [0, 1, 0, 0] + head + [UInt8](repeating: 0, count: count)
        #expect(throws: WireError.self) { try Frame(decoding: frame) }
        // The same of byte strings of no length, which are elements: it is as many as it has bytes.
        var decoder = CBORDecoder(head + [UInt8](repeating: 0x40, count: count))
        let list = try? decoder.list { (decoder) throws(WireError) in try decoder.byteString() }
        #expect(list?.count == count)
    }

    /// Where the heads stand of strings, lists and maps, outside of strings.
    private static func countedHeads(in bytes: [UInt8]) -> [Range<Int>] {
        var heads: [Range<Int>] = []
        var place = 0
        while place < bytes.count {
            let (major, information) = (bytes[place] >> 5, bytes[place] & 31)
            let size = information < 24 ? 0 : 1 << Int(information & 3)
            let end = place + 1 + size
            var argument = UInt64(information)
            if size > 0 { argument = bytes[place + 1..<min(end, bytes.count)].reduce(0) { $0 << 8 | UInt64($1) } }
            if (2...5).contains(major) { heads.append(place..<end) }
            place = end + (major == 2 || major == 3 ? Int(argument) : 0)
        }
        return heads
    }
}
