import GembaCausality
import GembaWire
import Testing

@testable import GembaTrust

@Suite("T1, T2, T6: the roster")
struct RosterTests {
    private var builder: PlantBuilder

    init() throws { builder = try PlantBuilder() }

    private func isMember(_ station: PlantBuilder.Station) -> Bool {
        if case .member = builder.roster.standing(of: builder.key(station)) { true } else { false }
    }

    private func reason(_ station: PlantBuilder.Station) -> Standing.Reason? {
        if case .void(let reason) = builder.roster.standing(of: builder.key(station)) { reason } else { nil }
    }

    // MARK: - Founding

    @Test("The founding genesis alone makes the founder a member with all rights")
    func founding() throws {
        let roster = builder.roster
        #expect(roster.plantName == "Plant 7")
        #expect(roster.recovery == builder.recovery.publicKey)
        let founder = try #require(roster.founder)
        #expect(founder.station == builder.key(0))
        #expect(founder.role == .admin)
        #expect(founder.displayName == "OFFICE")
        #expect(founder.rank.depth == 0)
        #expect(roster.members.count == 1)
        #expect(roster.plant.bytes.prefix(16) == founder.rosterReplica.bytes[...])
    }

    @Test("Without the founder's log nobody is a member and nobody is refused (T4)")
    mutating func withoutFounder() throws {
        let station = try builder.enrol()
        let roster = Roster(plant: builder.plant, logs: [builder.log(station).decoded()])
        #expect(roster.founder == nil && roster.members.isEmpty)
        #expect(roster.standing(of: builder.key(station)) == .unknown)
    }

    @Test("A founding that gives its founder another role or unacceptable keys founds nothing")
    mutating func badFounding() throws {
        let identity = builder.identities[0]
        let good = identity.member(name: "OFFICE", role: .admin)
        var wrongRole = good
        wrongRole.role = .station
        var wrongName = good
        wrongName.name = "two words"
        var wrongKey = good
        wrongKey.transport = TransportKey(rawValue: .init(high: 0, low: 0))
        for (founder, recovery) in [
            (wrongRole, builder.recovery.publicKey), (wrongName, builder.recovery.publicKey),
            (wrongKey, builder.recovery.publicKey), (good, StationKey(rawValue: .init(high: 0, low: 0))),
        ] {
            let genesis = Genesis(
                kind: .roster, plant: nil, station: identity.stationKey, random: builder.bytes(16), incarnation: 1,
                founding: Founding(plantName: "Plant 7", recovery: recovery, founder: founder))
            builder.join(as: 0, genesis: genesis, acts: [])
            let log = builder.log(0).decoded()
            #expect(Roster(plant: log.genesisHash.plant, logs: [log]).members.isEmpty)
        }
    }

    // MARK: - Joining

    @Test("A station that joins with an invitation is a member with the role of the invitation")
    mutating func join() throws {
        let token = try builder.invite(.liaison, name: "LAPTOP-EWA")
        #expect(builder.roster.openInvitations.map(\.key) == [token.inviteKey])
        let station = try builder.join(token, named: "LAPTOP-EWA")
        let roster = builder.roster
        let member = try #require(roster.members[builder.key(station)])
        #expect(member.role == .liaison)
        #expect(member.rank.depth == 1)
        #expect(member.inviter == builder.key(0))
        #expect(member.invitation == token.inviteKey)
        #expect(!member.isConfirmed)
        #expect(member.rosterReplica == builder.replica(station))
        #expect(roster.member(speakingThrough: builder.replica(station)) == member)
        #expect(roster.members(withTransport: member.transport) == [member])
        #expect(roster.invitation(token.inviteKey)?.state == .used(by: member.station))
        #expect(roster.openInvitations.isEmpty)
    }

    @Test("A join whose signature is not by the invite key has no effect")
    mutating func badSignature() throws {
        let token = try builder.invite()
        let station = builder.stranger()
        let member = builder.identities[station].member(name: "L3", role: .station)
        guard case .join(let key, _, var signature) = token.join(station: builder.key(station), member: member) else {
            throw TestFailure("not a join")
        }
        signature[5] ^= 1
        builder.join(
            as: station, genesis: genesis(of: station, frontier: token.frontier),
            acts: [.join(invite: key, member: member, signature: signature)])
        #expect(!isMember(station))
        #expect(builder.roster.standing(of: builder.key(station)) == .unknown)
        #expect(!builder.roster.recognisedLogs.contains(builder.replica(station)))
    }

