import CZstd
import Crypto
import GembaCausality
import GembaSimulation
import GembaWire
import Testing

@testable import GembaTrust

@Suite("L5: the envelope")
struct EnvelopeTests {
    private let key: EpochKey
    private let place: Envelope.Place
    private let dep = ChangeReference(
        replica: ReplicaID(rawValue: 1), sequence: 7, prefix: HashPrefix(rawValue: 2))
    private let nonce = [UInt8](100..<112)
    private let repetitive = [UInt8](repeating: 0x41, count: 4096)

    init() throws {
        key = try #require(EpochKey(bytes: Array(0..<32)))
        place = Envelope.Place(
            replica: ReplicaID(rawValue: 9), sequence: 300, previous: .beforeGenesis)
    }

    private func sealed(_ content: [UInt8]) throws -> Entry {
        try Envelope.makeEntry(
            content, deps: [dep], at: place, sealedWith: key.sealKey(for: place.replica), nonce: nonce)
    }

    private func open(_ entry: Entry, at other: Envelope.Place? = nil) throws -> [UInt8] {
        let place = other ?? place
        return try Envelope.open(
            entry, at: place, with: entry.seal?.epoch == key.id ? key.sealKey(for: place.replica) : nil)
    }

    // MARK: - Compression

    @Test("Content of every size comes back", arguments: [0, 1, 511, 512, 513, 5000, 200_000, 3 << 20])
    func roundTrip(count: Int) throws {
        var generator = SeededGenerator(seed: UInt64(count))
        let contents = [[UInt8](repeating: 7, count: count), generator.bytes(min(count, 200_000))]
        for content in contents {
            let clear = try Envelope.makeEntry(content, deps: [])
            #expect(clear.seal == nil)
            #expect(try Envelope.open(clear) == content)
            #expect(try open(clear) == content)
            #expect(try open(sealed(content)) == content)
        }
    }

    @Test("Compression is used from 512 bytes on, and only where it pays")
    func whenItPays() throws {
        #expect(try Envelope.makeEntry(Array(repetitive.prefix(511)), deps: []).coding == .identity)
        #expect(try Envelope.makeEntry(Array(repetitive.prefix(512)), deps: []).coding == .zstandard)
        var generator = SeededGenerator(seed: 1)
        let random = try Envelope.makeEntry(generator.bytes(4096), deps: [])
        #expect(random.coding == .identity)
        #expect(random.body.count == 4096)
        let compressed = try Envelope.makeEntry(repetitive, deps: [])
        #expect(compressed.body.count < 100)
    }

    @Test("L10: content and stored body have limits, and the author gets the error")
    func limits() throws {
        var generator = SeededGenerator(seed: 2)
        let incompressible = generator.bytes(Limits.bodyBytes)
        #expect(try Envelope.makeEntry(incompressible, deps: []).body.count == Limits.bodyBytes)
        // The tag does not fit any more.
        #expect(throws: TrustError.self) { try sealed(incompressible) }
        #expect(throws: TrustError.self) { try Envelope.makeEntry(incompressible + [0], deps: []) }
        let largest = [UInt8](repeating: 0, count: Limits.contentBytes)
        #expect(try Envelope.open(Envelope.makeEntry(largest, deps: [])) == largest)
        let error = #expect(throws: TrustError.self) { try Envelope.makeEntry(largest + [0], deps: []) }
        #expect(error?.code == .bodyTooLarge)
    }

    // MARK: - Sealing

