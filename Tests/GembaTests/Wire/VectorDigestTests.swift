import Crypto
import GembaCausality
import GembaWire
import Testing

@Suite("VectorDigest")
struct VectorDigestTests {
    private let references = (1...3).map {
        ChangeReference(replica: ReplicaID(rawValue: $0), sequence: 1000, prefix: HashPrefix(rawValue: $0 << 100))
    }

    @Test("is the beginning of the hash of the encoded references, one after another")
    func value() {
        let digest = Array(SHA256.hash(data: references.flatMap { $0.encoded() }))
        #expect(VectorDigest.root(references).bytes == Array(digest.prefix(16)))
        #expect(VectorDigest.child(references) == digest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
    }

    @Test("of nothing is that of no bytes")
    func empty() {
        #expect(VectorDigest.root([]).description == "e3b0c44298fc1c149afbf4c8996fb924")
        #expect(VectorDigest.child([]) == 0xE3B0_C442_98FC_1C14)
    }

    @Test("L1: covers replica, sequence number and hash prefix of every entry")
    func coverage() {
        var digests: Set<HashPrefix> = [VectorDigest.root(references), VectorDigest.root(references.dropLast())]
        for index in references.indices {
            var changed = references
            changed[index].sequence += 1
            digests.insert(VectorDigest.root(changed))
            changed = references
            changed[index].prefix = HashPrefix(rawValue: 7)
            digests.insert(VectorDigest.root(changed))
            changed = references
            changed[index].replica = ReplicaID(rawValue: 9)
            digests.insert(VectorDigest.root(changed))
        }
        #expect(digests.count == 11)
    }
}
