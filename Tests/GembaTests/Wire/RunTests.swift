import GembaCausality
import GembaWire
import Testing

@Suite("Run")
struct RunTests {
    private let signature: Item = [.bytes([0xA1, 0x01, 0x27]), .map([]), nil, .bytes(counting(64))]

    private var run: Item {
        [.bytes(counting(16)), 3, .bytes(counting(16)), [.bytes([1]), .bytes([2, 3])], signature]
    }

    private var beginning: Item {
        run.replacing(1, with: 0).replacing(2, with: .bytes([]))
    }

    @Test("carries entries as their author made them, and names what they follow")
    func encoding() throws {
        let decoded = try Run(decoding: run.encoded)
        #expect(decoded.entries == [[1], [2, 3]])
        #expect(decoded.previous == HashPrefix(bytes: counting(16)))
        #expect(decoded.last == 4)
        #expect(decoded.encoded() == run.encoded)
        #expect(try Run(decoding: beginning.encoded).previous == nil)
    }

    @Test("names what it follows exactly when it does not begin with the genesis")
    func previous() {
        expectRefused(run.replacing(1, with: 0))
        expectRefused(run.replacing(2, with: .bytes([])))
        expectRefused(run.replacing(2, with: .bytes(counting(32))))
        expectRefused(run.replacing(2, with: nil))
    }

    @Test("is refused empty, with a malformed signature, or where its numbers would overflow")
    func form() throws {
        expectRefused(run.replacing(3, with: []))
        expectRefused(run.replacing(4, with: .bytes(counting(64))))
        expectRefused(run.replacing(1, with: .unsigned(1 << 63)))
        expectRefused(run.appending(nil))
        let last = try Run(decoding: run.replacing(1, with: .unsigned(1 << 63 - 1)).encoded)
        #expect(last.last == 1 << 63)
    }

    private func expectRefused(_ item: Item, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(throws: WireError.self, sourceLocation: sourceLocation) { try Run(decoding: item.encoded) }
    }
}