    @Test("A join signed for another station is worth nothing: the token's user cannot be impersonated")
    mutating func stolenJoin() throws {
        let token = try builder.invite()
        let (honest, thief) = (builder.stranger(), builder.stranger())
        let act = token.join(
            station: builder.key(honest), member: builder.identities[honest].member(name: "L3", role: .station))
        builder.join(as: thief, genesis: genesis(of: thief, frontier: token.frontier), acts: [act])
        #expect(!isMember(thief))
    }

    @Test("A join with another role than its invitation's has no effect", arguments: [Role.admin, .liaison, .relay])
    mutating func otherRole(role: Role) throws {
        let token = try builder.invite(.station)
        let station = builder.stranger()
        let act = token.join(
            station: builder.key(station), member: builder.identities[station].member(name: "L3", role: role))
        builder.join(as: station, genesis: genesis(of: station, frontier: token.frontier), acts: [act])
        #expect(!isMember(station))
    }

    @Test("A join that does not have its invitation in its past, by hash, has no effect")
    mutating func notInPast() throws {
        let token = try builder.invite()
        let frontier = token.frontier[0]
        let founding = ChangeReference(
            replica: frontier.replica, sequence: 0, prefix: builder.logs[0].hashes[0].prefix)
        let forged = ChangeReference(
            replica: frontier.replica, sequence: frontier.sequence, prefix: HashPrefix(rawValue: 1))
        let ahead = ChangeReference(
            replica: frontier.replica, sequence: frontier.sequence + 1, prefix: frontier.prefix)
        for frontier in [[], [founding], [forged], [ahead]] {
            let station = builder.stranger()
            let act = token.join(
                station: builder.key(station), member: builder.identities[station].member(name: "L3", role: .station))
            builder.join(as: station, genesis: genesis(of: station, frontier: frontier), acts: [act])
            #expect(!isMember(station))
        }
    }

    @Test("The deps of the join entry can carry the invitation as well as the genesis can")
    mutating func depsSuffice() throws {
        let token = try builder.invite()
        let station = builder.stranger()
        let act = token.join(
            station: builder.key(station), member: builder.identities[station].member(name: "L3", role: .station))
        builder.join(
            as: station, genesis: genesis(of: station, frontier: []), acts: [act], deps: token.frontier)
        #expect(isMember(station))
    }

    @Test("A join with an unacceptable name or key has no effect")
    mutating func unacceptable() throws {
        let token = try builder.invite()
        let identity = StationIdentity.generate()
        var members = [Member](repeating: identity.member(name: "L3", role: .station), count: 4)
        members[0].name = ""
        members[1].name = "L\u{200B}3"
        members[2].transport = TransportKey(rawValue: .init(high: 0, low: 0))
        members[3].sealing = try #require(SealingKey(bytes: [0xED] + [UInt8](repeating: 0xFF, count: 30) + [0x7F]))
        for member in members {
            let station = builder.stranger()
            builder.join(
                as: station, genesis: genesis(of: station, frontier: token.frontier),
                acts: [token.join(station: builder.key(station), member: member)])
            #expect(!isMember(station))
        }
    }

    @Test("A join that is not in entry 1, or one of two there, has no effect")
    mutating func elsewhere() throws {
        let token = try builder.invite()
        let late = builder.stranger()
        let act = token.join(
            station: builder.key(late), member: builder.identities[late].member(name: "L3", role: .station))
        builder.join(
            as: late, genesis: genesis(of: late, frontier: token.frontier),
            acts: [.endpoints(counter: 1, addresses: [])])
        builder.append([act], by: late)
        #expect(!isMember(late))

        let double = builder.stranger()
        let twice = token.join(
            station: builder.key(double), member: builder.identities[double].member(name: "L3", role: .station))
        builder.join(as: double, genesis: genesis(of: double, frontier: token.frontier), acts: [twice, twice])
        #expect(!isMember(double))
    }

