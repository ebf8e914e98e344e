import GRDB
import GembaCRDT
import GembaCausality
import GembaTrust
import GembaWire
import Testing

@testable import GembaStore

@Suite("Dropping deleted rows")
struct DropTests {
    private let plant: TestPlant
    private let admin: Replica
    private let press: Replica
    private let laptop: Replica

    /// An administrator, a station, and a laptop that will be away.
    init() throws {
        plant = try TestPlant()
        (admin, press, laptop) = (plant.founder, try plant.enrol("L3"), try plant.enrol("L4", as: .liaison))
        try press.pull(.roster, from: admin)
    }

    // MARK: - What happens

    private func insert(_ name: String, at replica: Replica) throws -> RowID {
        try replica.write(by: "ewa", because: "delivery") { tx in
            let part = try tx.insert(into: "part", ["name": .text(name), "aisle": .text("A")])
            try tx.add(.text("paper"), to: "labels", of: part, in: "part")
            try tx.increment("stock", of: part, in: "part", by: 7)
            return part
        }
    }

    private func share(_ replicas: Replica...) throws {
        for _ in 0..<2 {
            for one in replicas {
                for other in replicas where one !== other {
                    try other.pull(.roster, from: one)
                    try other.pull(.data, from: one)
                }
            }
        }
    }

    private func acknowledge(_ replicas: Replica...) throws {
        for replica in replicas { try replica.acknowledge() }
        for one in replicas { for other in replicas where one !== other { try other.exchange(with: one) } }
    }

    /// A part that all three hold, and that the press has deleted while the laptop was away and is lapsed.
    private func deletedPart() throws -> RowID {
        let part = try insert("label roll", at: admin)
        try share(admin, press, laptop)
        try press.write(by: "jan", because: "worn out") { try $0.delete("part", part) }
        try admin.lapse(laptop.identity.stationKey, by: "marek", because: "on leave")
        try share(admin, press)
        try acknowledge(press, admin)
        return part
    }

    private func names(_ replica: Replica) throws -> [String] {
        try replica.read { try String.fetchAll($0, sql: "SELECT name FROM part ORDER BY name") }
    }

    private func orphans(_ replica: Replica) throws -> [Conflict] {
        try replica.conflicts().filter { $0.kind == .orphan }
    }

    // MARK: - Stability

    @Test("M16, T9: nothing is dropped before every active member that may write has acknowledged the deletion")
    func stability() throws {
        let part = try insert("label roll", at: admin)
        try share(admin, press, laptop)
        try press.write(by: "jan") { try $0.delete("part", part) }
        try share(admin, press)
        try admin.acknowledge()
        try press.acknowledge()
        try share(admin, press)
        let plan = try admin.dropDeletedRows(olderThan: 0, by: "marek")
        #expect(plan.rows == 0 && plan.deletedRows == 1)
        guard case .unacknowledged(laptop.identity.stationKey, 1, _)? = plan.obstacles.first else {
            Issue.record("\(plan.obstacles)")
            return
        }
        #expect(plan.obstacles.count == 1)
        try share(admin, press, laptop)
        try acknowledge(laptop, admin, press)
        #expect(try admin.dropPlan(olderThan: 0).rows == 1)
        let young = try admin.dropPlan(olderThan: 1_000_000)
        guard case .recent(1)? = young.obstacles.first, young.rows == 0 else {
            Issue.record("\(young.obstacles)")
            return
        }
        #expect(throws: StoreError.self) { try press.dropDeletedRows(olderThan: 0, by: "jan") }
        #expect(try admin.dropDeletedRows(olderThan: 0, by: "marek").rows == 1)
        let after = try admin.dropPlan(olderThan: 0)
        #expect(after.rows == 0 && after.deletedRows == 0 && after.droppedRows == 1 && after.obstacles.isEmpty)
    }

    @Test("T8: a lapsed member is not waited for, and may not drop itself")
    func lapse() throws {
        _ = try deletedPart()
        #expect(try admin.dropPlan(olderThan: 0).rows == 1)
        #expect(try admin.foldPlan(olderThan: 0).entries > 0)
        let second = try plant.enrol("IT2", as: .admin)
        try share(admin, second)
        try second.lapse(admin.identity.stationKey, by: "ola")
        try share(admin, second)
        #expect(throws: StoreError.self) { try admin.dropDeletedRows(olderThan: 0, by: "marek") }
        #expect(try admin.returnFromLapse())
        #expect(try admin.roster().members[admin.identity.stationKey]?.isActive == true)
    }

