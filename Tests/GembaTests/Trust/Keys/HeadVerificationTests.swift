import GembaCausality
import GembaSimulation
import GembaTrust
import GembaWire
import Testing

@Suite("L4: signed heads")
struct HeadVerificationTests {
    private let identity: StationIdentity
    private let plant: PlantID
    private let head: SignedHead

    init() throws {
        var generator = SeededGenerator(seed: 8)
        identity = StationIdentity.generate(using: &generator)
        plant = try #require(PlantID(bytes: generator.bytes(32)))
        let hash = try #require(ChangeHash(bytes: generator.bytes(32)))
        head = identity.signHead(replica: hash.replica, sequence: 41, hash: hash, plant: plant)
    }

    @Test("A head that its station signed is valid")
    func valid() {
        #expect(head.signature.count == 64)
        #expect(HeadVerification.isValid(head, by: identity.stationKey, plant: plant))
    }

    @Test("Every single flipped bit of the signature is refused")
    func flippedSignature() {
        for bit in 0..<512 {
            var forged = head
            forged.signature[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!HeadVerification.isValid(forged, by: identity.stationKey, plant: plant), "bit \(bit)")
        }
    }

    @Test("Every single flipped bit of the hash, the replica and the plant is refused")
    func flippedPayload() throws {
        for bit in 0..<256 {
            let flip: (inout [UInt8]) -> Void = { $0[bit / 8] ^= 1 << UInt8(bit % 8) }
            var bytes = head.hash.bytes
            flip(&bytes)
            var forged = head
            forged.hash = try #require(ChangeHash(bytes: bytes))
            #expect(!HeadVerification.isValid(forged, by: identity.stationKey, plant: plant))

            bytes = plant.bytes
            flip(&bytes)
            let other = try #require(PlantID(bytes: bytes))
            #expect(!HeadVerification.isValid(head, by: identity.stationKey, plant: other))
        }
        for bit in 0..<128 {
            var forged = head
            forged.replica = ReplicaID(rawValue: head.replica.rawValue ^ (1 << UInt128(bit)))
            #expect(!HeadVerification.isValid(forged, by: identity.stationKey, plant: plant))
        }
        for bit in 0..<63 {
            var forged = head
            forged.sequence ^= 1 << UInt64(bit)
            #expect(!HeadVerification.isValid(forged, by: identity.stationKey, plant: plant))
        }
    }

    @Test("A head is not valid under another station's key or one that is not acceptable")
    func otherKey() throws {
        #expect(!HeadVerification.isValid(head, by: StationIdentity.generate().stationKey, plant: plant))
        for point in KeyAcceptanceTests.smallOrderPoints {
            #expect(!HeadVerification.isValid(head, by: try #require(StationKey(hexadecimal: point)), plant: plant))
        }
    }
}
