import GRDB
import GembaCausality
import GembaWire
import Testing

@testable import GembaStore

/// Rules A1 to A4 of the specification, at the store.
@Suite("The tree of rows")
struct RowTreeTests {
    private func insert(_ count: Int, into replica: Replica) throws -> [RowID] {
        try replica.write(by: "ewa") { tx in
            try (0..<count).map { try tx.insert(into: "part", ["name": .text("part \($0)")]) }
        }
    }

    private func root(_ replica: Replica) throws -> RowRoot { try #require(try replica.rowRoot()) }

    @Test(
        "Replicas that hold the same have the same root, in whatever order it came and whether the tree followed or not"
    )
    func equality() throws {
        let plant = try TestPlant()
        let (a, b) = (plant.founder, try plant.enrol("L3"))
        let rows = try insert(700, into: a)
        let before = try root(a)
        try b.write(by: "jan") { try $0.insert(into: "part", ["name": .text("alone")]) }
        try a.exchange(with: b)
        try a.write(by: "ewa") {
            try $0.increment("stock", of: rows[7], in: "part", by: 3)
            try $0.add(.text("x"), to: "labels", of: rows[7], in: "part")
        }
        try b.write(by: "jan") { try $0.update("part", rows[7], ["name": .text("other")]) }
        try b.write(by: "jan") { try $0.delete("part", rows[8]) }
        try a.exchange(with: b)
        #expect(try root(a) == root(b))
        #expect(try root(a) != before && root(a).basis != before.basis)
        // A tree that is made anew is the one that followed.
        let c = try plant.enrol("L4")
        try c.exchange(with: a)
        try a.pull(.roster, from: c)
        #expect(try root(c) == root(a))
    }

    @Test("A tree follows the log: a change costs the rows that it touched and the ranges in which they lie")
    func cost() throws {
        let plant = try TestPlant()
        let rows = try insert(2_000, into: plant.founder)
        var work = RowTreeWork()
        _ = try plant.founder.rowRoot { work = $0 }
        #expect(work.rows == 2_000 && work.ranges > 16)
        _ = try plant.founder.rowRoot { work = $0 }
        #expect(work.rows == 0 && work.ranges == 0)
        try plant.founder.write(by: "ewa") { try $0.update("part", rows[3], ["name": .text("new")]) }
        _ = try plant.founder.rowRoot { work = $0 }
        #expect(work.rows == 1 && (2...4).contains(work.ranges))
        _ = try plant.founder.rowRoot(rescans: true) { work = $0 }
        #expect(work.rows == 2_000 && work.ranges == 0)
    }

    @Test("A large tree is made in steps, which another process may go on with")
    func steps() throws {
        let plant = try TestPlant()
        _ = try insert(1_200, into: plant.founder)
        #expect(try plant.founder.rowRoot(steps: 1) == nil)
        let other = try Replica.open(in: plant.founder.folder, schema: .parts, sources: .test)
        #expect(try other.rowRoot(steps: 1) == nil)
        #expect(try plant.founder.rowRoot(steps: 2) != nil)
        #expect(try other.rowRoot(steps: 0) == plant.founder.rowRoot(steps: 0))
    }

    @Test(
        "A range with more than 64 rows is stated by those within, one with fewer by its rows, and what is equal not at all"
    )
    func statements() throws {
        let plant = try TestPlant()
        let replica = plant.founder
        _ = try insert(64, into: replica)
        let few = try root(replica)
        let nothing = FingerprintedRange(range: .all, fingerprint: RowFingerprint(rawValue: 0))
        let rows = try #require(try replica.statements(differingFrom: [nothing], on: few.basis))
        guard case .rows(let listed) = rows.first?.statement else {
            Issue.record("64 rows are listed")
            return
        }
        #expect(listed.count == 64 && listed.map(\.key) == listed.map(\.key).sorted())
        #expect(
            try replica.statements(
                differingFrom: [FingerprintedRange(range: .all, fingerprint: few.fingerprint)], on: few.basis) == [])
        _ = try insert(1, into: replica)
        // What was asked about is not held any more.
        #expect(try replica.statements(differingFrom: [nothing], on: few.basis) == nil)
        let many = try root(replica)
        let children = try #require(try replica.statements(differingFrom: [nothing], on: many.basis))
        guard case .children(let fingerprints) = children.first?.statement else {
            Issue.record("65 rows are sixteen ranges")
            return
        }
        #expect(Set(fingerprints).count == 16)
        let restated = try #require(try replica.statements(like: children, on: many.basis))
        #expect(restated == children)
    }

    @Test("A restored database and a checkpoint that was installed have a tree made anew")
    func otherHistory() throws {
        let plant = try TestPlant()
        let (a, b) = (plant.founder, try plant.enrol("L3"))
        _ = try insert(300, into: a)
        _ = try root(b)
        let signed = try a.makeCheckpoint()
        for index in try b.stage(signed) {
            #expect(try b.stage(try #require(try a.chunk(index, of: signed.manifest.id))))
        }
        _ = try b.install(signed.manifest.id)
        #expect(try root(a) == root(b))
    }

    @Test("A row written behind the library's back is found by reading all rows again, and a row that is gone as well")
    func rescan() throws {
        let plant = try TestPlant()
        let replica = plant.founder
        let rows = try insert(600, into: replica)
        let sound = try root(replica)
        try replica.tamper("UPDATE part SET name = 'x' WHERE id = ?", [rows[5]])
        #expect(try root(replica) == sound)
        #expect(try #require(try replica.rowRoot(rescans: true)) != sound)
        try replica.tamper("UPDATE part SET name = 'part 5' WHERE id = ?", [rows[5]])
        #expect(try replica.rowRoot(rescans: true) == sound)
        try replica.tamper("DELETE FROM part WHERE id = ?", [rows[6]])
        #expect(try #require(try replica.rowRoot(rescans: true)) != sound)
    }
}

extension Replica {
    /// Changes the database behind the library's back: the guards of the tables go first.
    func tamper(_ sql: String, _ arguments: StatementArguments = []) throws {
        let queue = try DatabaseQueue(path: folder + "/replica.sqlite", configuration: .withoutTriggers)
        try queue.write { try $0.execute(sql: sql, arguments: arguments) }
    }
}
