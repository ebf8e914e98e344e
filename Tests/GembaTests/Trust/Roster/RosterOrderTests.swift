import GembaCausality
import GembaSimulation
import GembaWire
import Testing

@testable import GembaTrust

@Suite("T2, G13: one outcome in every order")
struct RosterOrderTests {
    /// Everything a roster decides.
    private struct Outcome: Equatable {
        var digest: RosterDigest
        var members: [StationKey: RosterMember]
        var formerMembers: [StationKey: FormerMember]
        var invitations: [Invitation]
        var standings: [StationKey: Standing]
        var recognised: Set<ReplicaID>

        init(_ roster: Roster, stations: [StationKey]) {
            digest = roster.digest
            members = roster.members
            formerMembers = roster.formerMembers
            invitations = roster.invitations
            standings = Dictionary(stations.map { ($0, roster.standing(of: $0)) }, uniquingKeysWith: { $1 })
            recognised = roster.recognisedLogs
        }
    }

    @Test("All 720 orders of six contested, closed and admitted logs give one roster")
    func allPermutations() throws {
        var builder = try PlantBuilder(seed: 3)
        let admin = try builder.enrol(.admin, named: "IT-1")
        let token = try builder.invite(by: admin)
        let left = try builder.join(token, named: "L3")
        let right = try builder.join(token, named: "L3")
        builder.append([.admit(replica: builder.replica(left))], by: admin, seeing: [left, right])
        builder.append([.admit(replica: builder.replica(right))], by: 0, seeing: [admin, right])
        let closed = try builder.invite()
        builder.append([.close(invite: closed.inviteKey)], by: 0)
        _ = try builder.join(closed, named: "L4")
        _ = try builder.enrol(named: "L3", by: admin)

        let logs = builder.rosterLogs
        #expect(logs.count == 6)
        let stations = builder.identities.map(\.stationKey)
        let complete = builder.roster
        let expected = Outcome(complete, stations: stations)
        #expect(expected.members.count == 4)
        for order in Self.permutations(Array(logs.indices)) {
            let fresh = Roster(plant: builder.plant, logs: order.map { logs[$0] }, reusing: complete)
            let agrees = Outcome(fresh, stations: stations) == expected
            #expect(agrees)
            var growing = Roster(plant: builder.plant, logs: [], reusing: complete)
            for index in order.prefix(3) { growing = growing.extended(with: [logs[index]]) }
            let growsAlike = Outcome(growing.extended(with: logs), stations: stations) == expected
            #expect(growsAlike)
        }
    }

    @Test(
        "Random histories: every order of arrival, entry by entry, gives the roster of the plain model",
        arguments: 0..<16)
    func randomHistories(seed: UInt64) throws {
        var history = try RandomHistory(seed: seed)
        try history.run()
        var builder = history.builder
        let stations = builder.identities.map(\.stationKey)
        let complete = builder.roster
        let expected = Outcome(complete, stations: stations)
        expectAgreement(of: complete, logs: builder.rosterLogs, in: builder)

        // Arrival entry by entry, in any order that keeps each log's own.
        var counts = [Int](repeating: 0, count: builder.logs.count)
        var roster = Roster(plant: builder.plant, logs: [])
        while true {
            let pending = counts.indices.filter { counts[$0] < builder.logs[$0].entries.count }
            guard !pending.isEmpty else { break }
            let index = pending[builder.below(pending.count)]
            let step = 1 + builder.below(6)
            counts[index] = min(counts[index] + step, builder.logs[index].entries.count)
            roster = roster.extended(with: [builder.logs[index].decoded(count: counts[index])])
            if builder.below(8) == 0 {
                let held = zip(builder.logs, counts).filter { $1 > 0 }.map { $0.decoded(count: $1) }
                expectAgreement(of: roster, logs: held, in: builder)
            }
        }
        let agrees = Outcome(roster, stations: stations) == expected
        #expect(agrees)
    }

    private func expectAgreement(of roster: Roster, logs: [RosterLog], in builder: PlantBuilder) {
        let model = RosterModel(plant: builder.plant, logs: logs)
        let members = roster.members.mapValues {
            RosterModel.Membership(
                role: $0.role, depth: $0.rank.depth, hash: $0.rank.admission, replica: $0.rosterReplica,
                isConfirmed: $0.isConfirmed)
        }
        #expect(Set(roster.members.values.filter { !$0.isActive }.map(\.station)) == model.lapsed)
        let former = roster.formerMembers.mapValues {
            RosterModel.Removed(kind: $0.kind, cut: $0.cut, removals: Set($0.removals))
        }
        let sameFormer = former == model.former
        #expect(sameFormer)
        let (sameMembers, sameLogs) = (members == model.members, roster.recognisedLogs == model.recognised)
        #expect(sameMembers)
        #expect(sameLogs)
    }

