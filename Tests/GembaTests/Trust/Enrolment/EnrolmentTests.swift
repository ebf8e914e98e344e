import GembaCausality
import GembaSimulation
import GembaWire
import Testing

@testable import GembaTrust

@Suite("T1, T6: founding and joining")
struct EnrolmentTests {
    @Test("A founding is a verified roster log whose genesis names the plant")
    func founding() throws {
        var generator = SeededGenerator(seed: 1)
        let identity = StationIdentity.generate(using: &generator)
        let founding = try PlantFounding(
            plantName: "Press Shop 7", stationName: "OFFICE", identity: identity, using: &generator)
        let verified = try VerifiedRun(
            verifying: founding.log.run, kind: .roster, plant: founding.plant, after: nil)
        #expect(verified.genesis?.founding?.recovery == founding.recovery.publicKey)
        #expect(verified.genesis?.plant == nil)
        #expect(verified.entries.count == 1)
        #expect(founding.log.replica.bytes[...] == founding.plant.bytes.prefix(16))
    }

    @Test("Two foundings by one station are two plants with two recovery keys")
    func twoFoundings() throws {
        let identity = StationIdentity.generate()
        var generator = SystemRandomNumberGenerator()
        let foundings = try (0..<2).map { _ in
            try PlantFounding(plantName: "P", stationName: "S", identity: identity, using: &generator)
        }
        #expect(foundings[0].plant != foundings[1].plant)
        #expect(foundings[0].recovery.publicKey != foundings[1].recovery.publicKey)
    }

    @Test("A founding or join with a name that breaks the rule is the caller's error")
    func badNames() throws {
        var builder = try PlantBuilder()
        let identity = StationIdentity.generate()
        var generator = SeededGenerator(seed: 1)
        #expect(throws: TrustError.self) {
            try PlantFounding(plantName: "", stationName: "S", identity: identity, using: &generator)
        }
        #expect(throws: TrustError.self) {
            try PlantFounding(plantName: "P", stationName: "two words", identity: identity, using: &generator)
        }
        let token = try builder.invite()
        // The invitation suggests no name and the joiner gives none.
        let error = #expect(throws: TrustError.self) {
            try token.makeRosterLog(for: identity, at: HybridTimestamp(rawValue: 1), using: &generator)
        }
        #expect(error?.code == .invalidName)
        #expect(throws: TrustError.self) {
            try InvitationDraft(name: "two words", role: .station, validForSeconds: 1, using: &generator)
        }
    }

    @Test("A joiner's log is two entries that need nothing but the token")
    func joining() throws {
        var builder = try PlantBuilder()
        let token = try InvitationToken(printed: try builder.invite(.liaison, name: "LAPTOP-EWA").printed)
        var generator = SeededGenerator(seed: 2)
        let identity = StationIdentity.generate(using: &generator)
        let log = try token.makeRosterLog(for: identity, at: HybridTimestamp(rawValue: 99), using: &generator)
        let verified = try VerifiedRun(verifying: log.run, kind: .roster, plant: builder.plant, after: nil)
        #expect(verified.entries.count == 2)
        #expect(verified.genesis?.rosterFrontier == token.frontier)
        let body = try RosterBody(decoding: log.entries[1].body)
        #expect(body.lamport == token.lamport + 1)
        #expect(body.timestamp == HybridTimestamp(rawValue: 99))
        #expect(log.entries[1].deps == token.frontier)
        guard case .join(token.inviteKey, let member, _) = body.acts[0] else { throw TestFailure("no join") }
        #expect(member == identity.member(name: "LAPTOP-EWA", role: .liaison))
    }
}
