import GembaCausality
import GembaWire
import Testing

@Suite("Protocol vectors: encoding, entries, genesis and bodies")
struct EncodingVectorTests {
    @Test("items of the CBOR subset (01-encoding)", arguments: Vector.all(in: "items"))
    func items(_ vector: Vector) throws {
        let item = try vector.check { (bytes) throws(WireError) in
            var decoder = CBORDecoder(bytes)
            let item = try decoder.skipItem()
            try decoder.finish()
            return Array(item)
        } encode: {
            $0
        }
        let isValue = ["null", "int", "float", "bytes", "text"].contains { vector["value"][$0] != .null }
        guard let item, isValue else { return }
        let value = try Value(decoding: item)
        #expect(value.vectorDescription == vector["value"])
        #expect(value.encoded() == item)
    }

    @Test("entries with their headers and hashes (02-change, sections 2 and 3)", arguments: Vector.all(in: "entries"))
    func entries(_ vector: Vector) throws {
        let place = vector["place"]
        let sequence = SequenceNumber(try #require(place["sequence"].integer))
        let kind: LogKind = place["kind"] == 0 ? .data : .roster
        let replica = try place["replica"].fixedOrNull(ReplicaID.self)
        let previous = try place["previous"].fixed(ChangeHash.self)
        let entry = try vector.check { (bytes) throws(WireError) in
            let entry = try Entry(decoding: bytes)
            try entry.validate(in: kind, of: replica, at: sequence)
            return entry
        } encode: {
            $0.encoded()
        }
        guard let entry else { return }
        #expect(.list(entry.deps) { $0.vectorDescription } == vector["deps"])
        #expect(entry.seal.map { [$0.epoch.vectorDescription, .hexadecimal($0.nonce)] } ?? .null == vector["seal"])
        #expect(.number(entry.coding.rawValue) == vector["coding"])
        #expect(.hexadecimal(entry.body) == vector["body"])
        #expect(.hexadecimal(entry.header(replica: replica, sequence: sequence)) == vector["header"])
        let hash = entry.hash(replica: replica, sequence: sequence, previous: previous)
        #expect(hash.vectorDescription == vector["hash"])
    }

    @Test(
        "geneses, the names that they make and their entries (02-change, section 4)",
        arguments: Vector.all(in: "genesis"))
    func geneses(_ vector: Vector) throws {
        let genesis = try vector.check(Genesis.init(decoding:)) { $0.encoded() }
        guard let genesis, case .object(let description) = genesis.vectorDescription else { return }
        for (field, value) in description { #expect(value == vector[field], "\(field)") }
        let entry = Entry(deps: [], body: try vector.input)
        #expect(.hexadecimal(entry.encoded()) == vector["entry"])
        let hash = entry.hash(replica: nil, sequence: 0, previous: .beforeGenesis)
        #expect(hash.vectorDescription == vector["hash"])
        #expect(hash.replica.vectorDescription == vector["replica"])
    }

    @Test("bodies of data entries (02-change, section 5; 04-operations)", arguments: Vector.all(in: "bodies"))
    func bodies(_ vector: Vector) throws {
        let author: ReplicaID = try vector.fixed("author")
        let sequence = try vector.sequence("sequence")
        let body = try vector.check { (bytes) throws(WireError) in
            try ChangeBody(decoding: bytes, author: author, sequence: sequence)
        } encode: {
            $0.encoded(author: author)
        }
        if let body { #expect(body.vectorDescription == vector["expected"]) }
    }
}
