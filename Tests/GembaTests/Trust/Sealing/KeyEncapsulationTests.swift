import Crypto
import Foundation
import GembaCausality
import GembaSimulation
import GembaWire
import Testing

@testable import GembaTrust

@Suite("Wrapping of epoch keys")
struct KeyEncapsulationTests {
    private let info = Array("info".utf8)

    @Test("what is sealed here is opened by swift-crypto's HPKE, and what that seals is opened here")
    func agreement() throws {
        var generator = SeededGenerator(seed: 1)
        for length in [0, 1, 32, 100] {
            let recipient = Curve25519.KeyAgreement.PrivateKey()
            let key = try #require(SealingKey(bytes: recipient.publicKey.rawRepresentation))
            let ephemeral = try Curve25519.KeyAgreement.PrivateKey(rawRepresentation: generator.bytes(32))
            let message = generator.bytes(length)
            let sealed = try #require(KeyEncapsulation.seal(message, info: info, to: key, ephemeral: ephemeral))
            #expect(sealed.encapsulated.count == 32 && sealed.sealed.count == length + 16)
            #expect(
                KeyEncapsulation.open(sealed.sealed, encapsulated: sealed.encapsulated, info: info, with: recipient)
                    == message)

            var sender = try HPKE.Sender(
                recipientKey: recipient.publicKey, ciphersuite: .Curve25519_SHA256_ChachaPoly, info: Data(info))
            let theirs = try sender.seal(message)
            #expect(
                KeyEncapsulation.open(
                    Array(theirs), encapsulated: Array(sender.encapsulatedKey), info: info, with: recipient) == message)
        }
    }

    @Test("nothing opens with another key, info, encapsulated key or ciphertext")
    func refusal() throws {
        let recipient = Curve25519.KeyAgreement.PrivateKey()
        let key = try #require(SealingKey(bytes: recipient.publicKey.rawRepresentation))
        let (encapsulated, sealed) = try #require(
            KeyEncapsulation.seal([1, 2, 3], info: info, to: key, ephemeral: .init()))
        func opens(
            _ sealed: [UInt8], _ encapsulated: [UInt8], _ info: [UInt8], _ key: Curve25519.KeyAgreement.PrivateKey
        ) -> Bool {
            KeyEncapsulation.open(sealed, encapsulated: encapsulated, info: info, with: key) != nil
        }
        #expect(opens(sealed, encapsulated, info, recipient))
        #expect(!opens(sealed, encapsulated, info, .init()))
        #expect(!opens(sealed, encapsulated, info + [0], recipient))
        #expect(!opens(sealed, [UInt8](repeating: 0, count: 32), info, recipient))
        #expect(!opens(sealed, [], info, recipient))
        for index in sealed.indices {
            var altered = sealed
            altered[index] ^= 1
            #expect(!opens(altered, encapsulated, info, recipient))
        }
        #expect(!opens(Array(sealed.dropLast()), encapsulated, info, recipient))
    }

    @Test("a key of small order is given nothing")
    func smallOrder() throws {
        var generator = SeededGenerator(seed: 2)
        let epoch = EpochKey(using: &generator)
        for coordinate in X25519Encoding.smallOrderCoordinates {
            let key = try #require(SealingKey(bytes: coordinate))
            #expect(KeyEncapsulation.seal([1], info: info, to: key, ephemeral: .init()) == nil)
            let error = #expect(throws: TrustError.self) {
                try epoch.wrapped(for: key, plant: PlantID(rawValue: .init(high: 0, low: 0)), using: &generator)
            }
            #expect(error?.code == .unacceptableKey)
        }
    }
}