    // MARK: - What a drop does

    @Test("M16: a drop takes the merge state on every replica and leaves the id and the presence; M15: digests agree")
    func dropping() throws {
        let part = try deletedPart()
        let kept = try insert("ribbon", at: press)
        try share(admin, press)
        let before = try admin.digest()
        #expect(try admin.dropDeletedRows(olderThan: 0, by: "marek", because: "spring cleaning").rows == 1)
        try share(admin, press)
        #expect(try admin.digest() != before && admin.digest() == press.digest())
        for replica in [admin, press] {
            let (state, isVisible) = try #require(try replica.withReader { try $0.rows.load(table: 1, row: part) })
            #expect(!isVisible && state.groups.isEmpty && state.presence.writes.count == 1 && state.isDropped)
            let bytes = try replica.read {
                try Int.fetchOne(
                    $0, sql: "SELECT length(meta) + length(row) FROM gemba_hidden WHERE row = ?", arguments: [part])
            }
            #expect(bytes.map { $0 <= 50 } == true)
            #expect(try orphans(replica).isEmpty && names(replica) == ["ribbon"])
            #expect(try replica.verify().fault == nil)
            #expect(try replica.history(of: part, in: "part").last?.isDrop == true)
            let digest = try replica.digest()
            #expect(try replica.rebuild().replacedCount == 0 && replica.digest() == digest)
        }
        #expect(throws: StoreError.self) { try admin.write(by: "ewa") { try $0.restore("part", part) } }
        #expect(throws: StoreError.self) { try admin.write(by: "ewa") { try $0.update("part", part, ["name": .null]) } }
        #expect(try press.read { try RowID.fetchAll($0, sql: "SELECT id FROM part") } == [kept])
    }

    @Test("M16: what was done without knowing the drop is an orphan on every replica, and nothing of it is lost")
    func orphan() throws {
        let part = try deletedPart()
        // The laptop has seen neither the deletion nor its lapse.
        try laptop.write(by: "ala", because: "found it") { tx in
            try tx.update("part", part, ["name": .text("found")])
            try tx.add(.text("red"), to: "labels", of: part, in: "part")
        }
        try laptop.write(by: "ala") { try $0.update("part", part, ["weight": .real(2)]) }
        try admin.dropDeletedRows(olderThan: 0, by: "marek")
        // One replica hears of the edit before the drop, the other after it.
        try press.pull(.data, from: laptop)
        #expect(try names(press) == ["found"])
        try share(admin, press, laptop)
        let digest = try admin.digest()
        for replica in [admin, press, laptop] {
            #expect(try replica.digest() == digest)
            #expect(try names(replica).isEmpty)
            let listed = try orphans(replica)
            #expect(Set(listed.map(\.row)) == [part])
            let written = Set(listed.flatMap(\.siblings).flatMap(\.written))
            #expect(written.isSuperset(of: [.text("found"), .text("red"), .real(2)]), "\(written)")
            #expect(listed.flatMap(\.siblings).allSatisfy { $0.provenance.actor == "ala" })
            #expect(try replica.verify().fault == nil)
        }
        // Whoever wants the row back gets it with what the orphans wrote.
        let conflict = try #require(try orphans(press).first)
        try press.write(by: "jan") { try $0.settle(conflict, with: conflict.siblings[0]) }
        try share(admin, press, laptop)
        for replica in [admin, press, laptop] {
            #expect(try names(replica) == ["found"] && orphans(replica).isEmpty)
            let row = try replica.read { try Row.fetchOne($0, sql: "SELECT aisle, labels, stock, weight FROM part") }
            #expect(row == ["aisle": nil, "labels": #"["red"]"#, "stock": 0, "weight": 2.0])
            #expect(try replica.conflicts().isEmpty && replica.verify().fault == nil)
        }
        #expect(try admin.digest() == laptop.digest() && admin.digest() == press.digest())
    }

