import Crypto
import GembaCausality
import GembaSimulation
import Testing

@testable import GembaTrust
@testable import GembaWire

@Suite("L4: keys that are not canonical or of small order are refused at admission")
struct KeyAcceptanceTests {
    /// The eight points whose order divides 8, in their canonical encodings ("Taming the Many EdDSAs", table 1).
    static let smallOrderPoints = [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    ]

    /// The encodings of small-order points that are not canonical.
    static let nonCanonicalSmallOrderPoints = [
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ]

    @Test("A small-order Ed25519 point is no station or invite key", arguments: smallOrderPoints)
    func smallOrder(_ point: String) throws {
        #expect(try !#require(StationKey(hexadecimal: point)).isAcceptable)
        #expect(try !#require(InviteKey(hexadecimal: point)).isAcceptable)
    }

    @Test("A second encoding of a point is no station key", arguments: nonCanonicalSmallOrderPoints)
    func nonCanonicalSmallOrder(_ point: String) throws {
        #expect(try !#require(StationKey(hexadecimal: point)).isAcceptable)
    }

    @Test("The 19 numbers from p to 2^255 - 1 are no coordinates", arguments: 0..<19)
    func notReduced(offset: Int) throws {
        let bytes = [UInt8(0xED + offset)] + [UInt8](repeating: 0xFF, count: 30) + [0x7F]
        #expect(try !#require(StationKey(bytes: bytes)).isAcceptable)
        #expect(try !#require(TransportKey(bytes: bytes)).isAcceptable)
        #expect(try !#require(SealingKey(bytes: bytes)).isAcceptable)
    }

    /// u coordinates of small order (RFC 7748, section 6.1 asks for the all-zero check that they cause).
    static let smallOrderCoordinates = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    ]

    @Test("A small-order X25519 coordinate is no transport or sealing key", arguments: smallOrderCoordinates)
    func smallOrderCoordinate(_ coordinate: String) throws {
        #expect(try !#require(TransportKey(hexadecimal: coordinate)).isAcceptable)
        #expect(try !#require(SealingKey(hexadecimal: coordinate)).isAcceptable)
        // The reason for the rule: agreement with it yields zero for every secret, which the library does not refuse.
        let publicKey = try Curve25519.KeyAgreement.PublicKey(rawRepresentation: hex(coordinate))
        let shared = try? Curve25519.KeyAgreement.PrivateKey().sharedSecretFromKeyAgreement(with: publicKey)
        #expect(shared?.withUnsafeBytes { $0.allSatisfy { $0 == 0 } } ?? true)
    }

    @Test("An X25519 coordinate with the unused top bit set is a second encoding and no key")
    func topBit() throws {
        var bytes = StationIdentity.generate().transportKey.bytes
        bytes[31] |= 0x80
        #expect(try !#require(TransportKey(bytes: bytes)).isAcceptable)
    }

    @Test("Every generated key is acceptable")
    func generated() {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<64 {
            let identity = StationIdentity.generate(using: &generator)
            #expect(identity.stationKey.isAcceptable)
            #expect(identity.transportKey.isAcceptable)
            #expect(identity.sealingKey.isAcceptable)
        }
    }
}
