import GRDB
import GembaCausality
import GembaSimulation
import GembaTrust
import GembaWire
import Testing

@testable import GembaStore

@Suite("L6, L8, T3: what a former member wrote counts up to its cut, and what others built on")
struct RemovalEffectTests {
    private let plant: TestPlant
    private let admin: Replica
    private let press: Replica
    private let thief: Replica

    init() throws {
        plant = try TestPlant(isSealed: true)
        admin = plant.founder
        press = try plant.enrol("L3")
        thief = try plant.enrol("L4")
        try press.pull(.roster, from: admin)
    }

    /// Both take what the other has, rosters first, as nodes do.
    private func meet(_ one: Replica, _ other: Replica) throws {
        try one.pull(.roster, from: other)
        try other.pull(.roster, from: one)
        try one.settleRemovals()
        try other.settleRemovals()
        try one.pull(.data, from: other)
        try other.pull(.data, from: one)
    }

    private func write(_ name: String, at replica: Replica) throws -> RowID {
        try replica.write(by: "p") { try $0.insert(into: "part", ["name": .text(name), "shelf": .integer(1)]) }
    }

    private func rename(_ row: RowID, _ name: String, at replica: Replica) throws {
        try replica.write(by: "p") { try $0.update("part", row, ["name": .text(name)]) }
    }

    private func revoke(_ replica: Replica, at admin: Replica) throws {
        let cut = try admin.vector(of: .data).filter {
            try admin.station(writing: $0.replica) == replica.identity.stationKey
        }
        let roster = try admin.vector(of: .roster).filter {
            try admin.station(writing: $0.replica) == replica.identity.stationKey
        }
        let references = (cut + roster).sorted { $0.replica < $1.replica }
        try admin.act([.revoke(station: replica.identity.stationKey, cut: references)], by: "marek", because: "stolen")
        { _, _ in }
        try admin.settleRemovals()
    }

    private func names(_ replica: Replica) throws -> [String] {
        try replica.read { try String.fetchAll($0, sql: "SELECT name FROM part ORDER BY name") }
    }

    private func expectEqual(_ replicas: Replica...) throws {
        for replica in replicas {
            #expect(try replica.digest() == replicas[0].digest())
            #expect(try replica.vector(of: .data) == replicas[0].vector(of: .data))
            #expect(try replica.verify().fault == nil)
        }
    }

    @Test("What lies beyond the cut and nobody built on is gone everywhere, in either order of arrival")
    func beyond() throws {
        let row = try write("before", at: thief)
        try meet(thief, admin)
        try meet(thief, press)
        try rename(row, "after", at: thief)
        _ = try write("new", at: thief)
        try meet(thief, press)
        #expect(try names(press) == ["after", "new"])

        try revoke(thief, at: admin)
        try meet(admin, press)
        #expect(try names(admin) == ["before"])
        #expect(try names(press) == ["before"])
        try expectEqual(admin, press)
        #expect(try press.voidCounts() == [thief.identity.stationKey: 2])

        // Who knows of the removal takes nothing more from the thief, and what it sends changes nothing.
        _ = try write("later", at: thief)
        try meet(thief, press)
        try expectEqual(admin, press)
        #expect(try names(press) == ["before"])
    }

    @Test("What an honest station built on counts everywhere, with all before it and nothing behind it")
    func builtUpon() throws {
        let row = try write("before", at: thief)
        try meet(thief, admin)
        try rename(row, "first", at: thief)
        try meet(thief, press)
        try rename(row, "by press", at: press)
        _ = try write("behind", at: thief)
        try meet(thief, press)

        try revoke(thief, at: admin)
        #expect(try names(admin) == ["before"])
        try meet(admin, press)
        try expectEqual(admin, press)
        #expect(try names(admin) == ["by press"])

        let fresh = try plant.enrol("L5")
        try meet(fresh, press)
        try expectEqual(admin, press, fresh)
        let other = try plant.enrol("L6")
        try meet(other, admin)
        try meet(other, fresh)
        try expectEqual(admin, other)
    }

    @Test("What counted up to an entry without a head, and later in another place, reaches whoever comes after")
    func withoutHead() throws {
        let other = try plant.enrol("L7")
        try meet(other, admin)
        try revoke(thief, at: admin)
        // Written in one exchange: the only head is that of the last.
        for name in ["first", "second", "third"] { _ = try write(name, at: thief) }
        try meet(thief, press)
        // Nothing but the genesis counts here, and no head is there for it.
        try meet(other, admin)
        try other.pull(.data, from: thief)
        _ = try write("between", at: other)
        try #require(names(other) == ["between"])

        _ = try write("built on all", at: press)
        try meet(other, press)
        #expect(try names(other).count == 5)
        try meet(admin, other)
        let fresh = try plant.enrol("L8")
        try meet(fresh, other)
        try expectEqual(other, press, fresh, admin)
    }

    @Test("What cannot be applied brings nothing back that was set aside")
    func inVain() throws {
        let far = try plant.enrol("L7")
        try meet(press, admin)
        try meet(far, press)
        try revoke(thief, at: admin)
        _ = try write("first", at: thief)
        try admin.pull(.data, from: thief)
        try meet(thief, press)
        _ = try write("far away", at: far)
        try press.pull(.data, from: far)
        _ = try write("built on both", at: press)
        let before = try admin.vector(of: .data)
        try admin.pull(.roster, from: press)
        let (runs, _, _) = try press.runs(
            of: .data, after: 0, excluding: VersionVector(), maximumBytes: 1 << 20,
            including: VersionVector(
                try press.vector(of: .data).filter {
                    try press.station(writing: $0.replica) == press.identity.stationKey
                }))
        let outcome = try admin.apply(runs, kind: .data)
        #expect(outcome.problem == .missingDependency)
        #expect(try admin.vector(of: .data) == before)
        #expect(try names(admin).isEmpty)
        try meet(admin, press)
        try expectEqual(admin, press)
    }

