import GembaCausality
import GembaSimulation
import GembaWire
import Testing

@testable import GembaTrust

/// RULES L7 for roster logs: what a station says in two histories of one log counts in both, the same for everybody.
@Suite("Forked roster logs")
struct ForkedRosterTests {
    /// Two worlds that have a past in common. What a station writes in both from then on are two histories of its log.
    private struct Worlds {
        var left: PlantBuilder
        var right: PlantBuilder

        init(_ common: PlantBuilder) {
            (left, right) = (common, common)
            // Keys and numbers of the two differ.
            _ = right.bytes(8)
        }

        var logs: [RosterLog] { left.rosterLogs + right.rosterLogs }

        func roster(_ logs: [RosterLog]? = nil) -> Roster {
            Roster(plant: left.plant, logs: logs ?? self.logs)
        }

        /// What the right world knows by a station's last entry there, in words that the left one can use, too.
        func branchTip(_ station: PlantBuilder.Station, after common: Int) -> ChangeReference {
            var tip = right.tip(station)
            tip.replica = tip.replica.branch(beginningWith: right.log(station).hashes[common])
            return tip
        }
    }

    private var builder: PlantBuilder

    init() throws { builder = try PlantBuilder(seed: 77) }

    private func expectOneOutcome(
        _ worlds: Worlds, _ expected: Roster, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<40 {
            let logs = worlds.logs.shuffled(using: &generator)
            #expect(worlds.roster(logs).digest == expected.digest, sourceLocation: sourceLocation)
            var growing = worlds.roster([])
            for log in logs { growing = growing.extended(with: [log]) }
            #expect(growing.digest == expected.digest, sourceLocation: sourceLocation)
            #expect(growing.logs == expected.logs, sourceLocation: sourceLocation)
            #expect(growing.recognisedLogs == expected.recognisedLogs, sourceLocation: sourceLocation)
        }
    }

    @Test("Who was invited in either history is a member, in every order")
    mutating func bothCount() throws {
        _ = try builder.enrol(named: "L1")
        var worlds = Worlds(builder)
        let one = try worlds.left.enrol(named: "L2")
        let other = try worlds.right.enrol(named: "L3")
        let roster = worlds.roster()
        #expect(Set(roster.members.values.map(\.name)) == ["OFFICE", "L1", "L2", "L3"])
        #expect(roster.standing(of: worlds.left.key(one)) != .unknown)
        #expect(roster.recognisedLogs.contains(worlds.right.replica(other)))
        #expect(roster.logs.count { $0.replica == worlds.left.replica(PlantBuilder.founder) } == 2)
        expectOneOutcome(worlds, roster)

        // Who knows one history only does not take the other's guests in yet.
        let half = Roster(plant: builder.plant, logs: worlds.left.rosterLogs)
        let guest = worlds.right.log(other).decoded()
        #expect(!half.recognises(guest))
        #expect(half.extended(with: worlds.right.rosterLogs.prefix(1)).recognises(guest))
    }

    @Test("A fork that is found before, inside or behind another changes nothing of what is decided")
    mutating func nested() throws {
        _ = try builder.enrol(named: "L1")
        var worlds = Worlds(builder)
        _ = try worlds.left.enrol(named: "L2")
        _ = try worlds.right.enrol(named: "L3")
        var inner = Worlds(worlds.left)
        _ = inner.right.bytes(16)
        _ = try inner.left.enrol(named: "L4")
        _ = try inner.right.enrol(named: "L5")
        let logs = inner.logs + worlds.right.rosterLogs
        let roster = worlds.roster(logs)
        #expect(Set(roster.members.values.map(\.name)) == ["OFFICE", "L1", "L2", "L3", "L4", "L5"])
        var generator = SeededGenerator(seed: 6)
        for _ in 0..<40 {
            var growing = worlds.roster([])
            for log in logs.shuffled(using: &generator) {
                // Logs come in pieces, too.
                var piece = RosterLog(genesis: log.genesis, genesisHash: log.genesisHash)
                for entry in log.entries.prefix(generator.below(log.entries.count + 1)) { piece.append(entry) }
                growing = growing.extended(with: [piece]).extended(with: [log])
            }
            #expect(growing.digest == roster.digest)
            #expect(growing.logs == roster.logs)
        }
    }

