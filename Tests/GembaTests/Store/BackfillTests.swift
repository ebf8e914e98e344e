import Foundation
import GRDB
import GembaCausality
import GembaTrust
import GembaWire
import Testing

@testable import GembaStore

/// Rules C20 to C28 of the specification, at the store.
@Suite("Backfill")
struct BackfillTests {
    /// Two stations that answered each other many times, and a third that took a checkpoint of it.
    private func plant(rounds: Int = 30) throws -> (TestPlant, a: Replica, b: Replica, c: Replica) {
        let plant = try TestPlant()
        let (a, b) = (plant.founder, try plant.enrol("L3"))
        let part = try a.write(by: "ewa", because: "delivery") {
            try $0.insert(into: "part", ["name": .text("roll")])
        }
        for round in 0..<rounds {
            try b.pull(.data, from: a)
            try a.write(by: "ewa", because: "round \(round)") {
                try $0.update("part", part, ["name": .text("a\(round)")])
            }
            try b.write(by: "jan") { try $0.update("part", part, ["name": .text("b\(round)")]) }
            try b.write(by: "jan") { try $0.increment("stock", of: part, in: "part", by: 1) }
            if round.isMultiple(of: 5) {
                try b.write(by: "jan") { try $0.insert(into: "reading", ["value": .real(1), "unit": .text("kg")]) }
            }
            try a.pull(.data, from: b)
        }
        try a.exchange(with: b)
        try a.write(by: "ewa") { try $0.update("part", part, ["name": .text("settled")]) }
        try a.exchange(with: b)
        let c = try plant.enrol("L4")
        try take(a.makeCheckpoint(), from: a, to: c)
        return (plant, a, b, c)
    }

    private func take(_ signed: SignedManifest, from giver: Replica, to taker: Replica) throws {
        for index in try taker.stage(signed) {
            #expect(try taker.stage(try #require(try giver.chunk(index, of: signed.manifest.id))))
        }
        _ = try taker.install(signed.manifest.id)
    }

    /// Has bodies asked for and given as two nodes would.
    ///
    /// - Parameter pieces: after how many answers the link breaks.
    /// - Returns: how many entries were filled.
    @discardableResult
    private func backfill(
        _ taker: Replica, from giver: Replica, _ demand: BackfillDemand = .taken, isThorough: Bool = false,
        bytes: Int = 1_500, pieces: Int = .max
    ) throws -> Int {
        let lacking = try taker.lackingBodies(demand, isThorough: isThorough)
        var (position, filled, answers) = (Int64(0), 0, 0)
        while answers < pieces {
            let (runs, reached, isLast) = try giver.bodies(lacking, after: position, maximumBytes: bytes)
            let outcome = try taker.fill(runs, isThorough: isThorough)
            #expect(outcome.problem == nil)
            #expect(isLast || reached > position)
            filled += outcome.filledCount
            answers += 1
            position = reached
            if isLast { break }
        }
        return filled
    }

    /// A station that holds nothing takes everything from a replica as a stream, without leaving anything out.
    private func expectStreams(_ replica: Replica, _ plant: TestPlant, name: String = "late") throws {
        let late = try plant.enrol(name)
        try replica.pull(.roster, from: plant.founder)
        #expect(try late.pull(.data, from: replica).problem == nil)
        #expect(try late.vector(of: .data) == replica.vector(of: .data))
        #expect(try late.digest() == replica.digest())
        #expect(try late.verify().fault == nil)
    }

    @Test("All bodies come back in small pieces; then no checkpoint is stood on, and they can be given on (C22, C28)")
    func complete() throws {
        let (plant, a, _, c) = try plant()
        let digest = try c.digest()
        let missing = try c.backfillProgress().missing
        #expect(try c.statistics().changes == missing && missing > 90)
        #expect(try backfill(c, from: a) == Int(missing))
        // Nothing changes for others before all stands in order.
        #expect(try c.snapshot(of: .data).floors != VersionVector() && c.checkpoint() != nil)
        #expect(try c.verify().fault == nil)
        let settlement = try c.settleBackfill()
        #expect(settlement.isComplete && settlement.hasSunk && !settlement.lacksHeads)
        #expect(try c.checkpoint() == nil && c.backfillProgress() == BackfillProgress())
        #expect(try c.snapshot(of: .data).floors == VersionVector())
        #expect(try c.digest() == digest)
        let verification = try c.verify()
        #expect(verification.fault == nil && verification.entryCount > Int(missing))
        let part = try #require(try c.read { try RowID.fetchOne($0, sql: "SELECT id FROM part") })
        #expect(try c.history(of: part, in: "part") == a.history(of: part, in: "part"))
        try expectStreams(c, plant)
    }

