import GembaCausality
import GembaTrust
import GembaWire
import Testing

@testable import GembaStore

@Suite("Protocol vectors: checkpoints")
struct CheckpointVectorTests {
    @Test("manifests and what their makers sign (08-checkpoint, section 1)", arguments: Vector.all(in: "manifests"))
    func manifests(_ vector: Vector) throws {
        do {
            let signed = try SignedManifest(decoding: try vector.input)
            #expect(signed.encoded() == (try vector.input))
            let isAccepted = HeadVerification.isValid(signed)
            #expect(isAccepted == vector.isValid)
            #expect(isAccepted || vector.error == "signature")
            guard vector.isValid else { return }
            #expect(.hexadecimal(SignedManifest.signedBytes(of: signed.manifest)) == vector["signed"])
            #expect(signed.manifest.maker.vectorDescription == vector["key"])
            #expect(signed.manifest.vectorDescription == vector["expected"])
        } catch let error as WireError {
            #expect(error.reason.vectorClass == vector.error)
        }
    }

    @Test("sections (08-checkpoint, section 2)", arguments: Vector.all(in: "sections"))
    func sections(_ vector: Vector) throws {
        do {
            let input = try vector.input
            #expect(try Self.reencoded(input) == input)
            #expect(vector.isValid, "accepted, but \(vector.error ?? "invalid")")
        } catch let error as WireError {
            #expect(error.reason.vectorClass == vector.error)
        }
    }

    /// Reads a section into what it means and writes that again.
    private static func reencoded(_ input: [UInt8]) throws -> [UInt8] {
        var decoder = CBORDecoder(input)
        let items = try decoder.array() - 1
        let kind = try #require(CheckpointSection(rawValue: try decoder.unsigned()))
        var encoder = CBOREncoder()
        encoder.array(count: 1 + items)
        encoder.unsigned(kind.rawValue)
        switch kind {
        case .logs: try CheckpointLog(from: &decoder).encode(into: &encoder)
        case .folded:
            encoder.unsigned(try decoder.unsigned())
            try FoldedBlock(from: &decoder).encode(into: &encoder)
        case .rows:
            encoder.unsigned(try decoder.unsigned())
            let count = try decoder.array()
            encoder.array(count: count)
            let numbers = CheckpointNumbers(logs: [(0, 2)])
            for _ in 0..<count {
                let (row, state) = try CheckpointRow.decode(from: &decoder, numbers: numbers)
                CheckpointRow.encode(row, state, into: &encoder)
            }
        case .deferred: for _ in 0..<items { encoder.raw(try decoder.skipItem()) }
        case .knowledge: try KnowledgeStep(from: &decoder).encode(into: &encoder)
        }
        try decoder.finish()
        return encoder.bytes
    }
}
