import Foundation
import GembaCausality
import GembaWire
import Testing

@testable import GembaTrust

@Suite("A station's private keys")
struct StationIdentityTests {
    @Test("The X25519 keys are those that CURVE computes (RFC 7748, section 6.1)")
    func agreesWithRFC7748() throws {
        let secret = hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
        let identity = try #require(StationIdentity(signing: secret, transport: secret, sealing: secret))
        let expected = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
        #expect(identity.transportKey == TransportKey(hexadecimal: expected))
        #expect(identity.sealingKey == SealingKey(hexadecimal: expected))
        #expect(identity.transportSecret == secret)
    }

    @Test("Two identities have nothing in common")
    func distinct() {
        let (left, right) = (StationIdentity.generate(), StationIdentity.generate())
        let all = [left, right].flatMap { [$0.stationKey.bytes, $0.transportKey.bytes, $0.sealingKey.bytes] }
        #expect(Set(all).count == 6)
    }

    @Test("No description, reflection or dump shows a secret")
    func redacted() {
        let identity = StationIdentity.generate()
        var dumped = ""
        dump(identity, to: &dumped)
        let texts = ["\(identity)", String(reflecting: identity), String(describing: identity), dumped]
        for text in texts {
            for secret in [identity.secrets.signing, identity.secrets.transport, identity.secrets.sealing] {
                #expect(!text.contains(Hexadecimal.encode(secret)))
                #expect(!text.contains(Hexadecimal.encode(secret.prefix(4))))
                #expect(!text.contains("\(secret[0]), \(secret[1]), \(secret[2])"))
            }
        }
    }

    // MARK: - Storage

    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("gemba-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.appendingPathComponent("keys").path)
    }

