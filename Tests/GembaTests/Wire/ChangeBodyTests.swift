import GembaCausality
import GembaWire
import Testing

@Suite("ChangeBody")
struct ChangeBodyTests {
    // The author's id lies between those of its two references, so that the order of dots is not that of indexes.
    private static let before = ReplicaID(rawValue: 1)
    private static let author = ReplicaID(rawValue: 2)
    private static let after = ReplicaID(rawValue: 3)
    private static let sequence: SequenceNumber = 10
    private static let references: Item = [
        [.bytes(before.bytes), 5, .bytes(counting(16))], [.bytes(after.bytes), 30, .bytes(counting(16))],
    ]
    private static let row = Item.bytes(counting(16))

    private func body(_ operations: [Item], references: Item = references) -> Item {
        [.unsigned(1 << 40), 4, 2, "ewa", "called in", .array(operations), references]
    }

    private func edit(saw: Item = [], _ effects: Item...) -> Item { [7, Self.row, 1, saw, .array(effects)] }

    private func decode(_ item: Item) throws(WireError) -> ChangeBody {
        try ChangeBody(decoding: item.encoded, author: Self.author, sequence: Self.sequence)
    }

    private func operations(_ items: Item...) throws -> [RowOperation] {
        let decoded = try decode(body(items))
        #expect(decoded.encoded(author: Self.author) == body(items).encoded)
        return decoded.operations
    }

    private func expectRefused(_ items: Item..., sourceLocation: SourceLocation = #_sourceLocation) {
        expectBodyRefused(body(items), sourceLocation: sourceLocation)
    }

    private func expectBodyRefused(_ item: Item, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(throws: WireError.self, sourceLocation: sourceLocation) { try decode(item) }
    }

    // MARK: - What is said

    @Test("states when, by whom, why and on what, and may do nothing")
    func parts() throws {
        let decoded = try decode(body([]))
        #expect(decoded.timestamp.rawValue == 1 << 40)
        #expect(decoded.lamport == 4)
        #expect(decoded.schemaVersion == 2)
        #expect(decoded.actor == "ewa")
        #expect(decoded.reason == "called in")
        #expect(decoded.operations.isEmpty)
        #expect(decoded.references.map(\.dot) == [Dot(Self.before, 5), Dot(Self.after, 30)])
        #expect(decoded.encoded(author: Self.author) == body([]).encoded)
    }

