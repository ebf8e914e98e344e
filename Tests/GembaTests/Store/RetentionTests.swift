import GRDB
import GembaCausality
import GembaTrust
import GembaWire
import Testing

@testable import GembaStore

@Suite("Retention")
struct RetentionTests {
    /// Three stations that hold the same and have all acknowledged it.
    private func plant() throws -> (TestPlant, a: Replica, b: Replica, c: Replica, parts: [RowID]) {
        let plant = try TestPlant()
        let (a, b, c) = (plant.founder, try plant.enrol("L3"), try plant.enrol("L4"))
        try b.pull(.roster, from: a)
        var parts: [RowID] = []
        for number in 0..<60 {
            parts.append(
                try a.write(by: "ewa", because: "delivery") {
                    try $0.insert(into: "part", ["name": .text("part \(number)")])
                })
        }
        for part in parts.prefix(20) {
            try a.write(by: "marek") { try $0.update("part", part, ["name": .text("renamed")]) }
        }
        try share(a, b, c)
        return (plant, a, b, c, parts)
    }

    /// Has the others acknowledge what they hold, and the first one know it.
    private func acknowledge(_ a: Replica, _ b: Replica, _ c: Replica) throws {
        try b.acknowledge(by: "jan")
        try c.acknowledge(by: "ala")
        try share(a, b, c)
    }

    private func share(_ replicas: Replica...) throws {
        for _ in 0..<2 {
            for one in replicas {
                for other in replicas where one !== other { try other.pull(.data, from: one) }
            }
        }
    }

    @Test("Nothing is folded before every member that may write has acknowledged it (M16, T9)")
    func stability() throws {
        let (plant, a, b, c, _) = try plant()
        defer { withExtendedLifetime(plant) {} }
        #expect(try a.foldPlan(olderThan: 0).floors.isEmpty)
        #expect(try b.acknowledge(by: "jan"))
        try share(a, b, c)
        let waiting = try a.foldPlan(olderThan: 0)
        #expect(waiting.floors.isEmpty)
        #expect(
            waiting.obstacles.contains {
                if case .unacknowledged(c.identity.stationKey, _, nil) = $0 { true } else { false }
            })
        #expect(try c.acknowledge(by: "ala"))
        try share(a, b, c)
        #expect(try a.foldPlan(olderThan: 0).entries == 80)
        #expect(try a.foldPlan(olderThan: 1_000_000).entries == 0)
        #expect(try a.acknowledge() && !a.acknowledge())
    }

    @Test("Folding keeps rows, references and authors, and what is unsettled with all that follows it (M17)")
    func folding() throws {
        let (plant, a, b, c, parts) = try plant()
        defer { withExtendedLifetime(plant) {} }
        try acknowledge(a, b, c)
        let digest = try a.digest()
        let before = try a.readRows { try $0.provenance(of: parts[0], in: "part", column: "name") }
        #expect(try a.fold(olderThan: 0).entries == 80)
        #expect(try a.digest() == digest)
        #expect(try a.readRows { try $0.provenance(of: parts[0], in: "part", column: "name") } == before)
        #expect(try a.checkpoint()?.trust == .verified)
        #expect(try a.verify().fault == nil)
        try a.reclaimSpace()
        #expect(try a.digest() == digest)
        #expect(try a.read { try Int.fetchOne($0, sql: "PRAGMA freelist_count") ?? 0 } < 16)
        // Work goes on, also on what was folded.
        try a.write(by: "ewa") { try $0.update("part", parts[0], ["name": .text("one")]) }
        try b.write(by: "jan") { try $0.update("part", parts[0], ["name": .text("two")]) }
        try share(a, b, c)
        #expect(try a.digest() == b.digest() && c.digest() == b.digest())
        for replica in [a, b, c] { try replica.acknowledge() }
        try share(a, b, c)
        let plan = try a.foldPlan(olderThan: 0)
        #expect(
            plan.obstacles.contains { if case .unsettled(1...) = $0 { true } else { false } }, "\(plan.obstacles)")
        #expect(try a.verify().fault == nil && b.verify().fault == nil)
    }

    @Test("A checkpoint whose file is gone is made anew from the rows that stood on it")
    func lostCheckpointFile() throws {
        let (plant, a, b, c, _) = try plant()
        defer { withExtendedLifetime(plant) {} }
        try acknowledge(a, b, c)
        try a.fold(olderThan: 0)
        #expect(try !a.lacksCheckpoint())
        CheckpointFolder(replica: a.folder).removeAll(but: [])
        #expect(try a.lacksCheckpoint())
        #expect(try a.verify().fault?.place == "the checkpoint")
        let digest = try a.digest()
        _ = try a.renewCheckpoint()
        #expect(try !a.lacksCheckpoint() && a.verify().fault == nil && a.digest() == digest)
        #expect(try a.checkpoint()?.trust == .verified)
    }

    @Test("Who comes back below the floor loses nothing of its work, and no deletion is undone (G19)")
    func laptop() throws {
        let (plant, a, b, c, parts) = try plant()
        defer { withExtendedLifetime(plant) {} }
        // L4 goes away, and writes.
        try c.write(by: "ala") { try $0.update("part", parts[3], ["name": .text("written away")]) }
        try c.write(by: "ala") { try $0.insert(into: "part", ["name": .text("made away")]) }
        try c.write(by: "ala") { try $0.update("part", parts[5], ["aisle": .text("kept although deleted")]) }
        for part in parts[4..<10] { try a.write(by: "ewa") { try $0.delete("part", part) } }
        for _ in 0..<3 {
            try share(a, b)
            try a.acknowledge()
            try b.acknowledge()
        }
        let absent = Set([c.identity.stationKey])
        #expect(try a.fold(olderThan: 0, without: absent).entries > 80)
        #expect(throws: StoreError.self) { try b.fold(olderThan: 0, without: absent) }
        // What it lacks cannot be streamed to it any more.
        let before = try c.vector(of: .data)
        let signed = try #require(try a.recentCheckpoint())
        for index in try c.stage(signed) {
            #expect(try c.stage(try #require(try a.chunk(index, of: signed.manifest.id))))
        }
        let own = try #require(try c.currentTip())
        let early = try c.makeCheckpoint()
        #expect(try c.recentCheckpoint() == early)
        _ = try c.install(signed.manifest.id)
        #expect(try c.recentCheckpoint() == nil, "what it made before lies below its floors now")
        #expect(try c.currentTip() == own && c.vector(of: .data) != before)
        try share(a, b, c)
        #expect(try a.vector(of: .data) == c.vector(of: .data))
        #expect(try a.digest() == c.digest() && b.digest() == c.digest())
        for replica in [a, b, c] {
            let names = try replica.read { try String.fetchAll($0, sql: "SELECT name FROM part") }
            #expect(names.contains("written away") && names.contains("made away"))
            let alive = try replica.read { try RowID.fetchSet($0, sql: "SELECT id FROM part") }
            #expect(parts[4..<10].filter(alive.contains) == [parts[5]])
            #expect(try replica.verify().fault == nil)
        }
    }
}
