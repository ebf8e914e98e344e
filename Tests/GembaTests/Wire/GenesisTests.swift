import GembaCausality
import GembaWire
import Testing

@Suite("Genesis")
struct GenesisTests {
    private static let key = Item.bytes(counting(32))
    private static let reference: Item = [.bytes(counting(16)), 3, .bytes(counting(16))]
    private static let member: Item = ["press-4", 3, key, key]
    private static let founding: Item = ["Werk Nord", key, member]

    /// The genesis of a data log.
    private static let joined: Item = [1, 0, key, key, .bytes(counting(16)), 2, [reference], [reference], nil]
    /// The roster genesis that founds a plant.
    private static let founder: Item = [1, 1, nil, key, .bytes(counting(16)), 1, [], [], founding]

    @Test("L3: states plant, station, randomness, incarnation, predecessors and roster frontier")
    func encoding() throws {
        let reference = ChangeReference(
            replica: try #require(ReplicaID(bytes: counting(16))), sequence: 3,
            prefix: try #require(HashPrefix(bytes: counting(16))))
        let genesis = Genesis(
            kind: .data, plant: PlantID(bytes: counting(32)), station: try #require(StationKey(bytes: counting(32))),
            random: counting(16), incarnation: 2, predecessors: [reference], rosterFrontier: [reference])
        #expect(genesis.encoded() == Self.joined.encoded)
        #expect(try Genesis(decoding: Self.joined.encoded) == genesis)
    }

    @Test("T1: the founder's roster genesis holds name, recovery key and founder, and names no plant")
    func founding() throws {
        let genesis = try Genesis(decoding: Self.founder.encoded)
        #expect(genesis.plant == nil)
        #expect(genesis.founding?.plantName == "Werk Nord")
        #expect(genesis.founding?.founder.name == "press-4")
        #expect(genesis.founding?.founder.role == .admin)
        #expect(genesis.encoded() == Self.founder.encoded)
    }

    @Test("is refused unless it either belongs to a plant or founds one, as a roster log")
    func plants() {
        expectRefused(Self.joined.replacing(2, with: nil))
        expectRefused(Self.joined.replacing(8, with: Self.founding))
        expectRefused(Self.founder.replacing(2, with: Self.key))
        expectRefused(Self.founder.replacing(8, with: nil))
        expectRefused(Self.founder.replacing(1, with: 0))
        expectRefused(Self.founder.replacing(7, with: [Self.reference]))
    }

    @Test("of another format is told apart from a malformed one")
    func format() {
        #expect(throws: WireError(.unsupportedVersion, offset: 2)) {
            try Genesis(decoding: Self.joined.replacing(0, with: 2).encoded)
        }
    }

    @Test("counts incarnations from 1")
    func incarnations() {
        expectRefused(Self.joined.replacing(5, with: 0))
    }

    @Test("is refused with an unknown kind of log, too little randomness, unsorted references or other parts")
    func form() {
        expectRefused(Self.joined.replacing(1, with: 2))
        expectRefused(Self.joined.replacing(4, with: .bytes(counting(15))))
        expectRefused(Self.joined.replacing(6, with: [Self.reference, Self.reference]))
        expectRefused(Self.joined.replacing(7, with: [Self.reference, Self.reference]))
        expectRefused(Self.joined.appending(nil))
        expectRefused(founder(Self.member.replacing(1, with: 4)))
        let long = Item.text(String(repeating: "x", count: Limits.nameBytes + 1))
        expectRefused(Self.founder.replacing(8, with: Self.founding.replacing(0, with: long)))
        expectRefused(founder(Self.member.replacing(0, with: long)))
    }

    @Test("L1: names its replica and, when it founds, its plant by its hash")
    func names() throws {
        let entry = Entry(deps: [], body: Self.founder.encoded)
        let hash = entry.hash(replica: nil, sequence: 0, previous: .beforeGenesis)
        #expect(hash.replica.bytes == Array(hash.bytes.prefix(16)))
        #expect(hash.plant.bytes == hash.bytes)
        // Other randomness makes another name: two clones of one disk never share one.
        let clone = Entry(deps: [], body: Self.founder.replacing(4, with: .bytes(counting(16, from: 1))).encoded)
        #expect(clone.hash(replica: nil, sequence: 0, previous: .beforeGenesis).replica != hash.replica)
    }

    private func founder(_ member: Item) -> Item {
        Self.founder.replacing(8, with: Self.founding.replacing(2, with: member))
    }

    private func expectRefused(_ item: Item, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(throws: WireError.self, sourceLocation: sourceLocation) { try Genesis(decoding: item.encoded) }
    }
}