    @Test("What was cut short goes on elsewhere, after a restart, and among live work (C21)", arguments: 1...6)
    func resumption(pieces: Int) throws {
        let (plant, a, b, c) = try plant()
        let total = try c.backfillProgress().missing
        let first = try backfill(c, from: a, pieces: pieces)
        #expect(try !c.settleBackfill().isComplete)
        try c.write(by: "ala") { try $0.insert(into: "part", ["name": .text("between")]) }
        try a.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("also between")]) }
        try a.exchange(with: c)
        let again = try Replica.open(in: c.folder, schema: .parts, sources: .test)
        #expect(try again.backfillProgress().missing == total - UInt64(first))
        try b.exchange(with: a)
        #expect(try backfill(again, from: b, bytes: 700) == Int(total) - first)
        #expect(try again.settleBackfill().isComplete)
        #expect(try again.verify().fault == nil && again.digest() == a.digest())
        try expectStreams(again, plant)
    }

    @Test("Nothing but what was folded is stored, whoever sends it (C25)")
    func hostile() throws {
        let (plant, a, _, c) = try plant(rounds: 4)
        defer { withExtendedLifetime(plant) {} }
        let lacking = try c.lackingBodies(.taken)
        let (runs, _, _) = try a.bodies(lacking, after: 0, maximumBytes: 100_000)
        let missing = try c.backfillProgress().missing
        func refuse(_ reason: String, isBlamed: Bool, _ change: (inout BodyRun) -> Void) throws {
            for body in runs {
                var body = body
                change(&body)
                let outcome = try c.fill([body])
                #expect(outcome.filledCount == 0, "\(reason)")
                #expect((outcome.problem != nil) == isBlamed, "\(reason): \(outcome.problem ?? "no problem")")
            }
            #expect(try c.backfillProgress().missing == missing, "\(reason)")
        }
        let inOrder = runs.filter { $0.run.first == 1 }
        #expect(!inOrder.isEmpty)
        for body in inOrder {
            var altered = body
            altered.run.entries[0][altered.run.entries[0].count - 1] ^= 1
            #expect(try c.fill([altered]).problem != nil)
            var unsigned = body
            unsigned.run.signature[5] ^= 1
            #expect(try c.fill([unsigned]).problem != nil)
        }
        try refuse("another predecessor", isBlamed: false) { $0.run.previous = HashPrefix(rawValue: 7) }
        try refuse("an unknown log", isBlamed: false) { $0.run.replica = ReplicaID(rawValue: 9) }
        try refuse("a genesis", isBlamed: false) { $0.run.first = 0 }
        try refuse("beyond what is held", isBlamed: false) { $0.run.first = 1 << 40 }
        // Not asked for, and without the hash before it there is nothing to compare it with.
        let later = try #require(runs.first { $0.run.first > 1 })
        #expect(try c.fill([later]) == BackfillOutcome())
        #expect(try c.verify().fault == nil)
        // A claimed hash that ends otherwise than the prefix that is known proves nothing.
        var claimed = later
        claimed.start = ChangeHash(bytes: try #require(later.run.previous).bytes + [UInt8](repeating: 1, count: 16))
        #expect(try c.fill([claimed]).problem != nil)
        #expect(try c.backfillProgress().missing == missing)
        #expect(try backfill(c, from: a) == Int(missing))
    }

    @Test("Asking for entries that stand otherwise at the giver brings nothing of that log (C22)")
    func otherHistory() throws {
        let (plant, a, _, c) = try plant(rounds: 3)
        defer { withExtendedLifetime(plant) {} }
        var lacking = try c.lackingBodies(.taken)
        for index in lacking.indices { lacking[index].last.prefix = HashPrefix(rawValue: 3) }
        let (runs, _, isLast) = try a.bodies(lacking, after: 0, maximumBytes: 100_000)
        #expect(runs.isEmpty && isLast)
    }

    @Test("Folding ends a backfill: what a person folded is not wanted any more, unless a checkpoint does not suit")
    func folding() throws {
        let (plant, a, b, c) = try plant()
        try backfill(c, from: a, pieces: 3)
        try b.pull(.roster, from: a)
        for _ in 0..<3 {
            for replica in [a, b, c] { try replica.acknowledge(by: "all") }
            for (one, other) in [(a, b), (b, c), (a, c), (a, b)] { try one.exchange(with: other) }
        }
        #expect(try c.fold(olderThan: 0).floors.isEmpty == false)
        // Its rows are still trusted on the word of the one who made the first checkpoint.
        #expect(try c.checkpoint()?.trust == .signed && c.checkpoint()?.signed.manifest.maker == c.identity.stationKey)
        #expect(try c.backfillProgress().missing == 0 && c.backfillProgress().forgone > 90)
        #expect(try c.lackingBodies(.taken).isEmpty && c.verify().fault == nil)
        #expect(try backfill(c, from: b, .beyond(VersionVector())) > 90)
        #expect(try c.settleBackfill().isComplete && c.verify().fault == nil)
        try expectStreams(c, plant)
    }

    @Test("One who folded the beginning gives the rest, and floors sink as far (C23)")
    func partialGiver() throws {
        let (plant, a, b, _) = try plant()
        for _ in 0..<3 {
            for replica in [a, b] { try replica.acknowledge(by: "all") }
            try a.exchange(with: b)
        }
        // The founder does not wait for the one that never wrote.
        let silent = Set(try a.roster().members.keys).subtracting([a.identity.stationKey, b.identity.stationKey])
        #expect(try a.fold(olderThan: 0, without: silent).entries > 90)
        let part = try #require(try a.read { try RowID.fetchOne($0, sql: "SELECT id FROM part") })
        for round in 0..<20 {
            try a.write(by: "ewa") { try $0.update("part", part, ["name": .text("more \(round)")]) }
            try b.pull(.data, from: a)
            try b.write(by: "jan") { try $0.update("part", part, ["name": .text("even more \(round)")]) }
            try a.pull(.data, from: b)
        }
        let d = try plant.enrol("L5")
        try take(b.makeCheckpoint(), from: b, to: d)
        let before = try d.withReader { try $0.log.floors() }
        #expect(try backfill(d, from: a) > 30)
        let settlement = try d.settleBackfill()
        #expect(settlement.hasSunk && !settlement.isComplete)
        let after = try d.withReader { try $0.log.floors() }
        let folded = try a.withReader { try $0.log.floors() }
        #expect(before.covers(after) && after == folded)
        #expect(try d.verify().fault == nil && d.checkpoint() != nil)
        // The rest comes from one who has it.
        #expect(try backfill(d, from: b) > 90 && d.settleBackfill().isComplete)
        #expect(try d.verify().fault == nil)
        try expectStreams(d, plant)
    }

    @Test("Two that stand on checkpoints which do not cover each other come together when one fetches what is between")
    func split() throws {
        let plant = try TestPlant()
        let (a, b) = (plant.founder, try plant.enrol("L3"))
        let (left, right) = (try plant.enrol("L4"), try plant.enrol("L5"))
        for number in 0..<20 {
            try a.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("a \(number)")]) }
            try b.write(by: "jan") { try $0.insert(into: "part", ["name": .text("b \(number)")]) }
        }
        for replica in [b, left, right] { try replica.pull(.roster, from: a) }
        try take(a.makeCheckpoint(), from: a, to: left)
        try take(b.makeCheckpoint(), from: b, to: right)
        try right.write(by: "ala") { try $0.insert(into: "part", ["name": .text("right")]) }
        let offered = try right.makeCheckpoint()
        #expect(throws: StoreError.self) { try take(offered, from: right, to: left) }
        let demand = try left.demand(before: offered.manifest.id)
        #expect(try backfill(left, from: a, demand) == 20)
        #expect(try left.settleBackfill().isComplete)
        try take(offered, from: right, to: left)
        #expect(try right.pull(.data, from: left).problem == nil)
        #expect(try left.digest() == right.digest() && left.verify().fault == nil && right.verify().fault == nil)
    }

    @Test("Heads from two givers that fit together no more are asked for again from one")
    func heads() throws {
        let plant = try TestPlant()
        let (a, b) = (plant.founder, try plant.enrol("L3"))
        let part = try a.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("roll")]) }
        try a.exchange(with: b)
        try b.write(by: "jan") { try $0.update("part", part, ["name": .text("b")]) }
        // Each writes, apart from the other, and then in knowledge of what the other wrote.
        try a.write(by: "ewa") { try $0.update("part", part, ["name": .text("a1")]) }
        try b.write(by: "jan") { try $0.update("part", part, ["name": .text("b1")]) }
        try a.exchange(with: b)
        try a.write(by: "ewa") { try $0.update("part", part, ["name": .text("a2")]) }
        try b.write(by: "jan") { try $0.update("part", part, ["name": .text("b2")]) }
        try a.exchange(with: b)
        let c = try plant.enrol("L4")
        try take(a.makeCheckpoint(), from: a, to: c)
        // The bodies come one log after another, each with its last head alone: no order goes from one log to the other.
        for range in try c.lackingBodies(.taken) {
            let (runs, _, _) = try a.bodies([range], after: 0, maximumBytes: 100_000)
            var whole = try #require(runs.first)
            for next in runs.dropFirst() {
                whole.run.entries += next.run.entries
                whole.run.signature = next.run.signature
            }
            #expect(try c.fill([whole]).problem == nil)
        }
        #expect(try c.backfillProgress().missing == 0)
        let stuck = try c.settleBackfill()
        #expect(stuck.lacksHeads && !stuck.hasSunk)
        #expect(try c.checkpoint() != nil && c.verify().fault == nil)
        #expect(try c.lackingBodies(.taken).isEmpty && !c.lackingBodies(.taken, isThorough: true).isEmpty)
        try backfill(c, from: a, isThorough: true)
        #expect(try c.settleBackfill().isComplete && c.verify().fault == nil)
        try expectStreams(c, plant)
    }

    @Test("Damage in the middle of a backfill takes nothing that is not fetched again")
    func mending() throws {
        let (plant, a, _, c) = try plant()
        try c.write(by: "ala") { try $0.insert(into: "part", ["name": .text("own")]) }
        try backfill(c, from: a, pieces: 2)
        try c.mend()
        #expect(try c.verify().fault == nil)
        let own = try c.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM part WHERE name = 'own'") }
        #expect(own == 1)
        try backfill(c, from: a)
        #expect(try c.settleBackfill().isComplete && c.verify().fault == nil)
        try a.pull(.data, from: c)
        #expect(try c.digest() == a.digest())
        try expectStreams(c, plant)
    }

    @Test("A database put back to the middle of a backfill goes on from there")
    func restored() throws {
        let (plant, a, _, c) = try plant()
        try backfill(c, from: a, pieces: 2)
        let copy = plant.folder.folder("copy")
        try c.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
        try FileManager.default.copyItem(atPath: c.folder, toPath: copy)
        try backfill(c, from: a)
        #expect(try c.settleBackfill().isComplete)
        let restored = try Replica.open(in: copy, schema: .parts, sources: .test)
        #expect(try restored.backfillProgress().missing > 0 && restored.checkpoint() != nil)
        try backfill(restored, from: a)
        #expect(try restored.settleBackfill().isComplete)
        #expect(try restored.verify().fault == nil && restored.digest() == c.digest())
    }

    @Test("Small segments on both sides of folded entries are not packed into one")
    func packing() throws {
        let plant = try TestPlant()
        let a = plant.founder
        let b = try plant.enrol("L3")
        for number in 0..<5 { try a.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("\(number)")]) } }
        try b.pull(.data, from: a)
        for number in 5..<20 { try a.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("\(number)")]) } }
        try take(a.makeCheckpoint(), from: a, to: b)
        for number in 20..<300 { try a.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("\(number)")]) } }
        for _ in 0..<2 { try b.pull(.data, from: a) }
        #expect(try b.digest() == a.digest() && b.verify().fault == nil)
        #expect(try backfill(b, from: a) == 15)
        #expect(try b.settleBackfill().isComplete && b.verify().fault == nil)
        try expectStreams(b, plant)
    }
}
