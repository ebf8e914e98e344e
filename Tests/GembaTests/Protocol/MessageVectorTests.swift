import GembaCausality
import GembaWire
import Testing

@Suite("Protocol vectors: frames and digests of vectors")
struct MessageVectorTests {
    @Test("frames of every type (06-session, 07-sync)", arguments: Vector.all(in: "frames"))
    func frames(_ vector: Vector) throws {
        guard let frame = try vector.check(Frame.init(decoding:), encode: { $0.encoded() }) else { return }
        #expect(.hexadecimal(frame.session.rawValue.bigEndianBytes) == vector["session"])
        #expect(frame.message.vectorDescription == vector["expected"].unpacked())
    }

    @Test("digests of sets of references (07-sync, section 1)", arguments: Vector.all(in: "digests"))
    func digests(_ vector: Vector) throws {
        let references = try vector.list("input").map { value in
            let parts = try #require(value.elements)
            return ChangeReference(
                replica: try parts[0].fixed(), sequence: SequenceNumber(try #require(parts[1].integer)),
                prefix: try parts[2].fixed())
        }
        #expect(VectorDigest.root(references).vectorDescription == vector["root"])
        #expect(.hexadecimal(VectorDigest.child(references).bigEndianBytes) == vector["child"])
    }

    @Test("packed runs of a stream and the runs that they say (07-sync, section 7)", arguments: Vector.all(in: "packs"))
    func packs(_ vector: Vector) throws {
        let input = try vector.list("input").map { try $0.bytes() }
        do {
            var context = PackingContext()
            let packed = try input.map(PackedRun.init(decoding:))
            let runs = try packed.map { try $0.unpacked(in: &context) }
            #expect(vector.isValid, "accepted, but \(vector.error ?? "invalid")")
            #expect(packed.map { $0.encoded() } == input)
            guard vector.isValid else { return }
            #expect(try runs.map { $0.encoded() } == vector.list("runs").map { try $0.bytes() })
            var sender = PackingContext()
            #expect(try runs.map { try PackedRun(packing: $0, in: &sender) } == packed)
            #expect(sender == context)
        } catch let error as WireError {
            #expect(!vector.isValid, "refused: \(error)")
            #expect(error.reason.vectorClass == vector.error, "refused for another reason: \(error)")
        }
    }
}
