import Crypto
import Foundation
import GembaCausality
import GembaSimulation
import GembaWire
import Testing

@testable import GembaTrust

@Suite("Keys that are locked with a passphrase")
struct LockedKeysTests {
    /// A cost that takes no time.
    private static let cheap = DerivationCost(logarithm: 4, passes: 1)
    private let right: Passphrase
    private let wrong: Passphrase

    init() throws {
        right = try #require(Passphrase("correct horse"))
        wrong = try #require(Passphrase("correct horsf"))
    }

    private func envelope(_ plain: [UInt8], cost: DerivationCost = cheap, seed: UInt64 = 1) throws -> [UInt8] {
        var random = SeededGenerator(seed: seed)
        return try KeyEnvelope(locking: plain, with: right, cost: cost, using: &random).encoded
    }

    @Test("T5: what was locked opens with its passphrase and no other, and shows nothing of the keys")
    func roundTrip() throws {
        let plain = counting(140, from: 7)
        let file = try envelope(plain)
        #expect(KeyEnvelope.isEnvelope(file) && !KeyEnvelope.isEnvelope(plain))
        let read = try KeyEnvelope(decoding: file)
        #expect(try read.unlocked(with: right) == plain)
        #expect(try read.unlocked(with: wrong) == nil)
        #expect(read.encoded == file)
        for start in 0..<(plain.count - 8) { #expect(!file.contains(Array(plain[start..<start + 8]))) }
        #expect(try envelope(plain, seed: 2) != file)
    }

    @Test("G11: every flipped bit, every prefix and every byte too much is damage, and not a wrong passphrase")
    func damage() throws {
        let file = try envelope(counting(140))
        for index in file.indices {
            for bit in 0..<8 {
                var bytes = file
                bytes[index] ^= 1 << UInt8(bit)
                #expect(throws: WireError.self) { try KeyEnvelope(decoding: bytes) }
            }
            #expect(throws: WireError.self) { try KeyEnvelope(decoding: Array(file.prefix(index))) }
        }
        #expect(throws: WireError.self) { try KeyEnvelope(decoding: file + [0]) }
    }

    @Test("A file cannot ask for all memory or for the whole day")
    func bounds() throws {
        for cost in [
            DerivationCost(logarithm: 19, passes: 1), DerivationCost(logarithm: 0, passes: 1),
            DerivationCost(logarithm: 16, passes: 65), DerivationCost(logarithm: 16, passes: 0),
        ] {
            #expect(!cost.isAcceptable)
            var encoder = CBOREncoder()
            encoder.array(count: 7)
            encoder.text("gemba/locked-keys/1")
            for number in [cost.logarithm, cost.passes] { encoder.unsigned(number) }
            for count in [16, 12, 100] { encoder.byteString([UInt8](repeating: 0, count: count)) }
            encoder.byteString(Array(SHA256.hash(data: encoder.bytes).prefix(16)))
            let error = #expect(throws: WireError.self) { try KeyEnvelope(decoding: encoder.bytes) }
            #expect(error?.reason == .outOfRange)
        }
    }

    @Test("T5: a fast machine gets more passes, and no machine less than the floor")
    func calibration() {
        let floor = DerivationCost.floor
        #expect(floor.isAcceptable && floor.logarithm >= 16 && floor.passes >= 2)
        func passes(_ milliseconds: Int) -> UInt64 {
            let cost = DerivationCost.calibrated(timeAtFloor: .milliseconds(milliseconds))
            #expect(cost.logarithm == floor.logarithm && cost.isAcceptable)
            return cost.passes
        }
        #expect(passes(4000) == floor.passes)
        #expect(passes(250) == floor.passes)
        #expect(passes(249) == 2 * floor.passes)
        #expect(passes(60) == 8 * floor.passes)
        #expect(passes(0) == DerivationCost.accepted.passes.upperBound)
    }

    @Test("RFC 7914, section 12: the derivation is scrypt")
    func scrypt() throws {
        // The third vector: N = 16384, r = 8, p = 1; of 64 bytes of output the first 32 are those of a shorter one.
        let cost = DerivationCost(logarithm: 14, passes: 1)
        let key = try cost.key(from: Array("pleaseletmein".utf8), salt: Array("SodiumChloride".utf8))
        #expect(
            Hexadecimal.encode(key) == "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2")
    }

    @Test("Keys are locked, opened, locked otherwise and unlocked in their file, and stay the same")
    func file() throws {
        let scratch = try TemporaryFolder()
        let folder = scratch.folder("keys")
        let identity = StationIdentity.generate()
        try identity.save(inFolder: folder, lockedWith: right)
        func mode() throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: folder + "/station.key")[.posixPermissions] as? Int
        }
        func code(_ passphrase: Passphrase?) -> TrustError.Code? {
            #expect(throws: TrustError.self) {
                try StationIdentity.load(fromFolder: folder, passphrase: { _ in passphrase })
            }?.code
        }
        #expect(try StationIdentity.isLocked(inFolder: folder))
        #expect(try mode() == 0o600)
        #expect(code(nil) == .passphraseNeeded)
        #expect(code(wrong) == .wrongPassphrase)
        let (right, wrong) = (right, wrong)
        let opened = try StationIdentity.load(fromFolder: folder, passphrase: { _ in right })
        #expect(opened.secrets == identity.secrets)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: folder + "/station.key"))
        for secret in [identity.secrets.signing, identity.secrets.transport, identity.secrets.sealing] {
            #expect(bytes.range(of: Data(secret)) == nil)
        }
        let failure = #expect(throws: TrustError.self) {
            try StationIdentity.relock(inFolder: folder, with: nil, current: { _ in wrong })
        }
        #expect(failure?.code == .wrongPassphrase)
        try StationIdentity.relock(inFolder: folder, with: nil, current: { _ in right })
        #expect(try !StationIdentity.isLocked(inFolder: folder))
        #expect(try StationIdentity.load(fromFolder: folder).secrets == identity.secrets)
        #expect(try mode() == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["station.key"])
    }

    @Test("A passphrase is its text without the line's end, and shows nothing of itself")
    func passphrases() throws {
        #expect(Passphrase("correct horse\n") == right)
        #expect(Passphrase("correct horse\r\n") == right)
        #expect(Passphrase("correct horse ") != right)
        #expect(Passphrase("") == nil && Passphrase("\n") == nil)
        var text = ""
        dump(right, to: &text)
        text += "\(right)" + String(reflecting: right)
        #expect(!text.contains("horse"))
    }
}