    @Test("A log of another plant or kind has no effect")
    mutating func otherPlant() throws {
        let token = try builder.invite()
        for (plant, kind) in [(PlantID(rawValue: .init(high: 1, low: 2)), LogKind.roster), (builder.plant, .data)] {
            let station = builder.stranger()
            var genesis = genesis(of: station, frontier: token.frontier)
            genesis.plant = plant
            genesis.kind = kind
            let member = builder.identities[station].member(name: "L3", role: .station)
            builder.join(
                as: station, genesis: genesis, acts: [token.join(station: builder.key(station), member: member)])
            #expect(!isMember(station))
        }
    }

    @Test("An entry that does not decode is an act of no meaning, and those after it count")
    mutating func undecodable() throws {
        let token = try builder.invite()
        let station = try builder.join(token)
        var log = builder.logs[0].decoded()
        let invite = log.entries[0]
        log = RosterLog(
            genesis: log.genesis, genesisHash: log.genesisHash,
            entries: [RosterLog.Entry(hash: invite.hash, deps: [], body: nil)])
        let roster = Roster(plant: builder.plant, logs: [log, builder.log(station).decoded()])
        #expect(roster.members.count == 1)
        #expect(RosterLog.Entry(Entry(deps: [], body: [1, 2, 3]), hash: invite.hash).body == nil)
    }

    @Test("M12: acts in a body that states another lamport number than its place gives it have no effect")
    mutating func wrongLamport() throws {
        let token = try builder.invite()
        let station = builder.stranger()
        let act = token.join(
            station: builder.key(station), member: builder.identities[station].member(name: "L3", role: .station))
        for (wrong, isMember) in [(UInt64(1), false), (3, false), (2, true)] {
            builder.join(as: station, genesis: genesis(of: station, frontier: token.frontier), acts: [])
            builder.append([act], by: station, deps: token.frontier, stating: wrong)
            #expect(self.isMember(station) == isMember)
            #expect(builder.roster.recognisedLogs.contains(builder.replica(station)) == isMember)
        }
        builder.append([.close(invite: token.inviteKey)], by: 0, deps: [], stating: 7)
        #expect(isMember(station))
        // Entries after it count on from the number that its place gives it.
        builder.append([.close(invite: token.inviteKey)], by: 0)
        #expect(reason(station) == .closed)
    }

    // MARK: - Rights

