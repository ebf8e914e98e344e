import GembaCausality
import GembaWire
import Testing

@Suite("Frame")
struct FrameTests {
    private static let session = Item.bytes(counting(8, from: 0xA0))
    private static let id = Item.bytes(counting(16))
    private static let key = Item.bytes(counting(32))
    private static let reference: Item = [id, 5, id]
    private static let later: Item = [.bytes(counting(16, from: 1)), 5, id]
    private static let signature: Item = [.bytes([0xA1, 0x01, 0x27]), .map([]), nil, .bytes(counting(64))]
    private static let head: Item = [id, 5, key, signature]
    private static let run: Item = [id, 0, .bytes([]), [.bytes([1])], signature]
    private static let digests = Item.array((0..<16).map { .bytes(counting(8, from: $0)) })

    private static let hello: Item = [
        0, session, 1, 1, key, key, .bytes(counting(8)), 0, 1_800_000_000_000, reference, [head],
    ]
    private static let root: Item = [1, session, 0, 9, id, 200]
    private static let batch: Item = [3, session, 1, 9, 4096, [run]]
    private static let ack: Item = [4, session, 0, 9, 4096, 8192, [reference, later]]
    private static let pulse: Item = [5, session, 1_800_000_000_000, nil, [1, 2], [3, 4]]
    private static let bye: Item = [6, session, 4, "malformed frame"]

    private static func vector(_ part: Item, under prefix: Item = .bytes([0, 15])) -> Item {
        [2, session, 0, 9, [[prefix, part]]]
    }

    /// One frame of each type, and of each form that a type has.
    static let valid: [Item] = [
        hello, hello.replacing(9, with: nil), hello.replacing(10, with: []), hello.appending("later", .map([(1, nil)])),
        root, vector([0, [reference, later]]), vector([1, digests], under: .bytes([])),
        vector([2, [[id, 5, id], [.bytes(counting(16, from: 1)), nil]]]),
        vector([3, [[0, [0, [reference]]], [15, [1, digests]]]]),
        vector([3, []]), batch, ack, ack.replacing(6, with: []), pulse, pulse.replacing(3, with: 1), bye,
        bye.replacing(2, with: .unsigned(1 << 63 - 1)),
    ]

    @Test("of each type is read and is written as the same bytes", arguments: valid)
    func roundTrip(item: Item) throws {
        let frame = try Frame(decoding: item.encoded)
        #expect(frame.session.rawValue == 0xA0A1_A2A3_A4A5_A6A7)
        #expect(frame.encoded() == item.encoded)
    }

    @Test("with a field missing is refused, and one with a field too many except a hello", arguments: valid)
    func fieldCounts(item: Item) throws {
        guard case .array(let items) = item else { return }
        let isExtended = items.count > 11
        if !isExtended { expectRefused(.array(items.dropLast())) }
        if case .unsigned(0) = items[0] {
            #expect(try Frame(decoding: item.appending(nil).encoded).encoded() == item.appending(nil).encoded)
        } else {
            expectRefused(item.appending(nil))
        }
    }

    @Test("with a field of another type is refused", arguments: valid)
    func fieldTypes(item: Item) {
        guard case .array(let items) = item else { return }
        for index in items.indices.prefix(11) {
            expectRefused(item.replacing(index, with: .raw([0xF4])))
            expectRefused(item.replacing(index, with: .map([])))
        }
    }

    @Test("of an unknown type, without a session or with another session's length is refused")
    func beginnings() {
        expectRefused([7, Self.session])
        expectRefused([.unsigned(.max), Self.session])
        expectRefused([6])
        expectRefused([])
        expectRefused(Self.bye.replacing(1, with: .bytes(counting(7))))
        expectRefused(Self.bye.replacing(1, with: 1))
        expectRefused("bye")
    }

    @Test("a hello is read in full")
    func hello() throws {
        let item = Self.hello.replacing(7, with: .unsigned(1 << 62)).appending([9])
        guard case .hello(let hello) = try Frame(decoding: item.encoded).message else {
            Issue.record("another message")
            return
        }
        #expect(hello.lowestVersion == 1 && hello.highestVersion == 1)
        #expect(hello.plant.bytes == counting(32) && hello.station.bytes == counting(32))
        #expect(hello.nonce == 0x0001_0203_0405_0607)
        #expect(hello.capabilities == 1 << 62)
        #expect(hello.wallClock == 1_800_000_000_000)
        #expect(hello.tip?.sequence == 5)
        #expect(hello.held.map(\.hash.bytes) == [counting(32)])
        #expect(hello.extensions == [Item.array([9]).encoded])
    }

