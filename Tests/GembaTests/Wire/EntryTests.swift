import Crypto
import GembaCausality
import GembaWire
import Testing

@Suite("Entry")
struct EntryTests {
    private let replica = ReplicaID(rawValue: 0x0A)
    private let dep = ChangeReference(
        replica: ReplicaID(rawValue: 1), sequence: 24, prefix: HashPrefix(rawValue: 0xFF))

    private var depItem: Item { [.bytes(id(1)), 24, .bytes(id(0xFF))] }

    private func id(_ last: UInt8) -> [UInt8] { [UInt8](repeating: 0, count: 15) + [last] }

    @Test("is deps, seal, coding and body")
    func encoding() {
        let plain = Entry(deps: [dep], body: [1, 2])
        #expect(plain.encoded() == Item.array([[depItem], nil, 0, .bytes([1, 2])]).encoded)
        let seal = SealParameters(epoch: EpochID(rawValue: 5), nonce: counting(12))
        let sealed = Entry(deps: [], seal: seal, coding: .zstandard, body: [3])
        #expect(sealed.encoded() == Item.array([[], [.bytes(id(5)), .bytes(counting(12))], 1, .bytes([3])]).encoded)
    }

    @Test("L1: its header states place, body length and body hash")
    func header() {
        let entry = Entry(deps: [dep], coding: .zstandard, body: [1, 2])
        let bodyHash = Item.bytes(Array(SHA256.hash(data: [1, 2])))
        #expect(
            entry.header(replica: replica, sequence: 7)
                == Item.array([1, .bytes(id(0x0A)), 7, [depItem], nil, 1, 2, bodyHash]).encoded)
        let genesis = Entry(deps: [], body: [1, 2])
        #expect(genesis.header(replica: nil, sequence: 0) == Item.array([1, nil, 0, [], nil, 0, 2, bodyHash]).encoded)
    }

    @Test("L1: its hash covers tag, previous hash and header, in this order")
    func hash() throws {
        let entry = Entry(deps: [dep], body: [1, 2])
        let previous = try #require(ChangeHash(bytes: counting(32)))
        let header = entry.header(replica: replica, sequence: 7)
        let expected = Array(SHA256.hash(data: Array("gemba/entry/1".utf8) + previous.bytes + header))
        #expect(entry.hash(replica: replica, sequence: 7, previous: previous).bytes == expected)
        #expect(Entry.hash(header: header, previous: previous).bytes == expected)
    }

    @Test("L1: its hash changes with every part of it and with its place")
    func hashCoverage() {
        let seal = SealParameters(epoch: EpochID(rawValue: 5), nonce: counting(12))
        let base = Entry(deps: [dep], seal: seal, body: [1, 2])
        var hashes: Set<ChangeHash> = []
        var variants = [Entry](repeating: base, count: 7)
        variants[1].deps = []
        variants[2].deps[0].prefix = HashPrefix(rawValue: 0xFE)
        variants[3].seal?.nonce[11] ^= 1
        variants[4].seal = nil
        variants[5].coding = .zstandard
        variants[6].body[1] ^= 1
        for entry in variants { hashes.insert(entry.hash(replica: replica, sequence: 7, previous: .beforeGenesis)) }
        hashes.insert(base.hash(replica: replica, sequence: 8, previous: .beforeGenesis))
        hashes.insert(base.hash(replica: ReplicaID(rawValue: 9), sequence: 7, previous: .beforeGenesis))
        hashes.insert(base.hash(replica: replica, sequence: 7, previous: ChangeHash(bytes: counting(32))!))
        #expect(hashes.count == 10)
    }

    @Test("is refused with deps out of order, twice, or too many of them")
    func deps() throws {
        let later: Item = [.bytes(id(2)), 0, .bytes(id(0))]
        try expectAccepted([[depItem, later], nil, 0, .bytes([])])
        expectRefused([[later, depItem], nil, 0, .bytes([])])
        expectRefused([[depItem, depItem], nil, 0, .bytes([])])
        let many = (0...Limits.deps).map { number -> Item in
            [.bytes(ReplicaID(rawValue: UInt128(number)).bytes), 1, .bytes(id(0))]
        }
        try expectAccepted([.array(Array(many.dropLast())), nil, 0, .bytes([])])
        expectRefused([.array(many), nil, 0, .bytes([])])
    }

    @Test("is refused with an unknown coding, a wrong nonce, a body beyond its limit or other parts")
    func form() throws {
        expectRefused([[], nil, 2, .bytes([])])
        expectRefused([[], nil, 256, .bytes([])])
        expectRefused([[], nil, nil, .bytes([])])
        expectRefused([[], [.bytes(id(5)), .bytes(counting(11))], 0, .bytes([])])
        expectRefused([[], [.bytes(id(5))], 0, .bytes([])])
        expectRefused([[], nil, 0, "body"])
        expectRefused([[], nil, 0])
        expectRefused([[], nil, 0, .bytes([]), nil])
        try expectAccepted([[], nil, 0, .bytes(counting(Limits.bodyBytes))])
        expectRefused([[], nil, 0, .bytes(counting(Limits.bodyBytes + 1))])
    }

    @Test("is refused with a sequence number beyond 63 bits")
    func sequence() throws {
        try expectAccepted([[[.bytes(id(1)), .unsigned(1 << 63 - 1), .bytes(id(0))]], nil, 0, .bytes([])])
        expectRefused([[[.bytes(id(1)), .unsigned(1 << 63), .bytes(id(0))]], nil, 0, .bytes([])])
    }

    @Test("obeys the rules of its place")
    func place() throws {
        let plain = Entry(deps: [], body: [])
        let dependent = Entry(deps: [dep], body: [])
        let compressed = Entry(deps: [], coding: .zstandard, body: [])
        let sealed = Entry(deps: [], seal: SealParameters(epoch: EpochID(rawValue: 5), nonce: counting(12)), body: [])
        for kind in LogKind.allCases {
            try plain.validate(in: kind, of: nil, at: 0)
            try dependent.validate(in: kind, of: replica, at: 1)
            for entry in [dependent, compressed, sealed] {
                #expect(throws: WireError.self) { try entry.validate(in: kind, of: nil, at: 0) }
            }
            #expect(throws: WireError.self) { try dependent.validate(in: kind, of: dep.replica, at: 1) }
        }
        for entry in [compressed, sealed] {
            try entry.validate(in: .data, of: replica, at: 1)
            #expect(throws: WireError.self) { try entry.validate(in: .roster, of: replica, at: 1) }
        }
    }

    private func expectAccepted(_ item: Item) throws {
        #expect(try Entry(decoding: item.encoded).encoded() == item.encoded)
    }

    private func expectRefused(_ item: Item, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(throws: WireError.self, sourceLocation: sourceLocation) { try Entry(decoding: item.encoded) }
    }
}