    private func mode(_ path: String) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    }

    private func setMode(_ mode: Int, _ path: String) throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    @Test("Saved keys come back, in a file of mode 0600 in a folder of mode 0700")
    func roundTrip() throws {
        try withFolder { folder in
            let identity = StationIdentity.generate()
            try identity.save(inFolder: folder)
            let loaded = try StationIdentity.load(fromFolder: folder)
            #expect(loaded.secrets == identity.secrets)
            #expect(loaded.stationKey == identity.stationKey)
            #expect(try mode(folder) == 0o700)
            #expect(try mode(folder + "/station.key") == 0o600)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["station.key"])
        }
    }

    @Test(
        "A key file that others can read or write is refused with the remedy",
        arguments: [0o644, 0o640, 0o604, 0o620, 0o602, 0o610, 0o660, 0o777])
    func permissive(fileMode: Int) throws {
        try withFolder { folder in
            try StationIdentity.generate().save(inFolder: folder)
            try setMode(fileMode, folder + "/station.key")
            let error = try #require(throws: TrustError.self) { try StationIdentity.load(fromFolder: folder) }
            #expect(error.code == .insecurePermissions)
            #expect(error.message.contains("chmod 600 \(folder)/station.key"))
            try setMode(0o600, folder + "/station.key")
            #expect(throws: Never.self) { try StationIdentity.load(fromFolder: folder) }
        }
    }

    @Test("A key folder that others can write to is refused", arguments: [0o770, 0o707, 0o777, 0o722])
    func permissiveFolder(folderMode: Int) throws {
        try withFolder { folder in
            try StationIdentity.generate().save(inFolder: folder)
            try setMode(folderMode, folder)
            let error = try #require(throws: TrustError.self) { try StationIdentity.load(fromFolder: folder) }
            #expect(error.code == .insecurePermissions)
            #expect(error.message.contains("chmod 700 \(folder)"))
        }
    }

    @Test("Keys are never overwritten")
    func neverOverwritten() throws {
        try withFolder { folder in
            let identity = StationIdentity.generate()
            try identity.save(inFolder: folder)
            let error = try #require(throws: TrustError.self) {
                try StationIdentity.generate().save(inFolder: folder)
            }
            #expect(error.code == .keyExists)
            #expect(try StationIdentity.load(fromFolder: folder).stationKey == identity.stationKey)
        }
    }

    @Test("T11: new keys take the place of the saved ones and keep the former sealing keys")
    func rekeyed() throws {
        try withFolder { folder in
            var system = SystemRandomNumberGenerator()
            let identity = StationIdentity.generate()
            try identity.save(inFolder: folder)
            var current = identity
            for round in 1...3 {
                let next = current.rekeyed(using: &system)
                #expect(next.stationKey == identity.stationKey)
                #expect(next.transportKey != current.transportKey && next.sealingKey != current.sealingKey)
                #expect(next.formerSealingKeys == current.formerSealingKeys + [current.sealingKey])
                try next.saveRekeyed(inFolder: folder)
                let loaded = try StationIdentity.load(fromFolder: folder)
                #expect(loaded.secrets == next.secrets && loaded.formerSealingKeys.count == round)
                #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["station.key"])
                #expect(try mode(folder + "/station.key") == 0o600)
                current = next
            }
            // Version 2; without former keys a file is of version 1, as programs before wrote it.
            #expect(try Data(contentsOf: URL(fileURLWithPath: folder + "/station.key")).starts(with: [0x86, 0x02]))
        }
    }

    @Test("T11: keys of another station, or such that lose a sealing key, take nobody's place")
    func rekeyedFromElsewhere() throws {
        try withFolder { folder in
            var system = SystemRandomNumberGenerator()
            let identity = StationIdentity.generate()
            let next = identity.rekeyed(using: &system)
            #expect(throws: TrustError.self) { try next.saveRekeyed(inFolder: folder) }
            try next.save(inFolder: folder)
            for other in [identity, StationIdentity.generate(), identity.rekeyed(using: &system)] {
                let error = #expect(throws: TrustError.self) { try other.saveRekeyed(inFolder: folder) }
                #expect(error?.code == .keyExists)
            }
            #expect(try StationIdentity.load(fromFolder: folder).secrets == next.secrets)
        }
    }

    @Test("A temporary file that a crash left is no obstacle")
    func staleTemporary() throws {
        try withFolder { folder in
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
            #expect(FileManager.default.createFile(atPath: folder + "/station.key.new", contents: Data([1, 2, 3])))
            try StationIdentity.generate().save(inFolder: folder)
            #expect(throws: Never.self) { try StationIdentity.load(fromFolder: folder) }
        }
    }

    @Test("A missing file or folder is an error of its own")
    func missing() throws {
        try withFolder { folder in
            #expect(
                try #require(throws: TrustError.self) { try StationIdentity.load(fromFolder: folder) }.code
                    == .keyNotFound)
            try StationIdentity.generate().save(inFolder: folder)
            try FileManager.default.removeItem(atPath: folder + "/station.key")
            #expect(
                try #require(throws: TrustError.self) { try StationIdentity.load(fromFolder: folder) }.code
                    == .keyNotFound)
        }
    }

    @Test("A symbolic link is not followed to a key file")
    func symbolicLink() throws {
        try withFolder { folder in
            try StationIdentity.generate().save(inFolder: folder)
            try FileManager.default.moveItem(atPath: folder + "/station.key", toPath: folder + "/elsewhere")
            try FileManager.default.createSymbolicLink(
                atPath: folder + "/station.key", withDestinationPath: folder + "/elsewhere")
            #expect(throws: TrustError.self) { try StationIdentity.load(fromFolder: folder) }
        }
    }

    @Test("G11: a key file with a bit flipped in any byte, cut short or prolonged is noticed")
    func damaged() throws {
        try withFolder { folder in
            try StationIdentity.generate().save(inFolder: folder)
            let path = folder + "/station.key"
            let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
            var damaged = bytes.indices.map { index in
                var copy = bytes
                copy[index] ^= 1 << UInt8(index % 8)
                return copy
            }
            damaged += [Array(bytes.dropLast()), bytes + [0], [], [UInt8](repeating: 0, count: 5000)]
            let handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
            defer { try? handle.close() }
            for copy in damaged {
                try handle.truncate(atOffset: 0)
                try handle.write(contentsOf: Data(copy))
                let error = #expect(throws: TrustError.self) { try StationIdentity.load(fromFolder: folder) }
                #expect(error?.code == .keyDamaged)
            }
        }
    }
}