    @Test("G14: a hello holds at most 8 heads")
    func heldHeads() throws {
        let eight = Item.array([Item](repeating: Self.head, count: 8))
        _ = try Frame(decoding: Self.hello.replacing(10, with: eight).encoded)
        expectRefused(Self.hello.replacing(10, with: eight.appending(Self.head)))
    }

    @Test("G14: a frame beyond 1 MiB is refused before it is read")
    func size() throws {
        let extended = { (count: Int) in Self.hello.appending(.bytes(counting(count))) }
        let overhead = extended(1 << 19).encoded.count - 1 << 19
        let fitting = extended(Limits.frameBytes - overhead)
        #expect(fitting.encoded.count == Limits.frameBytes)
        _ = try Frame(decoding: fitting.encoded)
        #expect(throws: WireError(.tooLong, offset: Limits.frameBytes)) {
            try Frame(decoding: fitting.encoded + [0])
        }
    }

    @Test("numbers that later are added to others stay below 2^63")
    func numbers() {
        let large = Item.unsigned(1 << 63)
        for index in [3, 5] { expectRefused(Self.root.replacing(index, with: large)) }
        for index in [3, 4] { expectRefused(Self.batch.replacing(index, with: large)) }
        for index in [3, 4, 5] { expectRefused(Self.ack.replacing(index, with: large)) }
        for index in [2, 3, 7, 8] { expectRefused(Self.hello.replacing(index, with: large)) }
        for index in [2, 3] { expectRefused(Self.pulse.replacing(index, with: large)) }
        expectRefused(Self.pulse.replacing(4, with: [large, 0]))
        expectRefused(Self.pulse.replacing(5, with: [0, large]))
    }

    @Test("references are sorted by replica in every list of them")
    func order() {
        let unsorted: [Item] = [[Self.later, Self.reference], [Self.reference, Self.reference]]
        for references in unsorted {
            expectRefused(Self.ack.replacing(6, with: references))
            expectRefused(Self.vector([0, references]))
            expectRefused(Self.vector([2, references]))
        }
    }

    @Test("a vector has parts, prefixes of hexadecimal digits, sixteen digests and children one level down")
    func vectors() {
        let entries: Item = [0, []]
        expectRefused([2, Self.session, 0, 9, []])
        expectRefused([2, Self.session, 2, 9, [[.bytes([]), entries]]])
        expectRefused(Self.vector(entries, under: .bytes([16])))
        expectRefused(Self.vector(entries, under: .bytes([UInt8](repeating: 0, count: 33))))
        expectRefused(Self.vector([4, []]))
        expectRefused(Self.vector([0, [], []]))
        expectRefused(Self.vector([1, []]))
        expectRefused(Self.vector([1, Self.digests.appending(.bytes(counting(8)))]))
        expectRefused(Self.vector([2, [[Self.id]]]))
        expectRefused(Self.vector([2, [[Self.id, 5]]]))
        expectRefused(Self.vector([2, [[Self.id, nil, nil]]]))
        expectRefused(Self.vector([3, [[16, entries]]]))
        expectRefused(Self.vector([3, [[256, entries]]]))
        expectRefused(Self.vector([3, [[1, entries], [0, entries]]]))
        expectRefused(Self.vector([3, [[1, entries], [1, entries]]]))
        expectRefused(Self.vector([3, [[1, [2, []]]]]))
        expectRefused(Self.vector([3, [[1, [3, []]]]]))
    }

    @Test("a batch has runs, and costs the bytes of their entries")
    func batches() throws {
        expectRefused(Self.batch.replacing(5, with: []))
        let run = Self.run.replacing(3, with: [.bytes(counting(100)), .bytes(counting(30))])
        let later = run.replacing(1, with: 7).replacing(2, with: Self.id)
        guard case .batch(let batch) = try Frame(decoding: Self.batch.replacing(5, with: [run, later]).encoded).message
        else {
            Issue.record("another message")
            return
        }
        #expect(batch.kind == .roster)
        #expect(batch.cost == 260)
    }

    @Test("a bye says at most 1 KiB")
    func byes() throws {
        let longest = Self.bye.replacing(3, with: .text(String(repeating: "x", count: Limits.byeTextBytes)))
        #expect(try Frame(decoding: longest.encoded).encoded() == longest.encoded)
        expectRefused(Self.bye.replacing(3, with: .text(String(repeating: "x", count: Limits.byeTextBytes + 1))))
    }

    @Test("lists nested as deep as memory allows are refused at once")
    func nesting() {
        let deep = Item.raw([UInt8](repeating: 0x81, count: 500_000))
        expectRefused(deep)
        expectRefused(Self.hello.appending(deep))
        expectRefused(Self.vector(deep))
        expectRefused(Self.vector([3, [[0, deep]]]))
    }

    private func expectRefused(_ item: Item, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(throws: WireError.self, sourceLocation: sourceLocation) { try Frame(decoding: item.encoded) }
    }
}
