import GembaSimulation
import GembaWire
import Testing

@Suite("Bundles: pieces and sections")
struct BundleParserTests {
    private func bundle(_ contents: [[UInt8]]) -> [UInt8] {
        var check = BundleCheck.beginning
        return BundleFormat.beginning
            + contents.flatMap { content in
                let piece = BundlePiece(coding: .identity, content: content, after: check)
                check = piece.check
                return piece.encoded()
            }
    }

    @Test("U1–U3: pieces come out as they went in, however the bytes are cut")
    func cuts() throws {
        let contents = [counting(3), [], counting(2000), [1]]
        let bytes = bundle(contents)
        for step in [1, 2, 7, 100, bytes.count] {
            var parser = BundleParser()
            var found: [[UInt8]] = []
            for start in stride(from: 0, to: bytes.count, by: step) {
                parser.receive(bytes[start..<min(start + step, bytes.count)])
                while let piece = try parser.next() { found.append(piece.content) }
            }
            #expect(found == contents && parser.isAtEndOfPiece)
            #expect(parser.offset == UInt64(bytes.count))
        }
    }

    @Test("U1: another beginning is refused at its first byte that differs")
    func beginning() throws {
        for text in ["gemba/bundle/2\n", "PK", "\u{0}"] {
            var parser = BundleParser()
            parser.receive(Array(text.utf8))
            #expect(throws: WireError.self) { try parser.next() }
        }
        var parser = BundleParser()
        parser.receive(Array("gemba/bun".utf8))
        #expect(try parser.next() == nil)
        #expect(!parser.isAtEndOfPiece)
    }

    @Test("U5–U12: sections decode to what was encoded", arguments: 0..<50)
    func sections(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var context = PackingContext()
        let run = Run(
            replica: random.fixed(), first: 1, previous: random.fixed(), entries: [random.entry().encoded()],
            signature: random.bytes(64))
        let references = random.references() + [random.reference()]
        let sections: [BundleSection] = [
            .preamble(BundlePreamble(plant: random.fixed(), writer: random.fixed(), made: random.natural())),
            .extent(
                BundleExtent(
                    which: BundleExtent.Which.allCases[random.below(3)], kind: LogKind.allCases[random.below(2)],
                    references: references.sorted { $0.replica < $1.replica })),
            .runs([run, run]), .packs([try PackedRun(packing: run, in: &context)]), .end(entries: random.natural()),
            .unknown(kind: 77, encoded: [0x82, 0x18, 77, 0x00]),
        ]
        for section in sections { #expect(try BundleSection(decoding: section.encoded()) == section) }
    }
}
