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

@Suite("T4, T7: what a stranger's roster logs are worth")
struct EnrolmentCheckTests {
    private var builder: PlantBuilder

    init() throws { builder = try PlantBuilder(seed: 31) }

    private func runs(_ stations: PlantBuilder.Station...) -> [Run] {
        stations.map { builder.log($0).run(plant: builder.plant) }
    }

    private func examine(
        _ runs: [Run], of station: PlantBuilder.Station, holding held: [RosterLog],
        transport: PlantBuilder.Station? = nil
    ) throws -> EnrolmentCheck.Outcome {
        try EnrolmentCheck(against: Roster(plant: builder.plant, logs: held)).examine(
            runs, of: builder.key(station), transport: builder.identities[transport ?? station].transportKey)
    }

    private func isMember(_ outcome: EnrolmentCheck.Outcome) -> Bool {
        if case .member = outcome.standing { true } else { false }
    }

    @Test("A joiner with its own log under a held invitation is a member, and its log is to be stored")
    mutating func joiner() throws {
        let token = try builder.invite()
        let held = builder.rosterLogs
        let station = try builder.join(token)
        let outcome = try examine(runs(station), of: station, holding: held)
        #expect(isMember(outcome))
        #expect(outcome.runs == runs(station))
        #expect(outcome.roster.members.count == 2)
    }

    @Test("A member enrolled elsewhere shows the path to it: the inviter's log and its own")
    mutating func path() throws {
        let held = builder.rosterLogs
        let admin = try builder.enrol(.admin, named: "IT-1")
        let station = try builder.enrol(named: "L4", by: admin)
        // From the founder's log only what is new.
        let offered = [builder.logs[0].run(from: 1, plant: builder.plant)] + runs(admin, station)
        let outcome = try examine(offered, of: station, holding: held)
        #expect(isMember(outcome))
        #expect(outcome.runs == offered)
        // A run that overlaps what is held is as good.
        #expect(isMember(try examine(runs(0, admin, station), of: station, holding: held)))
    }

    @Test("Without the path the answer is that more roster is needed; nothing is stored and nobody is refused")
    mutating func unknown() throws {
        let held = builder.rosterLogs
        let station = try builder.enrol()
        let outcome = try examine(runs(station), of: station, holding: held)
        #expect(outcome.standing == .unknown)
        #expect(outcome.runs.isEmpty)
        #expect(outcome.roster.logs.count == held.count)
        #expect(try examine([], of: station, holding: held).standing == .unknown)
    }

    @Test("A stranger that offers other stations' valid logs does not become a member by them")
    mutating func borrowed() throws {
        let token = try builder.invite()
        let held = builder.rosterLogs
        let station = try builder.join(token)
        let stranger = builder.stranger()
        #expect(try examine(runs(station), of: stranger, holding: held).standing == .unknown)
    }

    @Test("Logs that no invitation stands behind are not stored along with good ones")
    mutating func stowaway() throws {
        let token = try builder.invite()
        let held = builder.rosterLogs
        let station = try builder.join(token)
        let stowaway = builder.stranger()
        let genesis = Genesis(
            kind: .roster, plant: builder.plant, station: builder.key(stowaway), random: builder.bytes(16),
            incarnation: 1)
        builder.join(as: stowaway, genesis: genesis, acts: [.endpoints(counter: 1, addresses: [])])
        let outcome = try examine(runs(station, stowaway), of: station, holding: held)
        #expect(isMember(outcome))
        #expect(outcome.runs == runs(station))
        #expect(outcome.roster.logs[builder.replica(stowaway)] == nil)
    }

    @Test("A log that refers to what is not at hand, or is not itself worth storing, is not stored")
    mutating func incomplete() throws {
        let token = try builder.invite()
        let held = builder.rosterLogs
        let (station, stranger) = (try builder.join(token), builder.stranger())
        let genesis = Genesis(
            kind: .roster, plant: builder.plant, station: builder.key(stranger), random: builder.bytes(16),
            incarnation: 1)
        builder.join(as: stranger, genesis: genesis, acts: [])
        builder.append([.endpoints(counter: 1, addresses: [])], by: station, seeing: [stranger])
        for offered in [runs(station), runs(stranger, station)] {
            let outcome = try examine(offered, of: station, holding: held)
            #expect(outcome.standing == .unknown)
            #expect(outcome.runs.isEmpty)
        }
    }

    @Test("A second joiner by one invitation is stored, because a person may decide for it, but is no member")
    mutating func contested() throws {
        let token = try builder.invite()
        _ = try builder.join(token)
        let held = builder.rosterLogs
        let second = try builder.join(token)
        let outcome = try examine(runs(second), of: second, holding: held)
        #expect(outcome.standing == .void(.contested))
        #expect(outcome.runs == runs(second))
    }

    @Test("A joiner by a closed invitation is told so and not stored")
    mutating func closed() throws {
        let token = try builder.invite()
        builder.append([.close(invite: token.inviteKey)], by: 0)
        let held = builder.rosterLogs
        let late = try builder.join(token)
        let outcome = try examine(runs(late), of: late, holding: held)
        #expect(outcome.standing == .void(.closed))
        #expect(outcome.runs.isEmpty)
    }

    @Test("G14: one stolen token does not fill the disk with joins")
    mutating func crowd() throws {
        let token = try builder.invite()
        for _ in 0..<EnrolmentCheck.maximumApplicants { _ = try builder.join(token) }
        let held = builder.rosterLogs
        let station = try builder.join(token)
        let error = #expect(throws: TrustError.self) { try examine(runs(station), of: station, holding: held) }
        #expect(error?.code == .limitExceeded)
    }

    @Test("More runs or bytes than a stranger may offer are refused unread")
    mutating func limits() throws {
        let token = try builder.invite()
        let held = builder.rosterLogs
        let station = try builder.join(token)
        let many = [Run](repeating: runs(station)[0], count: EnrolmentCheck.maximumRuns + 1)
        #expect(
            #expect(throws: TrustError.self) { try examine(many, of: station, holding: held) }?.code == .limitExceeded)
        var large = runs(station)
        large[0].entries.append([UInt8](repeating: 0, count: EnrolmentCheck.maximumBytes))
        #expect(
            #expect(throws: TrustError.self) { try examine(large, of: station, holding: held) }?.code == .limitExceeded)
    }

    @Test("A run that is not signed, or another history of a held log, is refused")
    mutating func invalid() throws {
        let token = try builder.invite()
        let held = builder.rosterLogs
        let station = try builder.join(token)
        var unsigned = runs(station)
        unsigned[0].signature[0] ^= 1
        #expect(
            #expect(throws: TrustError.self) { try examine(unsigned, of: station, holding: held) }?.code == .invalidRun)

        var fork = builder
        fork.append([.endpoints(counter: 1, addresses: ["tcp://a:1"])], by: station)
        builder.append([.endpoints(counter: 1, addresses: ["tcp://b:1"])], by: station)
        let forked = [fork.log(station).run(plant: builder.plant)]
        #expect(throws: TrustError.self) { try examine(forked, of: station, holding: builder.rosterLogs) }
    }

    @Test("A member whose link proves another transport key than its own is refused")
    mutating func otherTransport() throws {
        let token = try builder.invite()
        let held = builder.rosterLogs
        let station = try builder.join(token)
        let error = #expect(throws: TrustError.self) {
            try examine(runs(station), of: station, holding: held, transport: 0)
        }
        #expect(error?.code == .notEnrolled)
    }
}
