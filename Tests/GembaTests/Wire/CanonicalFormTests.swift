import GembaCausality
import GembaSimulation
import GembaWire
import Testing

/// The law that hashes, signatures and digests rest on, checked for every structure.
@Suite("Every structure has exactly one encoding")
struct CanonicalFormTests {
    /// A structure under test: how to make a random one, and how to take bytes to the bytes of what they mean.
    struct Subject: Sendable, CustomTestStringConvertible {
        let name: String
        let sample: @Sendable (inout SeededGenerator) -> Sample

        var testDescription: String { name }

        init<T: WireCodable & Equatable & SendableMetatype>(_ make: @escaping @Sendable (inout SeededGenerator) -> T) {
            name = "\(T.self)"
            sample = { random in
                let value = make(&random)
                return Sample(
                    bytes: value.encoded(), isEqual: { try T(decoding: $0) == value },
                    canonical: { try T(decoding: $0).encoded() })
            }
        }

        init(_ name: String, _ make: @escaping @Sendable (inout SeededGenerator) -> Sample) {
            self.name = name
            sample = make
        }
    }

    struct Sample {
        let bytes: [UInt8]
        let isEqual: ([UInt8]) throws -> Bool
        let canonical: ([UInt8]) throws -> [UInt8]
    }

    static let subjects: [Subject] = [
        Subject { $0.value() }, Subject { $0.reference() }, Subject { $0.entry() }, Subject { $0.genesis() },
        Subject { $0.member() }, Subject { $0.rosterBody() }, Subject { $0.signedHead() }, Subject { $0.run() },
        Subject { $0.frame() },
        Subject("ChangeBody") { random in
            let change = random.placedChange()
            return Sample(
                bytes: change.encoded, isEqual: { try change.decoding($0) == change },
                canonical: { try change.decoding($0).encoded })
        },
    ]

    @Test("what was encoded is decoded as the same value", arguments: subjects)
    func roundTrip(subject: Subject) throws {
        for seed in 0..<300 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let sample = subject.sample(&random)
            try #require(try sample.isEqual(sample.bytes), "seed \(seed)")
            try #require(try sample.canonical(sample.bytes) == sample.bytes, "seed \(seed)")
        }
    }

    @Test("every prefix and every continuation is refused", arguments: subjects)
    func length(subject: Subject) throws {
        for seed in 0..<10 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let sample = subject.sample(&random)
            let prefixes = sample.bytes.indices.map { Array(sample.bytes.prefix($0)) }
            let continuations = [0x00, 0x80, 0xF6, 0xFF].map { sample.bytes + [$0] }
            for bytes in prefixes + continuations where (try? sample.canonical(bytes)) != nil {
                Issue.record("seed \(seed): \(bytes.count) of \(sample.bytes.count) bytes are accepted")
            }
        }
    }

    @Test("with any one bit flipped it is refused, or the only encoding of something else", arguments: subjects)
    func bitFlips(subject: Subject) {
        for seed in 0..<10 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let sample = subject.sample(&random)
            for bit in 0..<8 * sample.bytes.count {
                var flipped = sample.bytes
                flipped[bit / 8] ^= 1 << UInt8(bit % 8)
                expectRefusedOrCanonical(flipped, sample, seed: seed)
            }
        }
    }

    @Test("with bytes replaced, inserted, removed or repeated it is refused or canonical", arguments: subjects)
    func edits(subject: Subject) {
        for seed in 0..<1000 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let sample = subject.sample(&random)
            var bytes = sample.bytes
            for _ in 0...random.below(3) {
                let index = random.below(bytes.count)
                // A byte from elsewhere in the sample often is a head, which decoders stumble over more than contents.
                let copied = sample.bytes[random.below(sample.bytes.count)]
                let byte = random.once(in: 2) ? UInt8(random.below(256)) : copied
                switch random.below(4) {
                case 0: bytes[index] = byte
                case 1: bytes.insert(byte, at: index)
                case 2: bytes.remove(at: index)
                default: bytes.insert(contentsOf: bytes[index...].prefix(random.below(20)), at: index)
                }
                if bytes.isEmpty { bytes = [byte] }
            }
            expectRefusedOrCanonical(bytes, sample, seed: seed)
        }
    }

    private func expectRefusedOrCanonical(_ bytes: [UInt8], _ sample: Sample, seed: UInt64) {
        do {
            if try sample.canonical(bytes) != bytes {
                Issue.record("seed \(seed): \(Diagnostic.notation(of: bytes)) has another encoding")
            }
        } catch is WireError {
        } catch {
            Issue.record("seed \(seed): \(error)")
        }
    }
}
