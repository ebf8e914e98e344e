import GembaSimulation
import GembaTrust
import GembaWire
import Testing

@Suite("Early compression")
struct EarlyCompressionTests {
    enum Kind: CaseIterable { case words, zeros, noise }

    /// Content whose pieces have the sizes given, between a head and a rest.
    struct Sizes: Sendable {
        var head: Int
        var pieces: [Int]
        var rest: Int
    }

    private static let sizes = [
        Sizes(head: 0, pieces: [1], rest: 0),
        Sizes(head: 1, pieces: [64 << 10], rest: 1),
        Sizes(head: 50, pieces: [600], rest: 40),
        Sizes(head: 100, pieces: [(64 << 10) - 1, 64 << 10, (64 << 10) + 1], rest: 30_000),
        Sizes(head: (128 << 10) - 1, pieces: [128 << 10], rest: 0),
        Sizes(head: 128 << 10, pieces: [(128 << 10) + 1], rest: 128 << 10),
        Sizes(head: (128 << 10) + 1, pieces: [70_000, 0, 70_000], rest: 200_000),
        Sizes(head: 300_000, pieces: [1_000_000, 3], rest: 700_000),
        Sizes(head: 80, pieces: Array(repeating: 65_600, count: 40), rest: 5000),
    ]

    @Test("makes one ordinary frame of all there is, whatever it is", arguments: Kind.allCases, sizes)
    func roundTrip(_ kind: Kind, _ sizes: Sizes) throws {
        let content = Self.content(kind, count: sizes.head + sizes.pieces.reduce(0, +) + sizes.rest)
        let compression = try #require(EarlyCompression())
        var end = sizes.head
        for count in sizes.pieces {
            compression.append(Array(content[end..<end + count]))
            end += count
        }
        let frame = try #require(compression.frame(of: content, from: sizes.head))
        #expect(try Zstandard.decompress(frame, atMost: Limits.contentBytes) == content)
        #expect(Zstandard.decompress(frame, exactly: content.count) == content)
        let atOnce = try #require(Zstandard.compress(content))
        #expect(frame.count <= sizes.head + atOnce.count + atOnce.count / 20 + 1000)
    }

    @Test("depends on the pieces alone, and shares its memory with others")
    func deterministic() throws {
        let content = Self.content(.words, count: 400_000)
        let frames = try (0..<8).map { _ in
            let compression = try #require(EarlyCompression())
            for start in stride(from: 100, to: 300_000, by: 70_000) {
                compression.append(Array(content[start..<start + 70_000]))
            }
            #expect(Zstandard.compress(content) != nil)
            return try #require(compression.frame(of: content, from: 100))
        }
        #expect(Set(frames).count == 1)
    }

    @Test("is taken for a body where it pays")
    func body() throws {
        for kind in Kind.allCases {
            let content = Self.content(kind, count: 200_000)
            let compression = try #require(EarlyCompression())
            compression.append(Array(content[60..<150_000]))
            let entry = try Envelope.makeEntry(
                content, deps: [], early: Envelope.EarlyPart(compression: compression, start: 60))
            #expect(entry.coding == (kind == .noise ? .identity : .zstandard))
            #expect(try Envelope.open(entry) == content)
        }
    }

    @Test("may be given up")
    func abandoned() throws {
        for _ in 0..<20 {
            let compression = try #require(EarlyCompression())
            compression.append(Self.content(.words, count: 100_000))
        }
        let content = Self.content(.words, count: 100_000)
        #expect(try Zstandard.decompress(#require(Zstandard.compress(content)), atMost: Limits.contentBytes) == content)
    }

    private static func content(_ kind: Kind, count: Int) -> [UInt8] {
        var generator = SeededGenerator(seed: UInt64(count))
        switch kind {
        case .zeros: return [UInt8](repeating: 0, count: count)
        case .noise: return (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        case .words:
            let words = ["belt ", "press ", "label ", "jam ", "roll ", "hall ", "slow ", "12 ", "ewa "].map {
                Array($0.utf8)
            }
            var content: [UInt8] = []
            while content.count < count { content += words[Int(generator.next() % 9)] }
            return Array(content.prefix(count))
        }
    }
}