    @Test("M7, M16: an id is free again after a drop, and who inserts it is told of no revival")
    func insertingAgain() throws {
        let part = try deletedPart()
        try admin.dropDeletedRows(olderThan: 0, by: "marek")
        try share(admin, press)
        try press.write(by: "jan") { tx in
            try tx.insert(into: "part", id: part, ["name": .text("roll")])
            try tx.add(.text("new"), to: "labels", of: part, in: "part")
            try tx.update("part", part, ["name": .text("new roll")])
        }
        try press.write(by: "jan") { try $0.update("part", part, ["weight": .real(1)]) }
        try laptop.write(by: "ala") { try $0.update("part", part, ["name": .text("late")]) }
        try share(admin, press, laptop)
        for replica in [admin, press, laptop] {
            #expect(try names(replica) == ["new roll"])
            // Nobody is told of a revival, and everybody of what the laptop wrote to the row's earlier life.
            #expect(try replica.conflicts().map(\.kind) == [.orphan])
            #expect(try orphans(replica).flatMap(\.siblings).map(\.written) == [[.text("late")]])
            #expect(try replica.read { try Int.fetchOne($0, sql: "SELECT stock FROM part") } == 0)
            #expect(try replica.verify().fault == nil)
        }
        #expect(try admin.digest() == laptop.digest() && admin.digest() == press.digest())
        let late = try #require(try orphans(press).first)
        try press.write(by: "jan") { try $0.settle(late, with: late.siblings[0]) }
        #expect(try names(press) == ["late"] && press.conflicts().isEmpty)
        try press.write(by: "jan") { try $0.delete("part", part) }
        try share(admin, press, laptop)
        try acknowledge(press, admin)
        #expect(try admin.dropDeletedRows(olderThan: 0, by: "marek").rows == 1)
        try share(admin, press, laptop)
        #expect(try admin.digest() == laptop.digest() && admin.verify().fault == nil)
        // A write that takes its own insertion back leaves the row dropped.
        try press.write(by: "jan") { tx in
            try tx.insert(into: "part", id: part, ["name": .text("not after all")])
            try tx.delete("part", part)
            try tx.insert(into: "part", ["name": .text("other")])
        }
        try share(admin, press, laptop)
        #expect(try admin.digest() == press.digest() && press.verify().fault == nil)
    }

    // MARK: - Orders

    @Test("M15, M16: every order of deletion, edit, drop, revival and restoration gives one state")
    func orders() throws {
        let part = try deletedPart()
        try laptop.write(by: "ala") { tx in
            try tx.update("part", part, ["name": .text("found")])
            try tx.increment("stock", of: part, in: "part", by: 3)
        }
        try laptop.write(by: "ala") { try $0.setCounter("stock", of: part, in: "part", to: 20) }
        // Made in knowledge of the deletion, and apart from the drop.
        try press.write(by: "jan") { try $0.restore("part", part) }
        try press.write(by: "jan") { try $0.update("part", part, ["aisle": .text("B")]) }
        try admin.dropDeletedRows(olderThan: 0, by: "marek")
        try admin.write(by: "marek") { try $0.insert(into: "part", id: part, ["name": .text("again")]) }
        try admin.write(by: "marek") { try $0.increment("stock", of: part, in: "part", by: 1) }
        let held = try press.vector(of: .roster)
        #expect(held.count >= 3)

        var changes: [Run] = []
        for author in [admin, press, laptop] {
            let own = try #require(try author.currentTip()).replica
            var position: Int64 = 0
            while true {
                let (runs, reached, isEnd) = try author.runs(
                    of: .data, after: position, excluding: VersionVector(), maximumBytes: 1,
                    including: VersionVector([own: .max]))
                changes += runs
                position = reached
                if isEnd { break }
            }
        }
        #expect(changes.count >= 9)
        var digests: Set<StateDigest> = []
        var shown: Set<[String]> = []
        var listed: Set<Int> = []
        var random = SplitMix(state: 7)
        for number in 0..<24 {
            let observer = try plant.enrol("O\(number)")
            try observer.pull(.roster, from: admin)
            var waiting = changes.shuffled(using: &random)
            while !waiting.isEmpty {
                let count = waiting.count
                waiting = try waiting.filter { try observer.apply([$0], kind: .data).problem != nil }
                #expect(waiting.count < count)
                if waiting.count == count { return }
            }
            digests.insert(try observer.digest())
            shown.insert(
                try observer.read {
                    try Row.fetchAll($0, sql: "SELECT name, aisle, stock FROM part").map { "\($0)" }
                })
            listed.insert(try observer.conflicts().count)
            #expect(try observer.verify().fault == nil)
        }
        #expect(digests.count == 1 && shown.count == 1 && listed.count == 1 && !listed.contains(0))
        #expect(shown.first?.first?.contains("again") == true, "\(shown)")
    }

