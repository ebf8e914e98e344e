import GembaCausality
import GembaTrust
import GembaWire
import Testing

@Suite("Protocol vectors: bundles")
struct BundleVectorTests {
    @Test("whole bundles (09-bundle)", arguments: Vector.all(in: "bundles"))
    func bundles(_ vector: Vector) throws {
        do {
            let (contents, roster, data) = try Self.read(try vector.input)
            #expect(vector.isValid, "accepted, but \(vector.error ?? "invalid")")
            guard vector.isValid else { return }
            let preamble = try #require(contents.preamble)
            #expect(
                vector["expected"] == [
                    "plant": preamble.plant.vectorDescription, "writer": preamble.writer.vectorDescription,
                    "made": .number(preamble.made),
                    "base": .list(contents.extents.base) { $0.namedDescription },
                    "end": .list(contents.extents.end) { $0.namedDescription },
                    "rosterEnd": .list(contents.extents.rosterEnd) { $0.namedDescription },
                    "floors": .list(contents.extents.floors) { $0.namedDescription },
                    "runs": .list(roster) { .hexadecimal($0.encoded()) },
                    "data": .list(data) { .hexadecimal($0.encoded()) }, "entries": .number(contents.entries),
                ])
        } catch let error as WireError {
            #expect(!vector.isValid, "refused: \(error)")
            #expect(error.reason.vectorClass == vector.error, "refused for another reason: \(error)")
        }
    }

    private static func read(_ bytes: [UInt8]) throws -> (contents: BundleContents, roster: [Run], data: [Run]) {
        var parser = BundleParser()
        var contents = BundleContents()
        var (roster, data): ([Run], [Run]) = ([], [])
        parser.receive(bytes)
        while let piece = try parser.next() {
            let section = try BundleSection(decoding: content(of: piece))
            if case .unknown = section {} else { #expect(section.encoded() == (try content(of: piece))) }
            let runs = try contents.receive(section)
            if contents.kind == .roster { roster += runs } else { data += runs }
        }
        guard parser.isAtEndOfPiece, contents.isComplete else { throw WireError(.truncated, offset: bytes.count) }
        return (contents, roster, data)
    }

    private static func content(of piece: BundlePiece) throws(WireError) -> [UInt8] {
        guard piece.coding == .zstandard else { return piece.content }
        do {
            return try Zstandard.decompress(piece.content, atMost: Limits.bundlePieceBytes)
        } catch {
            throw WireError(.invalid("a piece does not decompress"), offset: 0)
        }
    }
}
