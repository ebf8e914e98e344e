import Foundation
import GembaCausality
import GembaSimulation
import GembaWire
import Testing

@testable import GembaTrust

/// A founder and two admins that invite, remove and reinstate each other, having seen whatever there was to be seen.
///
/// There are 14,400 histories of two acts and 25 billion of five. With `GEMBA_ROSTER_HISTORIES` all of two are examined, and so
/// many of each greater number.
@Suite("G13: every history of a few acts has one outcome, and none turns authority over")
struct ExhaustiveRosterTests {
    private static let chosen = ProcessInfo.processInfo.environment["GEMBA_ROSTER_HISTORIES"].flatMap { Int($0) }

    @Test("Histories of two acts, every 97th or all")
    func two() throws {
        try examine(stride(from: 0, to: Script.count * Script.count, by: Self.chosen == nil ? 97 : 1), acts: 2)
    }

    @Test("Histories of three to five acts, sampled", arguments: 3...5)
    func sampled(acts: Int) throws {
        let all = (0..<acts).reduce(1) { count, _ in count * Script.count }
        var generator = SeededGenerator(seed: UInt64(acts))
        try examine((0..<(Self.chosen ?? 40)).map { _ in generator.below(all) }, acts: acts)
    }

    private func examine(_ numbers: some Sequence<Int>, acts: Int) throws {
        let stage = try Stage()
        var tally = (histories: 0, impossible: 0, rosters: 0, orders: 0, outcomes: Set<RosterDigest>())
        for number in numbers {
            var history = History(stage)
            guard try history.play(Script.scripts(number, acts: acts)) else {
                tally.impossible += 1
                continue
            }
            tally.histories += 1
            let complete = history.roster
            tally.outcomes.insert(complete.digest)
            try history.expectOneOutcome(complete, number: number, folded: &tally.rosters)
            tally.orders += history.expectOneOutcomeInAllOrders(complete, number: number, folded: &tally.rosters)
            history.expectAuthorityKept(complete, number: number)
        }
        #expect(tally.histories > 0 && tally.outcomes.count > 1)
        print(
            "\(acts) acts: \(tally.histories) histories, \(tally.rosters) rosters folded, \(tally.outcomes.count) outcomes; "
                + "\(tally.orders) orders; \(tally.impossible) numbers stand for no history")
    }
}

/// One act as a number says: who does what, having seen whom.
private struct Script {
    enum Deed {
        case invite
        case revoke(target: Int, knowingly: Bool)
        case retire(target: Int)
        case reinstate(target: Int)
    }

    let author: Int
    let deed: Deed
    let seen: [Int]

    /// Three authors; an invitation, four revocations, three retirements and two reinstatements; and who of the two others was
    /// seen.
    static let count = 3 * 10 * 4

    static func scripts(_ number: Int, acts: Int) -> [Script] {
        var rest = number
        return (0..<acts).map { _ in
            defer { rest /= count }
            return Script(rest % count)
        }
    }

    private init(_ number: Int) {
        let author = number % 3
        let others = (0..<3).filter { $0 != author }
        let choice = number / 3 % 10
        seen = others.enumerated().filter { number / 30 >> $0.offset & 1 == 1 }.map(\.element)
        deed =
            switch choice {
            case 0: .invite
            case 1...4: .revoke(target: others[choice & 1], knowingly: choice > 2)
            case 5...7: .retire(target: choice - 5)
            default: .reinstate(target: others[choice & 1])
            }
        self.author = author
    }
}

/// The plant in which histories begin.
private struct Stage {
    let builder: PlantBuilder
    let roster: Roster
    /// The founder, the admin of higher rank, and the other.
    let admins: [Int]

    init() throws {
        var builder = try PlantBuilder(seed: 77)
        let joined = [try builder.enrol(.admin, named: "IT-1"), try builder.enrol(.admin, named: "IT-2")]
        roster = builder.roster
        self.builder = builder
        admins = try ([PlantBuilder.founder] + joined).map { [roster] station in
            (station, try #require(roster.members[builder.key(station)]).rank)
        }.sorted { $0.1 < $1.1 }.map(\.0)
    }
}

/// Acts one after another, with all that is needed to judge them.
private struct History {
    private struct Removal {
        var entry: ChangeReference
        var author: Int
        var target: Int
    }

    private let stage: Stage
    private var builder: PlantBuilder
    /// For each admin the entries of this history that its newest one had seen.
    private var known: [Set<ChangeReference>] = [[], [], []]
    private var removals: [Removal] = []
    private var reinstated: [(target: Int, entries: Set<ChangeReference>)] = []
    private var joiners = 0

    init(_ stage: Stage) {
        self.stage = stage
        builder = stage.builder
    }

