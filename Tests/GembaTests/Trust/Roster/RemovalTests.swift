import GembaCausality
import GembaWire
import Testing

@testable import GembaTrust

@Suite("T2, T3: removal of members")
struct RemovalTests {
    private static let founder = PlantBuilder.founder

    /// A founder, two admins in the order of rank, and a station that the first of them invited.
    private struct Plant {
        var builder: PlantBuilder
        let (upper, lower, station): (Int, Int, Int)

        init(seed: UInt64 = 5) throws {
            builder = try PlantBuilder(seed: seed)
            let admins = [try builder.enrol(.admin, named: "IT-1"), try builder.enrol(.admin, named: "IT-2")]
            let roster = builder.roster
            let ranks = try admins.map { [builder] in try #require(roster.members[builder.key($0)]).rank }
            (upper, lower) = ranks[0] < ranks[1] ? (admins[0], admins[1]) : (admins[1], admins[0])
            station = try builder.enrol(named: "L3", by: upper)
        }

        var everybody: [Int] { [RemovalTests.founder, upper, lower, station] }

        mutating func revoke(
            _ target: Int, cut: [ChangeReference] = [], by author: Int, seeing others: [Int] = []
        ) -> ChangeReference {
            builder.append(
                [.revoke(station: builder.key(target), cut: cut.sorted { $0.replica < $1.replica })], by: author,
                seeing: others)
        }

        func former(_ station: Int) throws -> FormerMember {
            try #require(builder.roster.formerMembers[builder.key(station)])
        }

        func isMember(_ station: Int) -> Bool { builder.roster.members[builder.key(station)] != nil }
    }