    @Test("The sealed body is the one that another implementation of RFC 8439 and RFC 5869 computes")
    func vector() throws {
        let place = Envelope.Place(
            replica: try #require(ReplicaID(bytes: Array(0xA0..<0xB0))), sequence: 300,
            previous: try #require(ChangeHash(bytes: Array(0x40..<0x60))))
        let dep = ChangeReference(
            replica: try #require(ReplicaID(bytes: [UInt8](repeating: 1, count: 16))), sequence: 7,
            prefix: try #require(HashPrefix(bytes: [UInt8](repeating: 2, count: 16))))
        let entry = try Envelope.makeEntry(
            Array("label printer dead".utf8), deps: [dep], at: place,
            sealedWith: key.sealKey(for: place.replica), nonce: nonce)
        #expect(entry.seal?.epoch == EpochID(hexadecimal: "630dcd2966c4336691125448bbb25b4f"))
        #expect(entry.body == hex("29237adf14d2e19e2b8d0501aaebe802d59575896c3827bbacb265110c67f056d5f2"))
    }

    @Test("A sealed body shows nothing of its content, and is as long as the coded content and a tag")
    func ciphertext() throws {
        let entry = try sealed(Array("label printer dead".utf8))
        #expect(entry.body.count == 18 + Envelope.tagBytes)
        #expect(entry.body.prefix(18) != Array("label printer dead".utf8)[...])
        #expect(entry.seal == SealParameters(epoch: key.id, nonce: nonce))
        #expect(try sealed(repetitive).coding == .zstandard)
    }

    @Test("Every flipped bit of the sealed body is refused")
    func flipped() throws {
        let entry = try sealed(Array("label printer dead".utf8))
        for bit in 0..<entry.body.count * 8 {
            var forged = entry
            forged.body[bit / 8] ^= 1 << UInt8(bit % 8)
            let error = #expect(throws: TrustError.self) { try open(forged) }
            #expect(error?.code == .damagedBody)
        }
    }

    @Test("A sealed body cannot be moved to another place, log, history, nonce or deps")
    func moved() throws {
        let entry = try sealed(repetitive)
        var places = [Envelope.Place](repeating: place, count: 3)
        places[0].sequence += 1
        places[1].replica = ReplicaID(rawValue: 10)
        places[2].previous = ChangeHash(rawValue: .init(high: 0, low: 1))
        for place in places {
            #expect(throws: TrustError.self) { try open(entry, at: place) }
        }
        var entries = [Entry](repeating: entry, count: 5)
        entries[0].deps = []
        entries[1].deps[0].sequence += 1
        entries[2].seal?.nonce[0] ^= 1
        entries[3].coding = .identity
        entries[4].body = []
        for entry in entries {
            #expect(throws: TrustError.self) { try open(entry) }
        }
    }

    @Test("A body under an epoch whose key is not held waits for it; that is no damage")
    func unknownEpoch() throws {
        let entry = try sealed(repetitive)
        var generator = SeededGenerator(seed: 5)
        let other = EpochKey(using: &generator)
        for attempt in [
            { try Envelope.open(entry) }, { try Envelope.open(entry, at: place, with: nil) },
            { try Envelope.open(entry, at: place, with: other.sealKey(for: place.replica)) },
        ] {
            #expect(#expect(throws: TrustError.self) { try attempt() }?.code == .unknownEpoch)
        }
    }

    @Test("Each replica has a seal key of its own, and descriptions show none")
    func keySeparation() {
        func bytes(_ replica: ReplicaID) -> [UInt8] { key.sealKey(for: replica).key.withUnsafeBytes { Array($0) } }
        #expect(bytes(ReplicaID(rawValue: 1)) != bytes(ReplicaID(rawValue: 2)))
        var dumped = ""
        dump(key, to: &dumped)
        for text in ["\(key)", String(reflecting: key), dumped] {
            #expect(!text.contains("00010203") && !text.contains("0, 1, 2, 3"))
        }
    }
}

@Suite("L5: what is one Zstandard frame")
struct ZstandardTests {
    private let content = Array(String(repeating: "press 4 label printer dead; ", count: 400).utf8)

    private func decompress(_ frame: [UInt8], atMost limit: Int = Limits.contentBytes) throws -> [UInt8] {
        try Zstandard.decompress(frame, atMost: limit)
    }

    private func frame(_ content: [UInt8]) throws -> [UInt8] { try #require(Zstandard.compress(content)) }

    @Test("A bomb is refused as soon as it passes the limit, whether it states its size or not")
    func bomb() throws {
        let large = [UInt8](repeating: 0, count: 3 << 20)
        #expect(throws: Zstandard.Failure.tooLarge) { try decompress(try frame(large), atMost: 2 << 20) }
        #expect(throws: Zstandard.Failure.tooLarge) { try decompress(streamed(large), atMost: 2 << 20) }
        #expect(try decompress(streamed(large), atMost: 3 << 20) == large)
        #expect(throws: Zstandard.Failure.tooLarge) { try decompress(streamed(large), atMost: 3 << 20 - 1) }
    }

    @Test("A window larger than the content may be is refused before memory is taken for it")
    func window() throws {
        var forged = streamed(content)
        forged[5] = 21 << 3
        #expect(throws: Zstandard.Failure.tooLarge) { try decompress(forged) }
        forged[5] = 14 << 3
        #expect(try decompress(forged) == content)
        forged[5] = 14 << 3 | 1
        #expect(throws: Zstandard.Failure.tooLarge) { try decompress(forged) }
    }

    @Test("Trailing bytes, a second frame and skippable frames are refused")
    func oneFrame() throws {
        let good = try frame(content)
        let skippable: [UInt8] = [0x50, 0x2A, 0x4D, 0x18, 1, 0, 0, 0, 0]
        for bad in [good + [0], good + good, good + skippable, skippable + good, skippable] {
            #expect(throws: Zstandard.Failure.malformed) { try decompress(bad) }
        }
    }

    @Test("A frame cut short anywhere is refused")
    func truncated() throws {
        for good in [try frame(content), streamed(content)] {
            for count in 0..<good.count {
                #expect(throws: Zstandard.Failure.self) { try decompress(Array(good.prefix(count))) }
            }
        }
    }

    @Test("The reserved bit, a dictionary and other magic numbers are refused")
    func header() throws {
        let good = try frame(content)
        for (index, bits) in [(4, 0x08), (4, 0x01), (4, 0x02), (4, 0x03), (0, 0x0F), (3, 0x01)] as [(Int, UInt8)] {
            var bad = good
            bad[index] ^= bits
            #expect(throws: Zstandard.Failure.self) { try decompress(bad) }
        }
        // The formats of versions 0.5 to 0.7, which a library may still read.
        for version in UInt8(0x25)...0x27 {
            var bad = good
            bad[0] = version
            #expect(throws: Zstandard.Failure.malformed) { try decompress(bad) }
        }
    }

    @Test("A wrong statement of the content's size is refused")
    func wrongSize() throws {
        // 11,200 bytes: single segment, size in two bytes less 256.
        var bad = try frame(content)
        #expect(bad[4] >> 5 == 3)
        bad[5] &+= 1
        #expect(throws: Zstandard.Failure.malformed) { try decompress(bad) }
    }

    @Test("Random bytes after a good header never crash or hang")
    func garbage() throws {
        var generator = SeededGenerator(seed: 12)
        let good = try frame(content)
        for _ in 0..<2000 {
            var bad = good
            for _ in 0...generator.below(4) { bad[5 + generator.below(bad.count - 5)] = generator.bytes(1)[0] }
            _ = try? decompress(bad)
        }
    }

    /// A frame that states a window and no size of its content.
    private func streamed(_ content: [UInt8]) -> [UInt8] {
        guard let context = ZSTD_createCCtx() else { return [] }
        defer { ZSTD_freeCCtx(context) }
        ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0)
        var frame = [UInt8](repeating: 0, count: ZSTD_compressBound(content.count) + 64)
        var used = 0
        content.withUnsafeBytes { source in
            frame.withUnsafeMutableBytes { target in
                var input = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
                var output = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
                ZSTD_compressStream2(context, &output, &input, ZSTD_e_continue)
                ZSTD_compressStream2(context, &output, &input, ZSTD_e_end)
                used = output.pos
            }
        }
        return Array(frame.prefix(used))
    }
}