    @Test("Whether a log is recognised is known without folding it in", arguments: 200..<208)
    func recognisedWithoutFolding(seed: UInt64) throws {
        var history = try RandomHistory(seed: seed)
        for _ in 0..<48 { try history.step() }
        let logs = history.builder.rosterLogs
        let complete = history.builder.roster
        var verdicts: Set<Bool> = []
        for (index, log) in logs.enumerated() {
            // All but the log in question, and a third of the others missing in turn.
            for missing in 0..<3 {
                let others = logs.indices.filter { $0 != index && (missing == 0 || $0 % 3 != missing) }.map { logs[$0] }
                let without = Roster(plant: complete.plant, logs: others, reusing: complete)
                let expected = without.extended(with: [log]).recognisedLogs.contains(log.replica)
                #expect(without.recognises(log) == expected)
                verdicts.insert(expected)
            }
        }
        #expect(verdicts == [true, false])
    }

    @Test("T2: what a member states never changes who ranks as high as itself", arguments: 100..<108)
    func noActReachesUp(seed: UInt64) throws {
        var history = try RandomHistory(seed: seed)
        var before = history.builder.roster
        for _ in 0..<48 {
            let author = try history.step()
            let after = history.builder.roster
            if let author, let member = before.members[author] {
                for (station, peer) in before.members where peer.rank.depth <= member.rank.depth {
                    #expect(after.members[station]?.rank == peer.rank)
                    #expect(after.members[station]?.role == peer.role)
                }
            }
            #expect(after.recognisedLogs.isSuperset(of: before.recognisedLogs), "recognition only grows")
            before = after
        }
    }

    @Test("The random histories hold every kind of standing, so the comparisons above mean something")
    func coverage() throws {
        var reasons: Set<Standing.Reason> = []
        var depths: Set<Int> = []
        var states: Set<Bool> = []
        var lapses: Set<Bool> = []
        var endings: Set<FormerMember.Kind> = []
        var owners: Set<Bool> = []
        for seed in UInt64(0)..<16 {
            var history = try RandomHistory(seed: seed)
            try history.run()
            let roster = history.builder.roster
            lapses.formUnion(roster.members.values.map(\.isActive))
            for identity in history.builder.identities {
                switch roster.standing(of: identity.stationKey) {
                case .member(let member):
                    depths.insert(member.rank.depth)
                    states.insert(member.isConfirmed && member.rank.depth > 0)
                case .void(let reason): reasons.insert(reason)
                case .former(let former):
                    endings.insert(former.kind)
                    owners.insert(former.author == identity.stationKey)
                case .unknown: break
                }
            }
        }
        #expect(reasons == [.closed, .contested, .inviterVoid, .superseded])
        #expect(depths.isSuperset(of: [0, 1, 2, 3]))
        #expect(states == [true, false])
        #expect(lapses == [true, false])
        #expect(endings == [.revoked, .retired])
        #expect(owners == [true, false])
    }

    @Test("Two hundred members fold")
    func manyMembers() throws {
        var builder = try PlantBuilder(seed: 9)
        for number in 0..<200 {
            let station = try builder.enrol(named: "L\(number)")
            if number.isMultiple(of: 4) {
                builder.append([.endpoints(counter: 1, addresses: [])], by: 0, seeing: [station])
            }
        }
        let roster = builder.roster
        #expect(roster.members.count == 201)
        #expect(roster.extended(with: [builder.logs[0].decoded()]).digest == roster.digest)
    }

    private static func permutations(_ elements: [Int]) -> [[Int]] {
        guard elements.count > 1 else { return [elements] }
        return elements.indices.flatMap { index in
            var rest = elements
            let first = rest.remove(at: index)
            return permutations(rest).map { [first] + $0 }
        }
    }
}

/// A plant in which anything may happen: stations with and without rights invite, join, join again, admit, close, and
/// open incarnations, having seen whatever chance let them see.
struct RandomHistory {
    private(set) var builder: PlantBuilder
    private var tokens: [InvitationToken] = []
    private var generator: SeededGenerator
    private var hopefuls = [PlantBuilder.founder]
    /// The entries that hold removals and reinstatements, with whom they concern.
    private var removals: [(target: Int, entry: ChangeReference)] = []

