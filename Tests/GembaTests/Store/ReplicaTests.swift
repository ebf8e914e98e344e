import Foundation
import GRDB
import GembaCausality
import GembaStore
import GembaTrust
import GembaWire
import Testing

@Suite("Replicas")
struct ReplicaTests {
    @Test("Two replicas of a schema of their own converge on every merge kind")
    func convergence() throws {
        let plant = try TestPlant()
        let a = plant.founder
        let b = try plant.enrol("L3")
        let part = try a.write(by: "ewa") { tx in
            let part = try tx.insert(
                into: "part", ["name": .text("label roll"), "aisle": .text("A"), "shelf": .integer(3)])
            try tx.add(.text("paper"), to: "labels", of: part, in: "part")
            try tx.increment("stock", of: part, in: "part", by: 40)
            return part
        }
        try a.exchange(with: b)
        #expect(try a.digest() == b.digest())
        try a.write(by: "ewa") { tx in
            try tx.update("part", part, ["name": .text("label roll 100 mm")])
            try tx.increment("stock", of: part, in: "part", by: -5)
            try tx.add(.text("urgent"), to: "labels", of: part, in: "part")
        }
        try b.write(by: "jan") { tx in
            try tx.update("part", part, ["name": .text("labels")])
            try tx.increment("stock", of: part, in: "part", by: -3)
            try tx.remove(.text("paper"), from: "labels", of: part, in: "part")
            try tx.insert(into: "reading", ["part": .blob(part.bytes), "value": .real(1.5), "unit": .text("kg")])
        }
        #expect(try a.digest() != b.digest())
        try a.exchange(with: b)
        #expect(try a.digest() == b.digest())
        for replica in [a, b] {
            let row = try #require(try replica.read { try Row.fetchOne($0, sql: "SELECT * FROM part") })
            #expect(row["stock"] == 32)
            #expect(row["labels"] == #"["urgent"]"#)
            #expect(try replica.conflicts().count == 1)
        }
        #expect(try a.conflicts() == b.conflicts())
        let shown: String? = try a.read { try String.fetchOne($0, sql: "SELECT name FROM part") }
        #expect(try b.read { try String.fetchOne($0, sql: "SELECT name FROM part") } == shown)
        try a.write(by: "ewa") { try $0.update("part", part, ["name": .text("settled")]) }
        try a.exchange(with: b)
        #expect(try b.conflicts().isEmpty)
        #expect(try a.digest() == b.digest())
    }

    @Test("M8: an element that is added once more while somebody else removes it stays")
    func addedOnceMore() throws {
        let plant = try TestPlant()
        let (a, b) = (plant.founder, try plant.enrol("L3"))
        let part = try a.write(by: "ewa") { tx in
            let part = try tx.insert(into: "part", ["name": .text("label roll")])
            for label in ["paper", "urgent"] { try tx.add(.text(label), to: "labels", of: part, in: "part") }
            return part
        }
        try a.exchange(with: b)
        try a.write(by: "ewa") { try $0.add(.text("paper"), to: "labels", of: part, in: "part") }
        try b.write(by: "jan") { tx in
            for label in ["paper", "urgent"] { try tx.remove(.text(label), from: "labels", of: part, in: "part") }
        }
        try a.exchange(with: b)
        for replica in [a, b] {
            #expect(try replica.read { try String.fetchOne($0, sql: "SELECT labels FROM part") } == #"["paper"]"#)
        }
        #expect(try a.digest() == b.digest())
    }

    @Test("Taking stock says what it had counted, and increments made apart from it do not change it (M9, F4)")
    func stockTaking() throws {
        let plant = try TestPlant()
        let a = plant.founder
        let b = try plant.enrol("L3")
        let part = try a.write(by: "ewa") { tx in
            let part = try tx.insert(into: "part", ["name": .text("label roll")])
            try tx.increment("stock", of: part, in: "part", by: 40)
            return part
        }
        try a.exchange(with: b)
        try a.write(by: "ewa", because: "counted") { try $0.setCounter("stock", of: part, in: "part", to: 37) }
        try b.write(by: "jan") { try $0.increment("stock", of: part, in: "part", by: -3) }
        let (runs, _, _) = try a.runs(
            of: .data, after: 0, excluding: VersionVector(), maximumBytes: Limits.batchBytes)
        let run = try #require(runs.first { $0.replica == (try? a.currentTip())?.replica })
        let last = try #require(run.entries.last)
        let body = try ChangeBody(
            decoding: Envelope.open(Entry(decoding: last)), author: run.replica, sequence: run.last)
        let zero = Effect.ObservedBase(dot: Dot(run.replica, 0), sum: 40)
        #expect(body.operations[0].effects.map(\.content) == [.base(replaces: [zero], value: 37)])

        try a.exchange(with: b)
        #expect(try a.digest() == b.digest())
        for replica in [a, b] {
            #expect(try replica.read { try Int.fetchOne($0, sql: "SELECT stock FROM part") } == 37)
            #expect(try replica.verify().fault == nil)
        }
    }

    @Test("Edits that nobody contests keep their rows in place, and a reopened replica goes on under its name")
    func reopening() throws {
        let plant = try TestPlant()
        let a = plant.founder
        let part = try a.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("x")]) }
        let before = try #require(try a.currentTip())
        let again = try Replica.open(in: a.folder, schema: .parts, sources: .test)
        try again.write(by: "ewa") { try $0.update("part", part, ["name": .text("y")]) }
        let after = try #require(try again.currentTip())
        #expect(after.replica == before.replica)
        #expect(after.sequence == before.sequence + 1)
    }
}