    private static func dataTip(_ number: UInt8, at sequence: SequenceNumber) throws -> ChangeReference {
        ChangeReference(
            replica: try #require(ReplicaID(bytes: counting(16, from: number))), sequence: sequence,
            prefix: try #require(HashPrefix(bytes: counting(16))))
    }

    // MARK: - What a removal does

    @Test("P17: acts within the cut keep what they did, and acts beyond it never did anything")
    func cut() throws {
        var plant = try Plant()
        let early = try plant.builder.enrol(named: "E1", by: plant.lower)
        let last = plant.builder.tip(plant.lower)
        let late = try plant.builder.enrol(named: "E2", by: plant.lower)
        let data = try Self.dataTip(1, at: 40)
        _ = plant.revoke(plant.lower, cut: [last, data], by: plant.upper)

        let former = try plant.former(plant.lower)
        #expect(former.kind == .revoked)
        #expect(former.author == plant.builder.key(plant.upper))
        #expect(former.cut == [last.replica: last, data.replica: data])
        #expect(former.lastCounting(in: data.replica) == 40)
        #expect(former.lastCounting(in: ReplicaID(rawValue: 9)) == 0)
        #expect(former.member.displayName == "IT-1" || former.member.displayName == "IT-2")
        #expect(plant.isMember(early))
        #expect(plant.builder.roster.standing(of: plant.builder.key(late)) == .void(.inviterVoid))
        #expect(plant.builder.roster.standing(of: plant.builder.key(plant.lower)) == .former(former))
        #expect(plant.builder.roster.recognisedLogs.count == plant.builder.logs.count, "removals take no log away")
    }

    @Test("P13: a cut does not go back behind what its author had seen of the roster")
    func floor() throws {
        var plant = try Plant()
        let invited = try plant.builder.enrol(named: "E1", by: plant.lower)
        let removal = plant.revoke(plant.lower, by: plant.upper, seeing: [plant.lower])
        let seen = plant.builder.tip(plant.lower)
        #expect(try plant.former(plant.lower).cut == [seen.replica: seen])
        #expect(try plant.former(plant.lower).removals == [removal])
        #expect(plant.isMember(invited))
    }

    @Test("P13: references to another station's roster log, or to another history, count as absent")
    func strangeReferences() throws {
        var plant = try Plant()
        _ = try plant.builder.enrol(named: "E1", by: plant.lower)
        var forged = plant.builder.tip(plant.lower)
        forged.prefix = HashPrefix(rawValue: 1)
        _ = plant.revoke(plant.lower, cut: [forged, plant.builder.tip(plant.station)], by: plant.upper)
        #expect(try plant.former(plant.lower).cut.isEmpty)
    }

    @Test("P12: who has no right to it, or ranks lower, removes nobody")
    func powerless() throws {
        var plant = try Plant()
        _ = plant.revoke(plant.lower, by: plant.station, seeing: plant.everybody)
        _ = plant.revoke(plant.upper, by: plant.lower, seeing: plant.everybody)
        _ = plant.revoke(Self.founder, by: plant.upper, seeing: plant.everybody)
        plant.builder.append([.retire(station: plant.builder.key(plant.upper), cut: [])], by: plant.lower)
        _ = plant.revoke(plant.upper, by: plant.upper)
        #expect(plant.builder.roster.formerMembers.isEmpty)
        #expect(plant.builder.roster.members.count == 4)
    }

    @Test("P12: a removal counts though its author had not seen the station join")
    func unseenJoin() throws {
        var plant = try Plant()
        let station = plant.builder.stranger()
        _ = plant.revoke(station, by: Self.founder)
        try plant.builder.join(try plant.builder.invite(by: plant.upper), as: station, named: "L9")
        #expect(try plant.former(station).cut.isEmpty)
    }

    @Test("Names and ranks of others stay when a member goes")
    func names() throws {
        var plant = try Plant()
        let second = try plant.builder.enrol(named: "L3", by: plant.upper)
        let before = plant.builder.roster.members[plant.builder.key(second)]
        #expect(before?.displayName == "L3b")
        _ = plant.revoke(plant.station, by: Self.founder)
        #expect(plant.builder.roster.members[plant.builder.key(second)] == before)
    }

    // MARK: - Several removals

    @Test("P14: of cuts that were made apart the smaller counts, log by log")
    func apart() throws {
        var plant = try Plant()
        let (a5, a9) = (try Self.dataTip(1, at: 5), try Self.dataTip(1, at: 9))
        let (b3, b7) = (try Self.dataTip(2, at: 3), try Self.dataTip(2, at: 7))
        let c4 = try Self.dataTip(3, at: 4)
        _ = plant.revoke(plant.station, cut: [a5, b7, c4], by: plant.upper)
        _ = plant.revoke(plant.station, cut: [a9, b3], by: plant.lower)
        #expect(try plant.former(plant.station).cut == [a5.replica: a5, b3.replica: b3])

        // A later act that has seen both decides, and moves each log's cut only forward.
        let b1 = try Self.dataTip(2, at: 1)
        let decision = plant.revoke(
            plant.station, cut: [a9, b1, c4], by: plant.upper, seeing: [plant.upper, plant.lower])
        let former = try plant.former(plant.station)
        #expect(former.cut == [a9.replica: a9, b3.replica: b3, c4.replica: c4])
        #expect(former.removals.count == 3 && former.removals.contains(decision))
    }

    @Test("P14: who ranks lower cannot move a cut, in neither direction")
    func movedFromBelow() throws {
        var plant = try Plant()
        let (a5, a9) = (try Self.dataTip(1, at: 5), try Self.dataTip(1, at: 9))
        _ = plant.revoke(plant.station, cut: [a5], by: plant.upper)
        _ = plant.revoke(plant.station, cut: [a9], by: plant.lower, seeing: [plant.upper])
        #expect(try plant.former(plant.station).cut == [a5.replica: a5])
        _ = plant.revoke(plant.station, cut: [], by: plant.lower, seeing: [plant.upper])
        #expect(try plant.former(plant.station).cut == [a5.replica: a5])
        _ = plant.revoke(plant.station, cut: [a9], by: Self.founder, seeing: [plant.upper, plant.lower])
        #expect(try plant.former(plant.station).cut == [a9.replica: a9])
    }

    @Test("P15: a revocation is the reason before a retirement, unless the retirement replaced it")
    func reasons() throws {
        var plant = try Plant()
        let key = plant.builder.key(plant.station)
        plant.builder.append([.retire(station: key, cut: [])], by: plant.upper)
        #expect(try plant.former(plant.station).kind == .retired)
        _ = plant.revoke(plant.station, by: plant.lower)
        #expect(try plant.former(plant.station).kind == .revoked)
        plant.builder.append([.retire(station: key, cut: [])], by: Self.founder, seeing: [plant.upper, plant.lower])
        #expect(try plant.former(plant.station).kind == .retired)
    }

    // MARK: - Own retirement

    @Test("P12: a station retires itself, and what it says later does not count")
    func ownRetirement() throws {
        var plant = try Plant()
        let key = plant.builder.key(plant.lower)
        plant.builder.append([.retire(station: key, cut: [])], by: plant.lower)
        let retirement = plant.builder.tip(plant.lower)
        let late = try plant.builder.enrol(named: "E2", by: plant.lower)
        let former = try plant.former(plant.lower)
        #expect(former.kind == .retired && former.author == key)
        #expect(former.cut == [retirement.replica: retirement])
        #expect(!plant.isMember(late))
    }

    @Test("P14: a station's own retirement binds no cut of others, neither before nor after it")
    func generousRetirement() throws {
        var plant = try Plant()
        let key = plant.builder.key(plant.lower)
        let (near, far) = (try Self.dataTip(1, at: 5), try Self.dataTip(1, at: 1_000_000))
        plant.builder.append([.retire(station: key, cut: [far])], by: plant.lower)
        _ = plant.revoke(plant.lower, cut: [near], by: plant.upper, seeing: [plant.lower])
        #expect(try plant.former(plant.lower).cut[near.replica] == near)
        plant.builder.append([.retire(station: key, cut: [far])], by: plant.lower, seeing: [plant.upper])
        #expect(try plant.former(plant.lower).cut[near.replica] == near)
        #expect(try plant.former(plant.lower).kind == .revoked)
    }

    @Test("P14: two incarnations that retire the station apart end at the smaller cuts")
    func twoRetirements() throws {
        var plant = try Plant()
        let key = plant.builder.key(plant.lower)
        let early = plant.builder.tip(plant.lower)
        plant.builder.append([.retire(station: key, cut: [])], by: plant.lower)
        let genesis = Genesis(
            kind: .roster, plant: plant.builder.plant, station: key, random: plant.builder.bytes(16), incarnation: 2,
            predecessors: [early])
        plant.builder.join(as: plant.lower, genesis: genesis, acts: [.retire(station: key, cut: [early])])
        #expect(try plant.former(plant.lower).cut == [early.replica: early])
        #expect(try plant.former(plant.lower).removals.count == 2)
    }

    // MARK: - Reinstatement

    @Test("P16: a reinstatement ends the removals that it names")
    func reinstatement() throws {
        var plant = try Plant()
        let key = plant.builder.key(plant.station)
        let removal = plant.revoke(plant.station, by: plant.upper)
        plant.builder.append([.reinstate(station: key, removals: [removal])], by: Self.founder, seeing: [plant.upper])
        #expect(plant.isMember(plant.station))
        #expect(plant.builder.roster.formerMembers.isEmpty)
        _ = plant.revoke(plant.station, by: plant.upper, seeing: [Self.founder])
        #expect(!plant.isMember(plant.station), "a later removal stands")
    }

    @Test("P16: a removal that was made apart from the reinstatement stands, and so does one that is not named")
    func unnamedRemovals() throws {
        var plant = try Plant()
        let key = plant.builder.key(plant.station)
        let first = plant.revoke(plant.station, by: plant.upper)
        let second = plant.revoke(plant.station, by: plant.upper)
        let apart = plant.revoke(plant.station, by: plant.lower)
        plant.builder.append([.reinstate(station: key, removals: [second])], by: Self.founder, seeing: [plant.upper])
        let left = [first, apart].sorted { ($0.replica, $0.sequence) < ($1.replica, $1.sequence) }
        #expect(try plant.former(plant.station).removals == left)
        let unseen = [first, apart].sorted { $0.replica < $1.replica }
        plant.builder.append([.reinstate(station: key, removals: unseen)], by: Self.founder)
        #expect(try plant.former(plant.station).removals == left, "it names what it had not seen")
        plant.builder.append([.reinstate(station: key, removals: unseen)], by: Self.founder, seeing: [plant.lower])
        #expect(plant.isMember(plant.station))
    }

    @Test("P16: nobody reinstates from below what somebody above removed, nor itself")
    func reinstatedFromBelow() throws {
        var plant = try Plant()
        let key = plant.builder.key(plant.station)
        let removal = plant.revoke(plant.station, by: plant.upper)
        plant.builder.append([.reinstate(station: key, removals: [removal])], by: plant.lower, seeing: [plant.upper])
        #expect(!plant.isMember(plant.station))
        let lower = try #require(plant.builder.roster.members[plant.builder.key(plant.lower)])
        #expect(try plant.former(plant.station).removedBy < lower.rank)

        let own = plant.builder.append(
            [.retire(station: plant.builder.key(plant.lower), cut: [])], by: plant.lower)
        plant.builder.append(
            [.reinstate(station: plant.builder.key(plant.lower), removals: [own])], by: plant.lower)
        #expect(!plant.isMember(plant.lower))
        plant.builder.append(
            [.reinstate(station: plant.builder.key(plant.lower), removals: [own])], by: plant.upper,
            seeing: [plant.lower])
        #expect(plant.isMember(plant.lower), "somebody above takes its retirement back")
    }

    // MARK: - Attacks and accidents

    @Test("A stolen admin laptop that back-dates the removal of everyone removes nobody above it and is cut off")
    func stolenLaptop() throws {
        var plant = try Plant()
        // The thief continues the laptop's log behind its join, as if it had seen nothing since, in a new incarnation.
        let genesis = Genesis(
            kind: .roster, plant: plant.builder.plant, station: plant.builder.key(plant.upper),
            random: plant.builder.bytes(16), incarnation: 2, predecessors: [plant.builder.entry(1, of: plant.upper)])
        let known = plant.builder.tip(plant.upper)
        let everyone: [RosterAct] = [Self.founder, plant.lower, plant.station].map {
            .revoke(station: plant.builder.key($0), cut: [])
        }
        plant.builder.join(as: plant.upper, genesis: genesis, acts: everyone)
        #expect(plant.isMember(Self.founder), "it outranks all")
        #expect(!plant.isMember(plant.lower) && !plant.isMember(plant.station))

        _ = plant.revoke(plant.upper, cut: [known], by: Self.founder)
        let left = [Self.founder, plant.lower, plant.station].map(plant.builder.key)
        #expect(Set(plant.builder.roster.members.keys) == Set(left))
        #expect(try plant.former(plant.upper).cut == [known.replica: known])
    }

    @Test("Two admins that revoke each other: the one of higher rank stays, whatever came first")
    func eachOther() throws {
        var plant = try Plant()
        _ = plant.revoke(plant.upper, by: plant.lower)
        _ = plant.revoke(plant.lower, by: plant.upper)
        #expect(plant.isMember(plant.upper) && !plant.isMember(plant.lower))
        let logs = plant.builder.rosterLogs
        #expect(Roster(plant: plant.builder.plant, logs: logs.reversed()).digest == plant.builder.roster.digest)
    }

    @Test("A revocation and a second enrolment made apart: the removal stands until it is answered by name")
    func revokedAndAddedApart() throws {
        var plant = try Plant()
        let removal = plant.revoke(plant.station, by: plant.upper)
        let token = try plant.builder.invite(by: plant.lower)
        try plant.builder.join(token, as: plant.station, named: "L3")
        plant.builder.append(
            [.admit(replica: plant.builder.replica(plant.station))], by: plant.lower, seeing: [plant.station])
        #expect(!plant.isMember(plant.station))
        plant.builder.append(
            [.reinstate(station: plant.builder.key(plant.station), removals: [removal])], by: plant.upper)
        #expect(plant.isMember(plant.station))
    }

    @Test("P2: a revoked admin's own revocations beyond its cut do not count, and those within do")
    func chain() throws {
        var plant = try Plant()
        _ = plant.revoke(plant.station, by: plant.upper)
        let within = plant.builder.tip(plant.upper)
        _ = plant.revoke(plant.lower, by: plant.upper)
        _ = plant.revoke(plant.upper, cut: [within], by: Self.founder)
        #expect(plant.isMember(plant.lower))
        #expect(!plant.isMember(plant.station) && !plant.isMember(plant.upper))
    }
}