    @Test("every kind of effect is read with the dots that its index pairs mean")
    func effects() throws {
        let seen: Item = [1, 5, 0, 3, 0, 9, 2, 30]
        let dots = [
            Dot(Self.before, 5), Dot(Self.author, 3), Dot(Self.author, 9), Dot(Self.after, 30),
        ]
        let decoded = try operations(
            edit(
                saw: seen,
                [1, 0, seen, "open", nil, .raw([0xF9, 0x3C, 0x00])],
                [2, 1, [[-1, 0, seen], [.bytes([1]), 1, []]]],
                [3, 2, [0, 1], -5],
                [4, 3, [[1, 2, -7], [0, 1, 8]], 12]))
        #expect(decoded.count == 1)
        #expect(decoded[0].table == 7)
        #expect(decoded[0].row.bytes == counting(16))
        #expect(decoded[0].verb == .edit)
        #expect(decoded[0].saw == dots)
        #expect(
            decoded[0].effects == [
                Effect(group: 1, content: .register(replaces: dots, values: [.text("open"), .null, .real(1)])),
                Effect(
                    group: 2,
                    content: .set([
                        .init(element: .integer(-1), adds: false, saw: dots),
                        .init(element: .blob([1]), adds: true, saw: []),
                    ])),
                Effect(group: 3, content: .increment(bases: [Dot(Self.author, 1)], delta: -5)),
                Effect(
                    group: 4,
                    content: .base(
                        replaces: [
                            .init(dot: Dot(Self.before, 2), sum: -7), .init(dot: Dot(Self.author, 1), sum: 8),
                        ],
                        value: 12)),
            ])
    }

    @Test("inserts, with facts, and deletes, also after edits of the same change, are read")
    func verbs() throws {
        let decoded = try operations(
            [7, Self.row, 0, [], [[1, 4, "press", 4]]], [8, Self.row, 2, [0, 1], []],
            [9, Self.row, 2, [], [[1, 2, [], 1]]])
        #expect(decoded[0].verb == .insert)
        #expect(decoded[0].effects == [Effect(group: 1, content: .fact(values: [.text("press"), .integer(4)]))])
        #expect(decoded[1] == RowOperation(table: 8, row: decoded[0].row, verb: .delete, saw: [Dot(Self.author, 1)]))
        #expect(decoded[2].verb == .delete)
        #expect(decoded[2].effects == [Effect(group: 1, content: .increment(bases: [], delta: 1))])
    }

    @Test("M1, G18: an effect of an unknown kind is kept as it is, the others take part", arguments: [6, 7, 1 << 33])
    func unknownEffects(kind: UInt64) throws {
        let unknown: Item = [2, .unsigned(kind), [0, 99], .map([("a", nil)])]
        let decoded = try operations(edit([1, 2, [], 1], unknown, [3, 2, [], 1]))
        #expect(decoded[0].effects.map(\.group) == [1, 2, 3])
        #expect(decoded[0].effects[1].content == .unknown(kind: kind, encoded: unknown.encoded))
    }

    @Test("G18: extensions are kept by number and may hold anything well-formed")
    func extensions() throws {
        let item = body([]).appending(.map([(3, "x"), (500, [.map([(nil, nil)])])]))
        let decoded = try decode(item)
        #expect(decoded.extensions == [3: Item.text("x").encoded, 500: Item.array([.map([(nil, nil)])]).encoded])
        #expect(decoded.encoded(author: Self.author) == item.encoded)
        expectBodyRefused(body([]).appending(.map([])))
        expectBodyRefused(body([]).appending(.map([(500, nil), (3, nil)])))
        expectBodyRefused(body([]).appending(.map([(3, nil), (3, nil)])))
        expectBodyRefused(body([]).appending(.map([("a", nil)])))
        expectBodyRefused(body([]).appending(.map([(1, .raw([0xC0, 0x00]))])))
        expectBodyRefused(body([]).appending(.map([(1, nil)]), nil))
        expectBodyRefused(body([]).appending(nil))
    }

    // MARK: - Dots

    @Test(
        "a dot is refused that lies beyond its reference, at or beyond the change, or at no index",
        arguments: [
            [1, 6], [2, 31], [0, 10], [0, 11], [3, 1], [0, .unsigned(1 << 63 - 1)], [.unsigned(1 << 63 - 1), 1],
            [1, 0],
        ] as [Item])
    func uncoveredDots(dots: Item) {
        expectRefused(edit(saw: dots))
        expectRefused(edit([1, 0, dots, nil]))
        expectRefused(edit([1, 1, [[nil, 1, dots]]]))
        expectRefused(edit([1, 2, dots, 1]))
        guard case .array(let pair) = dots else { return }
        expectRefused(edit([1, 3, [.array(pair + [0])], 1]))
    }

    @Test(
        "dots are refused out of the order of their replicas and numbers, twice, or without a partner",
        arguments: [
            [0, 3, 1, 5], [2, 1, 0, 1], [0, 3, 0, 2], [0, 3, 0, 3], [0], [0, 1, 2],
        ] as [Item])
    func unsortedDots(dots: Item) {
        expectRefused(edit(saw: dots))
        expectRefused(edit([1, 0, dots, nil]))
        expectRefused(edit([1, 1, [[nil, 0, dots]]]))
        expectRefused(edit([1, 2, dots, 1]))
    }

    @Test("replaced bases are sorted by dot, one each")
    func unsortedBases() {
        expectRefused(edit([1, 3, [[0, 3, 1], [1, 5, 1]], 1]))
        expectRefused(edit([1, 3, [[0, 3, 1], [0, 3, 1]], 1]))
        expectRefused(edit([1, 3, [[0, 3]], 1]))
    }

    @Test("references are sorted, one for each replica, and never to the own log")
    func references() {
        let first: Item = [.bytes(Self.before.bytes), 5, .bytes(counting(16))]
        let last: Item = [.bytes(Self.after.bytes), 5, .bytes(counting(16))]
        let own: Item = [.bytes(Self.author.bytes), 5, .bytes(counting(16))]
        expectBodyRefused(body([], references: [last, first]))
        expectBodyRefused(body([], references: [first, first]))
        expectBodyRefused(body([], references: [own]))
        expectBodyRefused(body([], references: nil))
        let many = (0...Limits.references).map { number -> Item in
            [.bytes(ReplicaID(rawValue: UInt128(number) + 100).bytes), 1, .bytes(counting(16))]
        }
        #expect(throws: Never.self) { try decode(body([], references: .array(many.dropLast()))) }
        expectBodyRefused(body([], references: .array(many)))
    }

    @Test("the first change of a log has nothing of its own to name")
    func firstChange() throws {
        let item = body([edit(saw: [0, 1])])
        #expect(throws: WireError.self) { try ChangeBody(decoding: item.encoded, author: Self.author, sequence: 1) }
        #expect(try ChangeBody(decoding: item.encoded, author: Self.author, sequence: 2).operations.count == 1)
    }

    @Test("the dots of others that references have to cover are the greatest of each")
    func foreignDots() throws {
        let operations = try operations(
            edit(
                saw: [1, 2, 0, 9], [1, 0, [1, 4], nil], [2, 1, [[nil, 1, [2, 7]]]], [3, 2, [2, 8], 1],
                [4, 3, [[1, 1, 0]], 0]))
        #expect(
            ChangeBody.foreignDots(in: operations, author: Self.author) == [Dot(Self.before, 4), Dot(Self.after, 8)])
    }

    // MARK: - Normal form (M4, M13)

    @Test("M4: operations are sorted by table and row, one for each row")
    func operationOrder() throws {
        let other = Item.bytes(counting(16, from: 1))
        _ = try operations([7, Self.row, 1, [], []], [7, other, 1, [], []], [8, Self.row, 1, [], []])
        expectRefused([7, other, 1, [], []], [7, Self.row, 1, [], []])
        expectRefused([8, Self.row, 1, [], []], [7, Self.row, 1, [], []])
        expectRefused([7, Self.row, 1, [], []], [7, Self.row, 2, [], []])
    }

    @Test("M4: effects are sorted by group, one for each")
    func effectOrder() {
        expectRefused(edit([2, 2, [], 1], [1, 2, [], 1]))
        expectRefused(edit([1, 2, [], 1], [1, 0, [], nil]))
        expectRefused(edit([1, 2, [], 1], [1, 77]))
    }

    @Test("M4: set elements are sorted by their encodings, one each")
    func elementOrder() throws {
        // -1 is 0x20 and sorts after 10, 0x0A; shorter texts sort before longer ones.
        _ = try operations(edit([1, 1, [[10, 1, []], [-1, 1, []], ["b", 1, []], ["aa", 1, []], [nil, 0, []]]]))
        expectRefused(edit([1, 1, [[-1, 1, []], [10, 1, []]]]))
        expectRefused(edit([1, 1, [["aa", 1, []], ["b", 1, []]]]))
        expectRefused(edit([1, 1, [[10, 1, []], [10, 0, []]]]))
        expectRefused(edit([1, 1, [[10, 2, []]]]))
        expectRefused(edit([1, 1, [[10, 1]]]))
        expectRefused(edit([1, 1, [[[], 1, []]]]))
        expectRefused(edit([1, 1, []]))
    }

    @Test(
        "O3: an insert names nothing earlier and takes nothing away",
        arguments: [
            [1, 0, [0, 1], nil], [1, 1, [[nil, 1, [0, 1]]]], [1, 1, [[nil, 0, []]]], [1, 2, [0, 1], 1],
            [1, 3, [[0, 1, 5]], 1], [1, 3, [[0, 0, 5]], 1],
        ] as [Item])
    func inserts(effect: Item) throws {
        expectRefused([7, Self.row, 0, [], [effect]])
        _ = try operations(edit(effect))
        _ = try operations(
            [7, Self.row, 0, [], [[1, 0, [], nil], [2, 1, [[nil, 1, []]]], [3, 2, [], 1], [4, 3, [], 1]]])
    }

    @Test("F4: a base replaces the initial zero alone, under the author's own name, with a sum that is not 0")
    func initialZero() throws {
        let decoded = try operations(edit([1, 3, [[0, 0, -5]], 12]))
        #expect(
            decoded[0].effects[0].content
                == .base(replaces: [.init(dot: Dot(Self.author, 0), sum: -5)], value: 12))
        expectRefused(edit([1, 3, [[0, 0, 0]], 12]))
        expectRefused(edit([1, 3, [[1, 0, 5]], 12]))
        expectRefused(edit([1, 3, [[0, 0, 5], [0, 1, 5]], 12]))
        expectRefused(edit([1, 3, [[1, 1, 5], [0, 0, 5]], 12]))
        for dots in [[0, 0], [0, 0, 0, 1]] as [Item] {
            expectRefused(edit(saw: dots))
            expectRefused(edit([1, 0, dots, nil]))
            expectRefused(edit([1, 1, [[nil, 1, dots]]]))
            expectRefused(edit([1, 2, dots, 1]))
        }
    }

    @Test("M5, M13: an insert saw nothing, a fact is written in an insert, verbs are known")
    func verbRules() {
        expectRefused([7, Self.row, 0, [0, 1], []])
        expectRefused(edit([1, 4, "press"]))
        expectRefused([7, Self.row, 2, [], [[1, 4, "press"]]])
        expectRefused([7, Self.row, 3, [], []])
        expectRefused([7, Self.row, 256, [], []])
    }

    @Test("M9: an increment is not 0 and at most 2^53 either way")
    func increments() throws {
        _ = try operations(edit([1, 2, [], 9_007_199_254_740_992], [2, 2, [], -9_007_199_254_740_992]))
        expectRefused(edit([1, 2, [], 0]))
        expectRefused(edit([1, 2, [], 9_007_199_254_740_993]))
        expectRefused(edit([1, 2, [], -9_007_199_254_740_993]))
        expectRefused(edit([1, 2, [], .negative(argument: 1 << 63 - 1)]))
        expectRefused(edit([1, 2, [], .unsigned(1 << 63)]))
    }

    @Test("effects have all of their fields and no more")
    func effectFields() {
        expectRefused(edit([]))
        expectRefused(edit([1]))
        expectRefused(edit([1, 0]))
        expectRefused(edit([1, 0, []]))
        expectRefused(edit([1, 1]))
        expectRefused(edit([1, 1, [[nil, 1, []]], nil]))
        expectRefused(edit([1, 2, []]))
        expectRefused(edit([1, 2, [], 1, nil]))
        expectRefused(edit([1, 3, []]))
        expectRefused(edit([1, 3, [], 1, nil]))
        expectRefused([7, Self.row, 0, [], [[1, 4]]])
        expectRefused([7, Self.row, 1, []])
        expectRefused([7, Self.row, 1, [], [], nil])
    }

    @Test(
        "M14: values are canonical, wherever they stand",
        arguments: [
            .raw([0xF9, 0x80, 0x00]), .raw([0xF9, 0x7E, 0x00]), .raw([0xFA, 0x3F, 0x80, 0, 0]), .raw([0x61, 0x00]),
            .raw([0x61, 0xFF]), .raw([0x18, 0x01]), .raw([0xF5]), .raw([0xF7]), [], .map([]),
        ] as [Item])
    func values(value: Item) {
        expectRefused(edit([1, 0, [], value]))
        expectRefused(edit([1, 1, [[value, 1, []]]]))
        expectRefused([7, Self.row, 0, [], [[1, 4, value]]])
    }

    @Test("tables and groups are numbers of 32 bits")
    func identifiers() {
        expectRefused([.unsigned(1 << 32), Self.row, 1, [], []])
        expectRefused(edit([.unsigned(1 << 32), 2, [], 1]))
        expectRefused(edit([.unsigned(1 << 32), 77]))
        expectRefused([7, .bytes(counting(15)), 1, [], []])
    }

    @Test("L10: actor and reason have limits; a lamport number is from 1 to 2^63 - 1")
    func bounds() throws {
        for (index, limit) in [(3, Limits.actorBytes), (4, Limits.reasonBytes)] {
            _ = try decode(body([]).replacing(index, with: .text(String(repeating: "x", count: limit))))
            expectBodyRefused(body([]).replacing(index, with: .text(String(repeating: "x", count: limit + 1))))
        }
        _ = try decode(body([]).replacing(1, with: .unsigned(1 << 63 - 1)))
        expectBodyRefused(body([]).replacing(1, with: .unsigned(1 << 63)))
        expectBodyRefused(body([]).replacing(1, with: 0))
        _ = try decode(body([]).replacing(0, with: .unsigned(1 << 63 - 1)))
        expectBodyRefused(body([]).replacing(0, with: .unsigned(1 << 63)))
    }
}
