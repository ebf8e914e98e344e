import GembaCausality
import GembaSimulation
import Testing

@testable import GembaTrust
@testable import GembaWire

@Suite("T6: the invitation as one word")
struct InvitationTokenTests {
    private let token: InvitationToken
    private let act: RosterAct

    init() throws {
        var generator = SeededGenerator(seed: 6)
        let draft = try InvitationDraft(name: "PRESS-4", role: .liaison, validForSeconds: 600, using: &generator)
        let reference = ChangeReference(
            replica: ReplicaID(rawValue: 5), sequence: 7, prefix: HashPrefix(rawValue: 9))
        token = draft.token(
            routes: [.init(endpoint: "tcp://10.0.0.1:7700", transport: StationIdentity.generate().transportKey)],
            plant: try #require(PlantID(bytes: generator.bytes(32))), announcement: reference, lamport: 12)
        act = draft.act
    }

    @Test("What is printed is one word and reads back as the same token")
    func roundTrip() throws {
        let word = token.printed
        #expect(word.hasPrefix("gemba1-"))
        #expect(word.utf8.allSatisfy { ($0 >= 0x61 && $0 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2D })
        for text in [word, word + "\n", "  \t" + word + " \r\n", word.uppercased()] {
            let read = try InvitationToken(printed: text)
            #expect(read.routes == token.routes)
            #expect(read.plant == token.plant)
            #expect(read.role == .liaison)
            #expect(read.name == "PRESS-4")
            #expect(read.frontier == token.frontier)
            #expect(read.lamport == 12)
            #expect(read.secret == token.secret)
            #expect(read.printed == word)
        }
    }

    @Test("The act in the roster names the key that follows from the secret")
    func actNamesKey() {
        #expect(act == .invite(key: token.inviteKey, role: .liaison, name: "PRESS-4", validForSeconds: 600))
        #expect(token.inviteKey.isAcceptable)
    }

    @Test("The invite key is fixed by the secret: HKDF-SHA256 with the label gemba/invite/1, then Ed25519")
    func derivation() throws {
        let secret = try #require(InvitationSecret(bytes: Array(0..<32)))
        let expected = "80dd1efbb14e1d753a457fe1dff90cebecd53a35b598db8d1be9a9cd1e41ea45"
        #expect(secret.inviteKey == InviteKey(hexadecimal: expected))
    }

    @Test("A join verifies under the invite key, for this plant, station and member alone")
    func join() throws {
        let identity = StationIdentity.generate()
        let member = identity.member(name: "PRESS-4", role: .liaison)
        guard case .join(let key, member, let signature) = token.join(station: identity.stationKey, member: member)
        else { throw TestFailure("not a join of this member") }
        func isValid(_ plant: PlantID, _ station: StationKey, _ member: Member) -> Bool {
            Ed25519.isValid(
                signature: signature,
                message: Member.joinSignedBytes(plant: plant, station: station, member: member), key: key)
        }
        #expect(key == token.inviteKey)
        #expect(isValid(token.plant, identity.stationKey, member))
        #expect(!isValid(token.plant, StationIdentity.generate().stationKey, member))
        #expect(!isValid(PlantID(rawValue: .init(high: 1, low: 1)), identity.stationKey, member))
        var promoted = member
        promoted.role = .admin
        #expect(!isValid(token.plant, identity.stationKey, promoted))
    }

    // MARK: - Mistakes

    @Test("Every single mistyped, missing, doubled or swapped character is a clear error")
    func typos() {
        let word = Array(token.printed.utf8)
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567-1890 ".utf8)
        for index in word.indices {
            var variants = [Array(word[..<index] + word[(index + 1)...])]
            variants.append(word[..<index] + [word[index]] + word[index...])
            if index + 1 < word.count, word[index] != word[index + 1] {
                var swapped = word
                swapped.swapAt(index, index + 1)
                variants.append(swapped)
            }
            for step in 1...3 {
                var changed = word
                changed[index] = alphabet[(index * 7 + step * 11) % alphabet.count]
                if changed[index] != word[index] { variants.append(changed) }
            }
            for variant in variants {
                let text = String(decoding: variant, as: UTF8.self)
                let error = #expect(throws: TrustError.self, "\(text)") { try InvitationToken(printed: text) }
                #expect(error?.code == .malformedText)
                #expect(error?.message.contains("Copy the whole text again") == true)
            }
        }
    }

    @Test("The error says what is wrong")
    func reasons() {
        func message(_ text: String) -> String {
            do {
                _ = try InvitationToken(printed: text)
                return ""
            } catch {
                return error.message
            }
        }
        let word = token.printed
        #expect(message("").contains("gemba1-"))
        #expect(message("gemba2-" + word.dropFirst(7)).contains("gemba1-"))
        #expect(message(word.dropLast(9) + "!abcdefgh").contains("character \(word.utf8.count - 8) "))
        #expect(message("gemba1-").contains("a part is missing"))
        #expect(message(String(word.dropLast())).contains("invitation"))
        #expect(message(String(repeating: word, count: 100)).contains("too long"))
    }

    @Test("No error and no description shows the secret")
    func redacted() {
        var dumped = ""
        dump(token, to: &dumped)
        let secret = token.secret.bytes
        for text in [
            "\(token)", String(reflecting: token), dumped, "\(token.secret)", String(reflecting: token.secret),
        ] {
            #expect(!text.contains(Hexadecimal.encode(secret)))
            #expect(!text.contains(token.printed.suffix(60)))
            #expect(!text.contains("\(secret[0]), \(secret[1]), \(secret[2])"))
        }
    }

    @Test("A word with a right checksum and another content than an invitation's is refused")
    func strictContent() throws {
        let form = PrintedSecret(prefix: "gemba1-", noun: "invitation")
        let payload = try form.parse(token.printed)
        for forged in [payload + [0], Array(payload.dropLast()), [0x87], [0xF6]] {
            let error = #expect(throws: TrustError.self) { try InvitationToken(printed: form.print(forged)) }
            #expect(error?.code == .malformedText)
        }
    }
}

struct TestFailure: Error {
    var message: String
    init(_ message: String) { self.message = message }
}

@Suite("The printed recovery key")
struct RecoveryKeyTests {
    @Test("What is printed reads back as the same key and shows in no description")
    func roundTrip() throws {
        var generator = SeededGenerator(seed: 4)
        let key = RecoveryKey.generate(using: &generator)
        let read = try RecoveryKey(printed: "\n \(key.printed.uppercased())\n")
        #expect(read.publicKey == key.publicKey)
        #expect(read.printed == key.printed)
        var dumped = ""
        dump(key, to: &dumped)
        for text in ["\(key)", String(reflecting: key), dumped] {
            #expect(!text.contains(key.printed.suffix(40)))
        }
    }