    /// - Returns: false when an act is not possible: nothing was seen that could be taken back.
    mutating func play(_ scripts: [Script]) throws -> Bool {
        for script in scripts {
            let seen = script.seen.reduce(known[script.author]) { $0.union(known[$1]) }
            let author = stage.admins[script.author]
            let others = script.seen.map { stage.admins[$0] }
            let entry: ChangeReference
            switch script.deed {
            case .invite:
                let token = try builder.invite(by: author, seeing: others)
                entry = builder.tip(author)
                _ = try builder.join(token, named: "L\(joiners)")
                joiners += 1
            case .revoke(let target, let knowingly):
                let cut = knowingly ? [builder.tip(stage.admins[target])] : []
                entry = builder.append([.revoke(station: key(target), cut: cut)], by: author, seeing: others)
                removals.append(Removal(entry: entry, author: script.author, target: target))
            case .retire(let target):
                entry = builder.append([.retire(station: key(target), cut: [])], by: author, seeing: others)
                removals.append(Removal(entry: entry, author: script.author, target: target))
            case .reinstate(let target):
                let answered = Set(removals.filter { $0.target == target && seen.contains($0.entry) }.map(\.entry))
                if answered.isEmpty { return false }
                let names = answered.sorted { ($0.replica, $0.sequence) < ($1.replica, $1.sequence) }
                entry = builder.append([.reinstate(station: key(target), removals: names)], by: author, seeing: others)
                reinstated.append((target, answered))
            }
            known[script.author] = seen.union([entry])
        }
        return true
    }

    private func key(_ admin: Int) -> StationKey { builder.key(stage.admins[admin]) }

    var roster: Roster { Roster(plant: builder.plant, logs: builder.rosterLogs, reusing: stage.roster) }

    // MARK: - Judgement

    /// The same roster as the plain model, and in every order of the admins' logs, entry by entry for the last of them.
    func expectOneOutcome(_ complete: Roster, number: Int, folded: inout Int) throws {
        let model = RosterModel(plant: builder.plant, logs: builder.rosterLogs)
        let former = complete.formerMembers.mapValues {
            RosterModel.Removed(kind: $0.kind, cut: $0.cut, removals: Set($0.removals))
        }
        let agrees = Set(complete.members.keys) == Set(model.members.keys) && former == model.former
        #expect(agrees, "history \(number)")
        folded += 1

        let admins = stage.admins.map { builder.replica($0) }
        let rest = complete.logs.filter { !admins.contains($0.replica) }
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            var roster = Roster(plant: builder.plant, logs: rest, reusing: complete)
            for admin in order {
                guard let log = complete.logs.first(where: { $0.replica == admins[admin] }) else { continue }
                roster = roster.extended(with: [log])
                folded += 1
            }
            let isSame = roster.digest == complete.digest
            #expect(isSame, "history \(number), order \(order)")
        }
    }

    /// The same roster in every order in which the entries of this history can come, one by one.
    ///
    /// Whatever order leads to a set of entries, the roster of that set is the same; so all orders are covered by looking at every
    /// set and every entry that may come next.
    ///
    /// - Returns: how many orders there are.
    func expectOneOutcomeInAllOrders(_ complete: Roster, number: Int, folded: inout Int) -> Int {
        let replicas = stage.admins.map { builder.replica($0) }
        let rest = complete.logs.filter { !replicas.contains($0.replica) }
        let logs = replicas.compactMap { replica in complete.logs.first { $0.replica == replica } }
        let before = replicas.map { replica in
            stage.builder.rosterLogs.first { $0.replica == replica }?.entries.count ?? 0
        }
        let whole = logs.map(\.entries.count)
        func log(_ admin: Int, _ count: Int) -> RosterLog {
            RosterLog(
                genesis: logs[admin].genesis, genesisHash: logs[admin].genesisHash,
                entries: Array(logs[admin].entries.prefix(count)))
        }
        let start = logs.indices.map { log($0, before[$0]) }
        var level = [before: (roster: Roster(plant: builder.plant, logs: rest + start, reusing: complete), orders: 1)]
        while level.keys.first != whole {
            var next: [[Int]: (roster: Roster, orders: Int)] = [:]
            for (counts, state) in level {
                for admin in counts.indices where counts[admin] < whole[admin] {
                    var further = counts
                    further[admin] += 1
                    let roster = state.roster.extended(with: [log(admin, further[admin])])
                    folded += 1
                    if let known = next[further] {
                        let isSame = known.roster.digest == roster.digest
                        #expect(isSame, "history \(number), entries \(further)")
                        next[further]?.orders += state.orders
                    } else {
                        next[further] = (roster, state.orders)
                    }
                }
            }
            level = next
        }
        let isSame = level[whole]?.roster.digest == complete.digest
        #expect(isSame, "history \(number), entry by entry")
        return level[whole]?.orders ?? 0
    }

    /// Nobody is removed from below, and whoever was removed by an act that counts, and not reinstated by name from at least as
    /// high, is no member.
    func expectAuthorityKept(_ roster: Roster, number: Int) {
        let ranks = stage.admins.map { stage.roster.members[builder.key($0)]?.rank }
        for (target, station) in stage.admins.enumerated() {
            guard let former = roster.formerMembers[builder.key(station)], let rank = ranks[target] else { continue }
            #expect(former.removedBy < rank || former.author == builder.key(station), "history \(number)")
        }
        for removal in removals {
            guard let author = ranks[removal.author], let target = ranks[removal.target] else { continue }
            let isOwn = removal.author == removal.target
            let counting = roster.formerMembers[key(removal.author)]?.lastCounting(in: removal.entry.replica)
            let counts = isOwn || (author < target && counting.map { removal.entry.sequence <= $0 } ?? true)
            let isAnswered = reinstated.contains { $0.target == removal.target && $0.entries.contains(removal.entry) }
            if counts, !isAnswered, !isOwn {
                #expect(roster.members[key(removal.target)] == nil, "history \(number)")
            }
        }
        #expect(roster.members[key(0)] != nil || removals.contains { $0.author == 0 && $0.target == 0 })
    }
}
