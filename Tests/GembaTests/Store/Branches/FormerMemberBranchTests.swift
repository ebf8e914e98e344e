import GRDB
import GembaCausality
import GembaTrust
import GembaWire
import Testing

@testable import GembaStore

@Suite("Forked logs of former members, in a plant that seals (RULES L5, L6, L7, T3)")
struct FormerMemberBranchTests {
    private let forks: ForkedPlant
    private let admin: Replica
    private let press: Replica
    private let thief: Replica

    init() throws {
        forks = try ForkedPlant(isSealed: true)
        admin = forks.plant.founder
        press = try forks.plant.enrol("L3")
        thief = try forks.plant.enrol("L4")
        try press.pull(.roster, from: admin)
        try thief.add("common")
        try admin.meet(thief)
        try press.meet(admin)
    }

    /// Both take what the other has, rosters first, as nodes do.
    private func meet(_ one: Replica, _ other: Replica) throws {
        try one.pull(.roster, from: other)
        try other.pull(.roster, from: one)
        try one.settleRemovals()
        try other.settleRemovals()
        try one.meet(other)
    }

    private func revoke(_ replica: Replica, at admin: Replica) throws {
        try admin.revoke(replica.identity.stationKey, by: "marek", because: "stolen")
        try admin.settleRemovals()
    }

    private func expectEqual(_ replicas: [Replica], sourceLocation: SourceLocation = #_sourceLocation) throws {
        try expectAlike(replicas, sourceLocation: sourceLocation)
        for other in replicas.dropFirst() {
            #expect(try other.rowRoot() == replicas[0].rowRoot(), sourceLocation: sourceLocation)
        }
    }

    @Test("both halves of a sealed log are opened, and rows that nobody touched are compared under their new names")
    func sealed() throws {
        _ = try press.rowRoot()
        let clone = try forks.copy(of: thief)
        for number in 1...5 { try thief.add("left \(number)") }
        for number in 1...300 { try clone.add("right \(number)") }
        try press.meet(thief)
        try admin.meet(clone)
        _ = try (press.rowRoot(), admin.rowRoot())
        try press.meet(admin)
        try expectEqual([press, admin])
        #expect(try press.partNames().count == 306)
    }

    @Test("a cut of one half takes the other away, whichever came first", arguments: [true, false])
    func oneHalf(cutComesFirst: Bool) throws {
        let clone = try forks.copy(of: thief)
        for number in 1...3 { try thief.add("left \(number)") }
        for number in 1...5 { try clone.add("right \(number)") }
        try admin.meet(thief)
        for half in cutComesFirst ? [thief, clone] : [clone, thief] { try press.meet(half) }
        #expect(try press.partNames().count == 9)
        try revoke(thief, at: admin)
        try meet(admin, press)
        #expect(try admin.partNames().sorted() == ["common", "left 1", "left 2", "left 3"])
        try expectEqual([admin, press])
        #expect(try press.branches().isEmpty)
        #expect(try press.voidCounts() == [thief.identity.stationKey: 5])

        let fresh = try forks.plant.enrol("L5")
        try meet(fresh, press)
        try expectEqual([admin, fresh])
    }

    @Test("a cut of both halves keeps both, also where the fork was not known")
    func bothHalves() throws {
        let clone = try forks.copy(of: thief)
        for number in 1...3 { try thief.add("left \(number)") }
        for number in 1...5 { try clone.add("right \(number)") }
        try admin.meet(thief)
        try admin.meet(clone)
        try press.meet(clone)
        try revoke(thief, at: admin)
        try thief.add("beyond")
        try press.meet(thief)
        try meet(admin, press)
        #expect(try admin.partNames().count == 9)
        try expectEqual([admin, press])

        let fresh = try forks.plant.enrol("L5")
        try meet(fresh, press)
        try expectEqual([admin, press, fresh])
    }

    @Test("what an honest station built on counts, on whichever branch it lies")
    func builtUpon() throws {
        let clone = try forks.copy(of: thief)
        try thief.add("left")
        let row = try clone.add("right")
        try clone.add("behind")
        try admin.meet(thief)
        try press.take(from: clone)
        try press.rename(row, to: "by press")
        try clone.add("later")
        try press.take(from: clone)
        try revoke(thief, at: admin)
        try meet(admin, press)
        #expect(try admin.partNames().sorted() == ["behind", "by press", "common", "left"])
        try expectEqual([admin, press])

        let fresh = try forks.plant.enrol("L5")
        try meet(fresh, admin)
        try expectEqual([admin, fresh])
    }

    @Test("rosters and halves may come in any order")
    func orders() throws {
        let clone = try forks.copy(of: thief)
        for number in 1...3 { try thief.add("left \(number)") }
        for number in 1...5 { try clone.add("right \(number)") }
        try admin.meet(thief)
        try revoke(thief, at: admin)
        // Who knows of the removal before the half that counts has to keep what may lead there.
        try press.pull(.roster, from: admin)
        try press.settleRemovals()
        try press.take(from: clone)
        try meet(press, admin)
        #expect(try press.partNames().sorted() == ["common", "left 1", "left 2", "left 3"])
        try expectEqual([admin, press])
    }
}