    @Test("An invitation is no recovery key, and a mistyped one is refused")
    func mistakes() throws {
        var generator = SeededGenerator(seed: 4)
        let printed = RecoveryKey.generate(using: &generator).printed
        #expect(throws: TrustError.self) { try RecoveryKey(printed: "gemba1-" + printed.dropFirst(16)) }
        #expect(throws: TrustError.self) { try RecoveryKey(printed: String(printed.dropLast())) }
        for index in 16..<printed.utf8.count {
            var characters = Array(printed.utf8)
            characters[index] = characters[index] == 0x61 ? 0x62 : 0x61
            #expect(throws: TrustError.self) { try RecoveryKey(printed: String(decoding: characters, as: UTF8.self)) }
        }
    }
}

@Suite("Base 32 (RFC 4648, section 6)")
struct Base32Tests {
    @Test("The examples of section 10, in lower case and without padding")
    func examples() {
        let examples = [
            ("", ""), ("f", "my"), ("fo", "mzxq"), ("foo", "mzxw6"), ("foob", "mzxw6yq"), ("fooba", "mzxw6ytb"),
            ("foobar", "mzxw6ytboi"),
        ]
        for (bytes, text) in examples {
            #expect(Base32.encode(Array(bytes.utf8)) == text)
            #expect(Base32.decode(Array(text.utf8)) == Array(bytes.utf8))
        }
    }

    @Test(
        "A length that no bytes have and bits left over are refused", arguments: ["a", "mzx", "mzxw6y", "mz", "mzxr"])
    func strict(text: String) {
        #expect(Base32.decode(Array(text.utf8)) == nil)
    }
}