    /// Takes what another one holds in the smallest pieces that it can be had in.
    private func pullInPieces(_ replica: Replica, from other: Replica) throws {
        let known = VersionVector(try replica.vector(of: .data))
        var position: Int64 = 0
        while true {
            let (runs, reached, _) = try other.runs(
                of: .data, after: position, excluding: known, maximumBytes: 1)
            if runs.isEmpty { return }
            for run in runs { _ = try replica.apply([run], kind: .data) }
            position = reached
        }
    }

    @Test("What comes piece by piece after the removal is kept, and counts when somebody is found to have built on it")
    func pieces() throws {
        let row = try write("before", at: thief)
        try meet(thief, admin)
        for number in 1...5 {
            try rename(row, "thief \(number)", at: thief)
            try meet(thief, press)
        }
        try revoke(thief, at: admin)
        try pullInPieces(admin, from: thief)
        #expect(try names(admin) == ["before"])
        #expect(try admin.voidCounts() == [thief.identity.stationKey: 5])

        try rename(row, "by press", at: press)
        try pullInPieces(admin, from: press)
        try meet(admin, press)
        try expectEqual(admin, press)
        #expect(try names(admin) == ["by press"])
        #expect(try admin.voidCounts().isEmpty)
    }

    @Test("However much an honest station built on, nobody lacks any of it for ever")
    func beyondTheBound() throws {
        var generator = SeededGenerator(seed: 3)
        let row = try write("before", at: thief)
        try meet(thief, admin)
        for _ in 0..<40 {
            _ = try write((0..<4_000).map { _ in String(generator.next(), radix: 36) }.joined(), at: thief)
        }
        try rename(row, "last", at: thief)
        try meet(thief, press)
        try revoke(thief, at: admin)
        try pullInPieces(admin, from: thief)
        #expect(try (1..<41).contains(admin.voidCounts()[thief.identity.stationKey] ?? 0))

        try rename(row, "by press", at: press)
        try meet(admin, press)
        try meet(admin, press)
        try expectEqual(admin, press)
        #expect(try names(admin).count == 41)
    }

    @Test("A reinstated member's entries count again, and it writes on")
    func reinstatement() throws {
        let row = try write("before", at: thief)
        try meet(thief, admin)
        try rename(row, "after", at: thief)
        try meet(thief, press)
        try revoke(thief, at: admin)
        try meet(admin, press)
        #expect(try names(press) == ["before"])
        let former = try #require(try admin.roster().formerMembers[thief.identity.stationKey])
        try admin.act(
            [.reinstate(station: former.member.station, removals: former.removals)], by: "marek", because: "found"
        ) { _, _ in }
        try admin.settleRemovals()
        try meet(admin, press)
        #expect(try names(press) == ["after"])
        try meet(thief, press)
        try rename(row, "again", at: thief)
        try meet(thief, admin)
        try meet(admin, press)
        try expectEqual(admin, press, thief)
        #expect(try names(admin) == ["again"])
    }

    @Test("A removed station writes no more once it knows, and others seal under a new epoch it cannot open")
    func rotation() throws {
        _ = try write("before", at: thief)
        try meet(thief, admin)
        try meet(admin, press)
        try revoke(thief, at: admin)
        let epochs = try admin.roster().epochs.count
        let secret = try write("secret", at: admin)
        #expect(try admin.roster().epochs.count == epochs + 1)
        try meet(admin, press)
        #expect(try names(press).contains("secret"))
        try thief.pull(.roster, from: admin)
        try thief.pull(.data, from: admin)
        #expect(try !names(thief).contains("secret"))
        #expect(throws: StoreError.self) { try rename(secret, "stolen", at: thief) }
    }

    @Test("Whatever was written and met before and after a removal, all honest replicas end alike", arguments: 1...24)
    func randomCourses(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let office = try plant.enrol("IT2")
        try meet(admin, office)
        try meet(admin, press)
        let honest = [admin, press, office]
        let all = honest + [thief]
        var rows = [try write("seed", at: admin)]
        var isRemoved = false
        for step in 0..<40 {
            if step == 22 {
                try revoke(thief, at: admin)
                isRemoved = true
            }
            if random.chance(0.6) {
                let writer = all[random.number(in: 0...3)]
                let knows = try writer.roster().members[writer.identity.stationKey] != nil
                guard knows else { continue }
                if random.chance(0.4) {
                    rows.append(try write("\(step)", at: writer))
                } else {
                    let row = rows[random.number(in: 0...rows.count - 1)]
                    let held = try writer.read {
                        try Int.fetchOne($0, sql: "SELECT count(*) FROM part WHERE id = ?", arguments: [row])
                    }
                    if held == 1 { try rename(row, "\(step)", at: writer) }
                }
            } else {
                let one = random.number(in: 0...3)
                let other = (one + random.number(in: 1...3)) % 4
                // Who has the removal links with the thief no more.
                let pair = [all[one], all[other]]
                let isCut =
                    try isRemoved && pair.contains { $0 === thief }
                    && pair.contains { try $0 !== thief && $0.formerMembersKnown(thief) }
                if !isCut { try meet(pair[0], pair[1]) }
            }
        }
        for _ in 0..<4 { for (one, other) in [(0, 1), (1, 2), (0, 2)] { try meet(honest[one], honest[other]) } }
        try expectEqual(admin, press, office)
    }
}

extension Replica {
    fileprivate func formerMembersKnown(_ other: Replica) throws -> Bool {
        try roster().formerMembers[other.identity.stationKey] != nil
    }
}
