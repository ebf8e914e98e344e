import GembaCausality
import GembaSimulation
import GembaWire
import Testing

@testable import GembaTrust

@Suite("T2: the recovery key")
struct RecoveryLogTests {
    @Test("P11: it removes the founder, and nobody removes it")
    func aboveTheFounder() throws {
        var builder = try PlantBuilder(seed: 21)
        let admin = try builder.enrol(.admin, named: "IT-1")
        builder.append([.revoke(station: builder.recovery.publicKey, cut: [])], by: 0)
        let known = builder.tip(0)
        let removal = try builder.recover(
            [.revoke(station: builder.key(0), cut: [known])], seeing: [0, admin])
        let former = try #require(builder.roster.formerMembers[builder.key(0)])
        #expect(former.author == builder.recovery.publicKey)
        #expect(former.removedBy == .recovery)
        #expect(former.removals == [removal])
        #expect((former.actor, former.reason) == ("it", "lost"))
        #expect(builder.roster.founder == nil)
        #expect(builder.roster.members.keys.map(\.self) == [builder.key(admin)], "whom the founder invited stays")

        builder.append(
            [.reinstate(station: builder.key(0), removals: [removal])], by: admin,
            deps: [removal])
        #expect(builder.roster.formerMembers.count == 1)
        try builder.recover([.reinstate(station: builder.key(0), removals: [removal])], seeing: [admin])
        #expect(builder.roster.founder != nil)
    }

    @Test("P9: each use is a log of its own, which everybody stores, and which is known without folding it in")
    func recognition() throws {
        var builder = try PlantBuilder(seed: 22)
        let before = builder.roster
        try builder.recover([.policy(counter: 1, flags: [])])
        try builder.recover([.policy(counter: 2, flags: .epochsAfterAdmit)])
        let logs = builder.rosterLogs.suffix(2)
        for log in logs { #expect(before.recognises(log)) }
        #expect(builder.roster.recognisedLogs.isSuperset(of: logs.map(\.replica)))
        #expect(builder.roster.policy == .epochsAfterAdmit)
        for log in builder.logs.suffix(2) {
            let run = log.run(plant: builder.plant)
            #expect(throws: Never.self) {
                try VerifiedRun(verifying: run, kind: .roster, plant: builder.plant, after: nil)
            }
        }

        var other = try PlantBuilder(seed: 23)
        try other.recover([.policy(counter: 3, flags: [])])
        let foreign = try #require(other.rosterLogs.last)
        #expect(!before.recognises(foreign))
    }

    @Test("It invites, and its joiners are of depth 1")
    func invites() throws {
        var builder = try PlantBuilder(seed: 24)
        var generator = SeededGenerator(seed: 7)
        let draft = try InvitationDraft(name: "IT-9", role: .admin, validForSeconds: 60, using: &generator)
        let announcement = try builder.recover([draft.act], seeing: [0])
        let lamport = try #require(builder.logs.last?.lamports.last)
        let token = draft.token(routes: [], plant: builder.plant, announcement: announcement, lamport: lamport)
        let admin = try builder.join(token, named: "IT-9")
        let member = try #require(builder.roster.members[builder.key(admin)])
        #expect(member.rank.depth == 1)
        #expect(member.inviter == builder.recovery.publicKey)
        #expect(builder.roster.invitation(token.inviteKey)?.inviter == builder.recovery.publicKey)
        #expect(builder.roster.recognisedLogs.count == 3)
    }

    @Test("The recovery key is no station: it cannot join")
    func noMember() throws {
        var builder = try PlantBuilder(seed: 25)
        let token = try builder.invite(.admin)
        let member = Member(
            name: "X", role: .admin, transport: builder.identities[0].transportKey,
            sealing: builder.identities[0].sealingKey)
        try builder.recover([token.join(station: builder.recovery.publicKey, member: member)], seeing: [0])
        #expect(builder.roster.members.count == 1)
        #expect(builder.roster.openInvitations.count == 1)
    }
}
