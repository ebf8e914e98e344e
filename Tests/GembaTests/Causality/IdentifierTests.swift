import GembaCausality
import GembaSimulation
import GembaWire
import Testing

@Suite("Identifiers")
struct IdentifierTests {
    @Test("hold exactly their bytes and show them in hexadecimal")
    func bytes() throws {
        let replica = try #require(ReplicaID(bytes: counting(16)))
        #expect(replica.bytes == counting(16))
        #expect(replica.description == "000102030405060708090a0b0c0d0e0f")
        #expect(ReplicaID(hexadecimal: replica.description) == replica)
        let key = try #require(StationKey(bytes: counting(32, from: 0xE0)))
        #expect(key.bytes == counting(32, from: 0xE0))
        #expect(StationKey(hexadecimal: key.description.uppercased()) == key)
    }

    @Test("refuse other lengths")
    func lengths() {
        for count in [0, 1, 15, 17, 32] { #expect(ReplicaID(bytes: counting(count)) == nil) }
        for count in [0, 16, 31, 33] { #expect(StationKey(bytes: counting(count)) == nil) }
        #expect(ReplicaID(hexadecimal: "00") == nil)
    }

    @Test("order as their bytes do")
    func order() {
        var random = SeededGenerator(seed: 0x0DE5)
        for _ in 0..<1000 {
            // Few distinct bytes, so that common prefixes occur.
            let left = (0..<32).map { _ in UInt8(random.below(2)) }
            let right = (0..<32).map { _ in UInt8(random.below(2)) }
            #expect((StationKey(bytes: left)! < StationKey(bytes: right)!) == left.lexicographicallyPrecedes(right))
            let (short, other) = (left.prefix(16), right.prefix(16))
            #expect((RowID(bytes: short)! < RowID(bytes: other)!) == short.lexicographicallyPrecedes(other))
        }
    }

    @Test("are taken from hashes: 16 bytes for a replica and a prefix, all 32 for a plant")
    func hashes() throws {
        let hash = try #require(ChangeHash(bytes: counting(32)))
        #expect(hash.prefix.bytes == counting(16))
        #expect(hash.replica.bytes == counting(16))
        #expect(hash.plant.bytes == counting(32))
        #expect(ChangeHash.beforeGenesis.bytes == [UInt8](repeating: 0, count: 32))
    }

    @Test("dots order by replica, then by sequence number")
    func dots() {
        let (first, second) = (ReplicaID(rawValue: 1), ReplicaID(rawValue: 2))
        let sorted = [Dot(first, 2), Dot(first, 9), Dot(second, 0)]
        #expect(sorted.reversed().sorted() == sorted)
    }

    @Test("hexadecimal refuses odd lengths and other characters", arguments: ["0", "0g", "g0", " 00", "0x00", "é"])
    func hexadecimal(text: String) {
        #expect(Hexadecimal.decode(text) == nil)
    }
}
