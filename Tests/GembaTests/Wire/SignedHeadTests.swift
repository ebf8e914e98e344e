import Crypto
import GembaCausality
import GembaWire
import Testing

@Suite("SignedHead")
struct SignedHeadTests {
    private let hash = ChangeHash(rawValue: ThirtyTwoByteValue(high: 1 << 120, low: 2))
    private let plant = PlantID(rawValue: ThirtyTwoByteValue(high: 3 << 120, low: 4))
    private let replica = ReplicaID(rawValue: 5 << 120)

    @Test("L4: what is signed binds algorithm, purpose, plant, replica, sequence number and hash")
    func signedBytes() {
        let associated: Item = ["gemba/head/1", .bytes(plant.bytes)]
        let payload: Item = [.bytes(replica.bytes), 300, .bytes(hash.bytes)]
        let structure: Item = [
            "Signature1", .bytes([0xA1, 0x01, 0x27]), .bytes(associated.encoded), .bytes(payload.encoded),
        ]
        let signed = SignedHead.signedBytes(replica: replica, sequence: 300, hash: hash, plant: plant)
        #expect(signed == structure.encoded)
    }

    @Test("is a COSE_Sign1 with a detached payload and no tag")
    func cose() throws {
        let head = SignedHead(replica: replica, sequence: 1, hash: hash, signature: counting(64))
        let item: Item = [.bytes([0xA1, 0x01, 0x27]), .map([]), nil, .bytes(counting(64))]
        #expect(head.encodedCOSE() == item.encoded)
        #expect(try SignedHead.signature(decodingCOSE: item.encoded) == counting(64))
    }

    @Test("another algorithm, unprotected headers, an embedded payload, a tag or another length is refused")
    func refusals() {
        let item: Item = [.bytes([0xA1, 0x01, 0x27]), .map([]), nil, .bytes(counting(64))]
        let variants: [Item] = [
            item.replacing(0, with: .bytes([0xA1, 0x01, 0x26])), item.replacing(0, with: .bytes([])),
            item.replacing(1, with: .map([(4, .bytes([1]))])), item.replacing(2, with: .bytes([1])),
            item.replacing(3, with: .bytes(counting(63))), item.replacing(3, with: .bytes(counting(65))),
            item.appending(nil), .raw([0xD2] + item.encoded), .raw(item.encoded + [0]),
        ]
        for variant in variants {
            #expect(throws: WireError.self) { try SignedHead.signature(decodingCOSE: variant.encoded) }
        }
    }

    @Test("verifies under the key that signed it, and under no other plant, replica, number or hash")
    func verification() throws {
        let key = try Curve25519.Signing.PrivateKey(rawRepresentation: counting(32))
        let signature = try key.signature(
            for: SignedHead.signedBytes(replica: replica, sequence: 7, hash: hash, plant: plant))
        let head = SignedHead(replica: replica, sequence: 7, hash: hash, signature: Array(signature))
        func verifies(_ head: SignedHead, in plant: PlantID) -> Bool {
            key.publicKey.isValidSignature(head.signature, for: head.signedBytes(plant: plant))
        }
        #expect(verifies(head, in: plant))
        #expect(!verifies(head, in: hash.plant))
        var other = head
        other.sequence = 8
        #expect(!verifies(other, in: plant))
        other = head
        other.replica = ReplicaID(rawValue: 1)
        #expect(!verifies(other, in: plant))
        other = head
        other.hash = .beforeGenesis
        #expect(!verifies(other, in: plant))
    }
}