    private struct SplitMix: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            return mixed ^ (mixed >> 31)
        }
    }

    @Test("M16: of two drops made apart, what counts has to have seen both; in both orders one state")
    func twoDrops() throws {
        let second = try plant.enrol("IT2", as: .admin)
        let part = try deletedPart()
        try share(admin, press, second)
        try second.acknowledge()
        try share(admin, press, second)
        #expect(try admin.dropDeletedRows(olderThan: 0, by: "marek").rows == 1)
        #expect(try second.dropDeletedRows(olderThan: 0, by: "ola").rows == 1)
        // It has seen one of the two.
        try second.write(by: "ola") { try $0.insert(into: "part", id: part, ["name": .text("too early")]) }
        try press.pull(.data, from: second)
        #expect(try names(press) == ["too early"])
        try press.pull(.data, from: admin)
        try admin.pull(.data, from: second)
        for replica in [admin, press] {
            #expect(try names(replica).isEmpty)
            #expect(try orphans(replica).flatMap(\.siblings).map(\.written) == [[.text("too early")]])
            #expect(try replica.digest() == admin.digest() && replica.verify().fault == nil)
            let state = try #require(try replica.withReader { try $0.rows.load(table: 1, row: part) }).state
            #expect(state.drops.count == 2)
        }
        try press.write(by: "jan") { try $0.insert(into: "part", id: part, ["name": .text("in time")]) }
        try share(admin, press, second)
        for replica in [admin, press, second] {
            #expect(try names(replica) == ["in time"] && replica.digest() == admin.digest())
            #expect(try replica.verify().fault == nil)
        }
    }

    // MARK: - Growth

    @Test("G19: lapse, drop, return: below the floor a laptop takes a checkpoint, and keeps all that it wrote")
    func laptopReturns() throws {
        let part = try deletedPart()
        try laptop.write(by: "ala") { try $0.update("part", part, ["name": .text("written away")]) }
        let own = try insert("made away", at: laptop)
        try admin.dropDeletedRows(olderThan: 0, by: "marek")
        for _ in 0..<2 {
            try share(admin, press)
            try acknowledge(press, admin)
        }
        #expect(try admin.fold(olderThan: 0).entries > 0)
        try laptop.pull(.roster, from: admin)
        #expect(try laptop.roster().members[laptop.identity.stationKey]?.isActive == false)
        let signed = try #require(try admin.recentCheckpoint())
        for index in try laptop.stage(signed) {
            #expect(try laptop.stage(try #require(try admin.chunk(index, of: signed.manifest.id))))
        }
        _ = try laptop.install(signed.manifest.id)
        #expect(try names(laptop) == ["made away"])
        #expect(try orphans(laptop).map(\.row) == [part])
        #expect(try laptop.returnFromLapse())
        try share(admin, press, laptop)
        for replica in [admin, press, laptop] {
            #expect(try replica.roster().members.values.allSatisfy(\.isActive))
            #expect(try names(replica) == ["made away"] && replica.digest() == admin.digest())
            #expect(try orphans(replica).map(\.row) == [part])
            #expect(try orphans(replica).flatMap(\.siblings).map(\.written) == [[.text("written away")]])
            #expect(try replica.verify().fault == nil)
        }
        #expect(try press.read { try RowID.fetchAll($0, sql: "SELECT id FROM part") } == [own])
    }

    @Test("M16: the room of dropped rows is given back")
    func space() throws {
        let text = String(repeating: "a long remark about a part. ", count: 40)
        let parts = try admin.write(by: "ewa") { tx in
            // More than one change drops.
            try (0..<DropPlanner.rowsInChange + 200).map {
                try tx.insert(into: "part", ["name": .text("\($0) \(text)")])
            }
        }
        try admin.write(by: "ewa") { tx in for part in parts { try tx.delete("part", part) } }
        try admin.lapse(laptop.identity.stationKey, by: "marek")
        try share(admin, press)
        try acknowledge(press, admin)
        let plan = try admin.dropPlan(olderThan: 0)
        #expect(plan.rows == UInt64(parts.count) && plan.bytes > 2_000_000, "\(plan)")
        func size(_ replica: Replica) throws -> Int {
            try replica.read { database in
                let free = try Int.fetchOne(database, sql: "PRAGMA freelist_count") ?? 0
                return (try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0) - free
            }
        }
        let before = [try size(admin), try size(press)]
        #expect(try admin.dropDeletedRows(olderThan: 0, by: "marek").rows == UInt64(parts.count))
        try share(admin, press)
        for (replica, pages) in zip([admin, press], before) {
            #expect(try (pages - size(replica)) * 4096 > Int(plan.bytes) * 3 / 4)
            #expect(try replica.verify().fault == nil)
        }
        #expect(try press.reclaimSpace() > plan.bytes / 2)
        #expect(try admin.digest() == press.digest())
    }

    // MARK: - Other programs

    @Test("F6: a program that is older than drops puts them by, and carries them out when it is updated")
    func update() throws {
        let part = try deletedPart()
        let second = try insert("second", at: admin)
        try share(admin, press)
        try press.write(by: "jan") { try $0.delete("part", second) }
        try share(admin, press)
        try acknowledge(press, admin)
        var sources = ReplicaSources.test
        sources.calibration = [.defersDrops]
        let token = try admin.invite(as: .station, name: "OLD", validForSeconds: 60, routes: [], by: "marek")
        let folder = plant.folder.folder("OLD")
        var old: Replica? = try Replica.join(with: token, station: "OLD", in: folder, schema: .parts, sources: sources)
        try admin.pull(.roster, from: try #require(old))
        try old?.exchange(with: admin)
        try old?.acknowledge()
        try admin.exchange(with: try #require(old))
        #expect(try admin.dropDeletedRows(olderThan: 0, by: "marek").rows == 2)
        // Whoever takes a checkpoint of such a program carries them out.
        let fresh = try plant.enrol("NEW")
        try old?.exchange(with: admin)
        try fresh.pull(.roster, from: admin)
        try take(old?.makeCheckpoint(), of: old, at: fresh)
        #expect(try fresh.digest() == admin.digest() && fresh.verify().fault == nil)
        try admin.write(by: "marek") { tx in
            try tx.insert(into: "part", id: second, ["name": .text("again")])
            try tx.increment("stock", of: second, in: "part", by: 2)
        }
        try laptop.write(by: "ala") { try $0.update("part", part, ["name": .text("late")]) }
        try admin.pull(.data, from: laptop)
        try old?.exchange(with: admin)
        #expect(try old?.digest() != admin.digest())
        #expect(try old?.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM gemba_deferred") } == 2)
        #expect(try old.map { try names($0) } == ["again", "late"])
        // Where somebody has written to the row since, a state without the drop cannot be told from one with it.
        let late = try plant.enrol("NEW2")
        try late.pull(.roster, from: admin)
        #expect(throws: StoreError.self) { try take(old?.makeCheckpoint(), of: old, at: late) }
        #expect(try names(late).isEmpty)
        old = nil
        let updated = try Replica.open(in: folder, schema: .parts, sources: .test)
        #expect(try updated.digest() == admin.digest())
        #expect(try names(updated) == ["again"] && orphans(updated).map(\.row) == [part])
        #expect(try updated.verify().fault == nil)
    }

    private func take(_ signed: SignedManifest?, of maker: Replica?, at replica: Replica) throws {
        let signed = try #require(signed)
        for index in try replica.stage(signed) {
            let chunk = try #require(try maker?.chunk(index, of: signed.manifest.id))
            #expect(try replica.stage(chunk))
        }
        _ = try replica.install(signed.manifest.id)
    }
}