    init(seed: UInt64) throws {
        builder = try PlantBuilder(seed: seed)
        generator = SeededGenerator(seed: seed &+ 1_000_003)
    }

    /// Does what a plant's history consists of: it grows at first, and then members are removed, too.
    mutating func run() throws {
        for round in 0..<48 {
            try step()
            lapseOrReturn()
            if round >= 24 { try removeOrReinstate() }
        }
    }

    /// Does one thing.
    ///
    /// - Returns: The station that appended to its log, if it was not a join.
    @discardableResult
    mutating func step() throws -> StationKey? {
        // Half of the time somebody who may have rights, so that chains of invitations grow long.
        let author =
            generator.once(in: 2)
            ? hopefuls[generator.below(hopefuls.count)] : generator.below(builder.identities.count)
        let seen = builder.identities.indices.filter { _ in generator.once(in: 3) }
        switch generator.below(20) {
        case 0..<6:
            let role: Role = generator.once(in: 4) ? .station : .admin
            tokens.append(try builder.invite(role, by: author, seeing: seen))
        case 6..<12:
            guard let token = tokens.suffix(3).randomElement(using: &generator) else { return nil }
            if generator.once(in: 5) {
                try builder.join(token, as: author, named: "X")
            } else {
                let station = try builder.join(token, named: "L\(generator.below(3))")
                if token.role == .admin { hopefuls.append(station) }
            }
            return nil
        case 12..<16:
            let joiner = generator.below(builder.identities.count)
            builder.append(
                [.admit(replica: builder.replica(joiner))], by: author,
                seeing: generator.once(in: 3) ? seen : seen + [joiner])
        case 16..<18:
            guard let token = tokens.randomElement(using: &generator) else { return nil }
            builder.append([.close(invite: token.inviteKey)], by: author, seeing: seen)
        case 18:
            builder.append(
                [.endpoints(counter: UInt64(generator.below(3)), addresses: ["tcp://10.0.0.\(generator.below(9)):1"])],
                by: author, seeing: seen)
        default:
            builder.reincarnate(author)
        }
        return builder.key(author)
    }

    /// Now and then somebody removes another or itself, takes removals back, or the recovery key does.
    mutating func removeOrReinstate() throws {
        guard generator.once(in: 3) else { return }
        let author =
            generator.once(in: 2)
            ? hopefuls[generator.below(hopefuls.count)] : generator.below(builder.identities.count)
        let target = generator.once(in: 4) ? author : generator.below(builder.identities.count)
        let seen = builder.identities.indices.filter { _ in generator.once(in: 2) }
        let act = removalOrReinstatement(of: target)
        if generator.once(in: 12) {
            removals.append((target, try builder.recover([act], seeing: seen)))
        } else {
            // The recovery key's logs are seen now and then, too.
            let deps = seen.filter { $0 != author }.map { builder.tip($0) }
            let others = removals.suffix(1).map(\.entry).filter { _ in generator.once(in: 3) }
            removals.append((target, builder.append([act], by: author, deps: deps + others)))
        }
    }

    private mutating func removalOrReinstatement(of target: Int) -> RosterAct {
        let key = builder.key(target)
        let past = removals.filter { $0.target == target }.map(\.entry).filter { _ in !generator.once(in: 3) }
        if !past.isEmpty, generator.once(in: 3) {
            let names = past.sorted { ($0.replica, $0.sequence) < ($1.replica, $1.sequence) }
            return .reinstate(station: key, removals: names)
        }
        let log = builder.log(target)
        let last = builder.entry(generator.below(log.entries.count), of: target)
        let data = ChangeReference(
            replica: ReplicaID(rawValue: UInt128(target + 1)), sequence: UInt64(generator.below(50)),
            prefix: HashPrefix(rawValue: UInt128(generator.below(3))))
        let cut = [last, data].filter { _ in generator.once(in: 2) }.sorted { $0.replica < $1.replica }
        return generator.once(in: 3) ? .retire(station: key, cut: cut) : .revoke(station: key, cut: cut)
    }

    /// Now and then somebody declares another lapsed, or returns.
    mutating func lapseOrReturn() {
        let author =
            generator.once(in: 2)
            ? hopefuls[generator.below(hopefuls.count)] : generator.below(builder.identities.count)
        let seen = builder.identities.indices.filter { _ in generator.once(in: 2) }
        switch generator.below(5) {
        case 0:
            let station = builder.key(generator.below(builder.identities.count))
            builder.append([.lapse(station: station, head: nil)], by: author, seeing: seen)
        case 1: builder.append([.returned], by: author, seeing: seen)
        default: break
        }
    }
}
