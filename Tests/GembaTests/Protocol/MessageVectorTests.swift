import GembaCausality
import GembaWire
import Testing

@Suite("Protocol vectors: frames and digests of vectors")
struct MessageVectorTests {
    @Test("frames of every type (06-session, 07-sync)", arguments: Vector.all(in: "frames"))
    func frames(_ vector: Vector) throws {
        guard let frame = try vector.check(Frame.init(decoding:), encode: { $0.encoded() }) else { return }
        #expect(.hexadecimal(frame.session.rawValue.bigEndianBytes) == vector["session"])
        #expect(frame.message.vectorDescription == vector["expected"])
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
}