    @Test("T10: who may do what")
    func rights() {
        #expect(Role.relay.rights.isEmpty)
        for role in [Role.station, .liaison] {
            #expect(role.rights == [.writeData, .publishEpochs])
        }
        #expect(
            Role.admin.rights == [
                .writeData, .publishEpochs, .invite, .admit, .closeInvitations, .revoke, .proposeLapse, .dropRows,
                .setPolicy,
            ])
    }

    @Test("Only an admin's invitation counts", arguments: [Role.station, .liaison, .relay])
    mutating func mayNotInvite(role: Role) throws {
        let inviter = try builder.enrol(role)
        let guest = try builder.enrol(named: "L4", by: inviter)
        #expect(!isMember(guest))
        #expect(builder.roster.invitations.map(\.inviter) == [builder.key(0)])
        #expect(!builder.roster.recognisedLogs.contains(builder.replica(guest)))
    }

    @Test("An admin who was invited invites in turn, and its guests rank below it")
    mutating func depth() throws {
        let admin = try builder.enrol(.admin, named: "IT-1")
        let guest = try builder.enrol(.station, named: "L4", by: admin)
        let members = builder.roster.members
        #expect(members[builder.key(guest)]?.rank.depth == 2)
        #expect(try #require(members[builder.key(admin)]).rank < #require(members[builder.key(guest)]).rank)
        #expect(members[builder.key(guest)]?.inviter == builder.key(admin))
    }

    @Test("The guests of one who is void are void with it, and stay recognised")
    mutating func inviterVoid() throws {
        let token = try builder.invite(.admin)
        let admin = try builder.join(token, named: "IT-1")
        let guest = try builder.enrol(.admin, named: "IT-2", by: admin)
        let last = try builder.enrol(.station, named: "L4", by: guest)
        #expect(isMember(last))
        _ = try builder.join(token, named: "IT-1")
        #expect(reason(admin) == .contested)
        #expect(reason(guest) == .inviterVoid)
        #expect(reason(last) == .inviterVoid)
        #expect(builder.roster.recognisedLogs.count == builder.logs.count)
        builder.append([.admit(replica: builder.replica(admin))], by: 0, seeing: [admin])
        #expect(isMember(admin) && isMember(guest) && isMember(last))
    }

    // MARK: - Contests

    @Test("Two stations that join by one invitation void each other")
    mutating func contest() throws {
        let token = try builder.invite()
        let (left, right) = (try builder.join(token), try builder.join(token))
        #expect(reason(left) == .contested && reason(right) == .contested)
        let invitation = try #require(builder.roster.invitation(token.inviteKey))
        #expect(invitation.state == .contested)
        #expect(Set(invitation.applicants.map(\.station)) == [builder.key(left), builder.key(right)])
    }

    @Test("An admit that has seen a join makes it count, and the other one void")
    mutating func admit() throws {
        let token = try builder.invite()
        let (left, right) = (try builder.join(token), try builder.join(token))
        builder.append([.admit(replica: builder.replica(right))], by: 0, seeing: [left, right])
        #expect(isMember(right))
        #expect(builder.roster.members[builder.key(right)]?.isConfirmed == true)
        #expect(reason(left) == .superseded)
        // The last word of one author counts.
        builder.append([.admit(replica: builder.replica(left))], by: 0)
        #expect(isMember(left) && reason(right) == .superseded)
    }

    @Test("An admit that has not seen the join, or comes from one without the right, has no effect")
    mutating func ineffectiveAdmit() throws {
        let token = try builder.invite()
        let (left, right) = (try builder.join(token), try builder.join(token))
        builder.append([.admit(replica: builder.replica(left))], by: 0)
        #expect(reason(left) == .contested)
        let other = try builder.enrol(.station, named: "L9")
        builder.append([.admit(replica: builder.replica(left))], by: other, seeing: [left, right])
        #expect(reason(left) == .contested && reason(right) == .contested)
    }

    @Test("T2: an admit by one who is deeper than the inviter has no effect")
    mutating func admitFromBelow() throws {
        let admin = try builder.enrol(.admin, named: "IT-1")
        let token = try builder.invite()
        let (left, right) = (try builder.join(token), try builder.join(token))
        builder.append([.admit(replica: builder.replica(left))], by: admin, seeing: [left, right])
        #expect(reason(left) == .contested)
    }

    @Test("T2: of two admits that contradict each other, the higher-ranking author's counts, even if it is the earlier")
    mutating func contradictingAdmits() throws {
        let admin = try builder.enrol(.admin, named: "IT-1")
        let token = try builder.invite(by: admin)
        let (left, right) = (try builder.join(token), try builder.join(token))
        builder.append([.admit(replica: builder.replica(left))], by: 0, seeing: [left, right, admin])
        builder.append([.admit(replica: builder.replica(right))], by: admin, seeing: [left, right, 0])
        #expect(isMember(left) && reason(right) == .superseded)
    }

    @Test("One station that joins twice by one invitation does not contest itself")
    mutating func joinsTwice() throws {
        let token = try builder.invite()
        let station = try builder.join(token)
        let first = builder.replica(station)
        try builder.join(token, as: station)
        #expect(isMember(station))
        let replicas = [first, builder.replica(station)]
        #expect(builder.roster.recognisedLogs.isSuperset(of: replicas))
        #expect(builder.roster.invitation(token.inviteKey)?.state == .used(by: builder.key(station)))
    }

    @Test("A member that joins again by another invitation stays what it is")
    mutating func joinsAgain() throws {
        let station = try builder.enrol(.station)
        let admin = try builder.enrol(.admin, named: "IT-1")
        try builder.join(try builder.invite(.relay, by: admin), as: station)
        #expect(builder.roster.members[builder.key(station)]?.role == .station)
        #expect(builder.roster.members[builder.key(station)]?.rank.depth == 1)
    }

    // MARK: - Closing

    @Test("A close ends an unused invitation: a join that it had not seen is void, however it is dated")
    mutating func close() throws {
        let token = try builder.invite()
        builder.append([.close(invite: token.inviteKey)], by: 0)
        #expect(builder.roster.invitation(token.inviteKey)?.state == .closed)
        // The token's frontier precedes the close, so the join looks concurrent.
        let station = try builder.join(token)
        #expect(reason(station) == .closed)
        #expect(builder.roster.invitation(token.inviteKey)?.state == .closed)
        builder.append([.admit(replica: builder.replica(station))], by: 0, seeing: [station])
        #expect(isMember(station))
    }

    @Test("A close that had seen the join leaves it in force and protects it against a second one")
    mutating func closeAfterJoin() throws {
        let token = try builder.invite()
        let honest = try builder.join(token)
        #expect(builder.roster.spentInvitations(of: builder.key(0)).map(\.key) == [token.inviteKey])
        builder.append([.close(invite: token.inviteKey)], by: 0, seeing: [honest])
        #expect(builder.roster.spentInvitations(of: builder.key(0)).isEmpty)
        let thief = try builder.join(token)
        #expect(isMember(honest))
        #expect(reason(thief) == .closed)
    }

    @Test("Of two closes the one that had seen less decides, until somebody admits")
    mutating func twoCloses() throws {
        let admin = try builder.enrol(.admin, named: "IT-1")
        let token = try builder.invite(by: admin)
        let station = try builder.join(token)
        builder.append([.close(invite: token.inviteKey)], by: admin, seeing: [station])
        #expect(isMember(station))
        builder.append([.close(invite: token.inviteKey)], by: 0, seeing: [admin])
        #expect(isMember(station), "the founder saw the join through the admin")
        let other = try builder.invite(by: admin)
        let guest = try builder.join(other, named: "L5")
        builder.append([.close(invite: other.inviteKey)], by: admin, seeing: [guest])
        builder.append([.close(invite: other.inviteKey)], by: 0)
        #expect(reason(guest) == .closed)
    }

    @Test("T2: a close from below the inviter, or without the right, removes nobody")
    mutating func closeFromBelow() throws {
        let admin = try builder.enrol(.admin, named: "IT-1")
        let station = try builder.enrol(.station, named: "L8")
        let token = try builder.invite()
        let guest = try builder.join(token, named: "L5")
        builder.append([.close(invite: token.inviteKey)], by: admin)
        builder.append([.close(invite: token.inviteKey)], by: station)
        #expect(isMember(guest))
        #expect(builder.roster.invitation(token.inviteKey)?.isClosed == false)
    }

    // MARK: - Later incarnations

    @Test("A station speaks through the roster log of a later incarnation that continues its own")
    mutating func incarnation() throws {
        let admin = try builder.enrol(.admin, named: "IT-1")
        let old = builder.replica(admin)
        builder.reincarnate(admin)
        let guest = try builder.enrol(named: "L4", by: admin)
        let roster = builder.roster
        #expect(isMember(guest))
        #expect(roster.member(speakingThrough: builder.replica(admin))?.station == builder.key(admin))
        #expect(roster.members[builder.key(admin)]?.rosterReplica == old)
        #expect(roster.recognisedLogs.contains(builder.replica(admin)))
    }

    @Test("A log of the station that has not seen its admission speaks for nobody")
    mutating func unconnectedIncarnation() throws {
        let admin = try builder.enrol(.admin, named: "IT-1")
        builder.join(as: admin, genesis: genesis(of: admin, frontier: []), acts: [])
        let token = try builder.invite(by: admin)
        let guest = try builder.join(token, named: "L4")
        #expect(!isMember(guest))
        #expect(builder.roster.member(speakingThrough: builder.replica(admin)) == nil)
    }

    @Test("The founder speaks through a later incarnation too")
    mutating func founderIncarnation() throws {
        builder.reincarnate(0)
        let guest = try builder.enrol()
        #expect(isMember(guest))
        #expect(builder.roster.plantName == "Plant 7")
    }

    // MARK: - What members say

    @Test("T11: of a member's endpoints those with the greatest counter count")
    mutating func endpoints() throws {
        let station = try builder.enrol()
        builder.append([.endpoints(counter: 2, addresses: ["tcp://10.0.0.2:1"])], by: station)
        builder.append([.endpoints(counter: 1, addresses: ["tcp://10.0.0.1:1"])], by: station)
        #expect(builder.roster.members[builder.key(station)]?.endpoints == ["tcp://10.0.0.2:1"])
        builder.append([.endpoints(counter: 2, addresses: ["tcp://10.0.0.3:1"])], by: station)
        #expect(builder.roster.members[builder.key(station)]?.endpoints == ["tcp://10.0.0.3:1"])
    }

    @Test("Endpoints beyond their limits have no effect")
    mutating func endpointLimits() throws {
        let station = try builder.enrol()
        let tooMany = (0...RosterMember.maximumEndpoints).map { "tcp://10.0.0.\($0):1" }
        for addresses in [tooMany, [""], ["tcp://a b"], [String(repeating: "x", count: 256)], ["tcp://ł:1"]] {
            builder.append([.endpoints(counter: 9, addresses: addresses)], by: station)
            #expect(builder.roster.members[builder.key(station)]?.endpoints == [])
        }
    }

    @Test("Two stations of one name are both members; the later enrolled is shown with a suffix")
    mutating func names() throws {
        let first = try builder.enrol(named: "L3")
        let second = try builder.enrol(named: "l3")
        let third = try builder.enrol(named: "L3b")
        let fourth = try builder.enrol(named: "L3")
        func shown(_ station: PlantBuilder.Station) -> String? {
            builder.roster.members[builder.key(station)]?.displayName
        }
        #expect(shown(first) == "L3")
        #expect(shown(second) == "l3b")
        #expect(shown(third) == "L3bb")
        #expect(shown(fourth) == "L3c")
        #expect(builder.roster.members[builder.key(fourth)]?.name == "L3")
    }

    @Test("A station that copies another's transport key does not take its place on links")
    mutating func copiedTransportKey() throws {
        let victim = try builder.enrol(named: "L3")
        let token = try builder.invite()
        let thief = builder.stranger()
        var member = builder.identities[thief].member(name: "L4", role: .station)
        member.transport = builder.identities[victim].transportKey
        builder.join(
            as: thief, genesis: genesis(of: thief, frontier: token.frontier),
            acts: [token.join(station: builder.key(thief), member: member)])
        let roster = builder.roster
        let key = builder.identities[victim].transportKey
        #expect(Set(roster.members(withTransport: key).map(\.station)) == [builder.key(victim), builder.key(thief)])
        #expect(roster.member(withTransport: key, claiming: builder.key(victim))?.station == builder.key(victim))
        let own = builder.identities[thief].transportKey
        #expect(roster.member(withTransport: own, claiming: builder.key(victim)) == nil)
        #expect(roster.members(withTransport: own).isEmpty)
    }

    @Test("The digest changes with members, endpoints and invitations, and with nothing else")
    mutating func digest() throws {
        var seen = [builder.roster.digest]
        func expectChange() {
            #expect(!seen.contains(builder.roster.digest))
            seen.append(builder.roster.digest)
        }
        let token = try builder.invite()
        expectChange()
        let station = try builder.join(token)
        expectChange()
        builder.append([.endpoints(counter: 1, addresses: ["tcp://10.0.0.1:1"])], by: station)
        expectChange()
        builder.append([.unknown(kind: 99, encoded: [0x81, 0x18, 99])], by: station)
        #expect(seen.last == builder.roster.digest)
        builder.append([.close(invite: token.inviteKey)], by: 0, seeing: [station])
        expectChange()
    }

    private func genesis(of station: PlantBuilder.Station, frontier: [ChangeReference]) -> Genesis {
        Genesis(
            kind: .roster, plant: builder.plant, station: builder.key(station),
            random: [UInt8](repeating: 7, count: 16),
            incarnation: 1, rosterFrontier: frontier)
    }
}