    @Test(
        "A cut means the history of the entry that it names, by whichever name, and that alone",
        arguments: [false, true])
    mutating func cut(usesBranchName: Bool) throws {
        let admin = try builder.enrol(.admin, named: "IT-2")
        let common = builder.log(admin).entries.count
        var worlds = Worlds(builder)
        let kept = try worlds.right.enrol(named: "L3", by: admin)
        let keptEnd = worlds.right.tip(admin)
        let late = try worlds.right.enrol(named: "L4", by: admin)
        let lost = try worlds.left.enrol(named: "L2", by: admin)
        var cut = keptEnd
        if usesBranchName { cut.replica = worlds.branchTip(admin, after: common).replica }
        worlds.left.append([.revoke(station: worlds.left.key(admin), cut: [cut])], by: PlantBuilder.founder)
        let roster = worlds.roster()
        #expect(roster.members[worlds.right.key(kept)]?.name == "L3")
        #expect(roster.standing(of: worlds.right.key(late)) == .void(.inviterVoid))
        #expect(roster.standing(of: worlds.left.key(lost)) == .void(.inviterVoid))
        #expect(roster.formerMembers[worlds.left.key(admin)]?.kind == .revoked)
        expectOneOutcome(worlds, roster)

        // Who had not seen the other history keeps what stands before the fork.
        let half = Roster(plant: builder.plant, logs: worlds.left.rosterLogs)
        #expect(half.formerMembers[worlds.left.key(admin)] != nil)
        #expect(half.standing(of: worlds.left.key(lost)) == .void(.inviterVoid))
    }

    @Test("What a removal had seen of either history counts")
    mutating func seen() throws {
        let admin = try builder.enrol(.admin, named: "IT-2")
        let common = builder.log(admin).entries.count
        var worlds = Worlds(builder)
        let one = try worlds.left.enrol(named: "L2", by: admin)
        let other = try worlds.right.enrol(named: "L3", by: admin)
        let lamport = 1 + max(worlds.left.log(admin).lamports.last ?? 0, worlds.right.log(admin).lamports.last ?? 0)
        worlds.left.append(
            [.revoke(station: worlds.left.key(admin), cut: [])], by: PlantBuilder.founder,
            deps: [worlds.left.tip(admin), worlds.branchTip(admin, after: common)], stating: lamport)
        let roster = worlds.roster()
        #expect(roster.formerMembers[worlds.left.key(admin)] != nil)
        #expect(roster.members[worlds.left.key(one)] != nil)
        #expect(roster.members[worlds.right.key(other)] != nil)
        expectOneOutcome(worlds, roster)
    }

    @Test("A reinstatement names removals on any branch, and a station that forks its join is one member")
    mutating func reinstated() throws {
        let station = try builder.enrol(named: "L1")
        var worlds = Worlds(builder)
        let removal = worlds.right.append(
            [.revoke(station: worlds.right.key(station), cut: [worlds.right.tip(station)])], by: PlantBuilder.founder,
            seeing: [station])
        let common = builder.log(PlantBuilder.founder).entries.count
        #expect(worlds.roster().formerMembers[builder.key(station)] != nil)
        // The recovery key had seen the branch, and names the removal by the branch's name.
        var named = removal
        named.replica = worlds.branchTip(PlantBuilder.founder, after: common).replica
        try worlds.right.recover(
            [.reinstate(station: builder.key(station), removals: [named])], seeing: [PlantBuilder.founder])
        worlds.left.append([.policy(counter: 9, flags: [])], by: PlantBuilder.founder)
        let roster = worlds.roster()
        #expect(roster.members[builder.key(station)] != nil)
        expectOneOutcome(worlds, roster)
    }

    @Test("A station that joins twice in two histories of one log is a member by one of them")
    mutating func forkedJoin() throws {
        let (first, second) = (try builder.invite(), try builder.invite())
        let station = builder.stranger()
        try builder.join(first, as: station, named: "L1")
        let genesis = builder.log(station).genesis
        var other = builder
        let join = try second.makeRosterLog(
            for: builder.identities[station], named: "L1", at: HybridTimestamp(rawValue: 2), using: &generator)
        let acts = try RosterBody(decoding: join.entries[1].body).acts
        other.join(as: station, genesis: genesis, acts: acts, deps: second.frontier)
        #expect(other.replica(station) == builder.replica(station))
        let logs = builder.rosterLogs + other.rosterLogs
        let roster = Roster(plant: builder.plant, logs: logs)
        #expect(roster.members[builder.key(station)]?.name == "L1")
        #expect(roster.members.count == 2)
        #expect(roster.recognisedLogs.contains(builder.replica(station)))
        #expect(Roster(plant: builder.plant, logs: logs.reversed()).digest == roster.digest)
    }

    private var generator = SeededGenerator(seed: 9)

    @Test("What strangers are shown of a forked log is all of its histories")
    mutating func shown() throws {
        var worlds = Worlds(builder)
        _ = try worlds.left.enrol(named: "L2")
        _ = try worlds.right.enrol(named: "L3")
        _ = try worlds.right.enrol(named: "L4")
        let founder = worlds.left.replica(PlantBuilder.founder)
        let shown = worlds.roster().history { $0.replica == founder }
        #expect(shown[founder] == worlds.right.tip(PlantBuilder.founder).sequence)
    }
}
