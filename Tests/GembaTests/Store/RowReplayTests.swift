import GRDB
import GembaCausality
import GembaWire
import Testing

@testable import GembaStore

/// What was written to rows behind the library's back is put right from the logs (A8).
@Suite("Replaying rows")
struct RowReplayTests {
    private static let schema = Schema(
        version: 1,
        tables: Schema.parts.tables + [Table(3, "memo", groups: [.register(1, .text("title")), .text(2, "content")])])

    /// One way to spoil a row, and the groups in which it then differs.
    struct Damage: Sendable, CustomTestStringConvertible {
        var name: String
        var sql: String
        var groups: [GroupID]
        var table: TableID = 1

        var testDescription: String { name }
    }

    private static let first = "(SELECT min(id) FROM part)"
    static let damages = [
        Damage(name: "a register", sql: "UPDATE part SET name = 'x' WHERE name = 'plain'", groups: [1]),
        Damage(name: "a register of two columns", sql: "UPDATE part SET shelf = 9 WHERE id = \(first)", groups: [2]),
        Damage(
            name: "presence, set and counter",
            sql: "UPDATE part SET gemba_meta = (SELECT gemba_meta FROM part WHERE name = 'plain') WHERE id = \(first)",
            groups: [1, 2, 3, 4, 5]),
        Damage(name: "a visible row", sql: "DELETE FROM part WHERE id = \(first)", groups: [1, 2, 3, 4, 5]),
        Damage(name: "a deleted row", sql: "DELETE FROM gemba_hidden", groups: [1]),
        Damage(
            name: "a sibling",
            sql:
                "DELETE FROM gemba_sibling WHERE tbl = 1 AND replica = (SELECT max(replica) FROM gemba_sibling WHERE tbl = 1)",
            groups: [1, 2, 3, 4, 5]),
        Damage(name: "a fact", sql: "UPDATE reading SET value = 7", groups: [1], table: 2),
        Damage(name: "a text", sql: "UPDATE memo SET content = 'x' WHERE title = 'fresh'", groups: [2], table: 3),
        Damage(
            name: "an edited text",
            sql: "UPDATE gemba_text SET content = (SELECT content FROM gemba_text ORDER BY row LIMIT 1)", groups: [2],
            table: 3),
    ]

    private func eventfulPlant() throws -> (plant: TestPlant, a: Replica, b: Replica) {
        let plant = try TestPlant(schema: Self.schema)
        let (a, b) = (plant.founder, try plant.enrol("L3", schema: Self.schema))
        let part = try a.write(by: "ewa") { tx in
            let part = try tx.insert(
                into: "part",
                ["name": .text("roll"), "aisle": .text("A"), "shelf": .integer(3), "weight": .real(2)])
            try tx.add(.text("paper"), to: "labels", of: part, in: "part")
            try tx.increment("stock", of: part, in: "part", by: 40)
            try tx.insert(into: "part", ["name": .text("plain")])
            try tx.insert(into: "reading", ["value": .real(1), "unit": .text("kg")])
            try tx.insert(into: "memo", ["title": .text("fresh"), "content": .text("one two")])
            return part
        }
        let memos = try a.write(by: "ewa") { tx in
            try ["first", "second"].map {
                try tx.insert(into: "memo", ["title": .text($0), "content": .text("\($0) three")])
            }
        }
        let gone = try a.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("gone")]) }
        try a.exchange(with: b)
        try a.write(by: "ewa") { tx in
            try tx.delete("part", gone)
            for memo in memos { try tx.update("memo", memo, ["content": .text("three")]) }
        }
        try a.write(by: "ewa") { try $0.update("part", part, ["name": .text("from a")]) }
        try b.write(by: "jan") { try $0.update("part", part, ["name": .text("from b")]) }
        try a.exchange(with: b)
        return (plant, a, b)
    }

    /// The rows in which two replicas differ.
    private func differing(_ a: Replica, _ b: Replica) throws -> [RowKey] {
        func rows(_ replica: Replica) throws -> [RowKey: [UInt8]] {
            try replica.withReader { context in
                var rows: [RowKey: [UInt8]] = [:]
                var last: RowKey?
                while true {
                    let keys = try context.rowKeys(after: last, atMost: 100)
                    for key in keys { rows[key] = try context.comparedState(of: key) }
                    guard let end = keys.last else { return rows }
                    last = end
                }
            }
        }
        let (left, right) = (try rows(a), try rows(b))
        return Set(left.keys).union(right.keys).filter { left[$0] != right[$0] }.sorted()
    }

    @Test("A spoilt row is named, with its groups, and made what it was", arguments: damages)
    func repair(_ damage: Damage) throws {
        let (plant, a, b) = try eventfulPlant()
        defer { withExtendedLifetime(plant) {} }
        let sound = try #require(try a.rowRoot())
        #expect(try b.rowRoot() == sound)
        try b.tamper(damage.sql)
        let root = try #require(try b.rowRoot(rescans: true))
        #expect(root.basis == sound.basis && root.fingerprint != sound.fingerprint)
        let rows = try differing(a, b)
        #expect(!rows.isEmpty && rows.allSatisfy { $0.table == damage.table })
        let repaired = try #require(try b.replay(rows, on: sound.basis))
        #expect(repaired.map(\.key) == rows)
        #expect(repaired.contains { $0.groups == damage.groups }, "\(repaired.map(\.groups))")
        #expect(try b.rowRoot() == sound)
        #expect(try a.replay(rows, on: sound.basis) == [])
        #expect(try b.verify().fault == nil)
        #expect(try a.conflicts().count == b.conflicts().count)
    }

    @Test("A row that no change ever made is taken away")
    func invented() throws {
        let (plant, a, b) = try eventfulPlant()
        defer { withExtendedLifetime(plant) {} }
        try b.tamper(
            """
            INSERT INTO part SELECT randomblob(16), name, aisle, shelf, labels, stock, weight, gemba_meta FROM part LIMIT 1
            """)
        _ = try b.rowRoot(rescans: true)
        let rows = try differing(a, b)
        #expect(rows.count == 1)
        let basis = try #require(try a.rowRoot()).basis
        #expect(try b.replay(rows, on: basis)?.count == 1)
        #expect(try b.rowRoot() == a.rowRoot())
    }

    @Test("Where history was folded, rows are made from the checkpoint and what followed it")
    func folded() throws {
        let (plant, a, b) = try eventfulPlant()
        let signed = try a.makeCheckpoint()
        let c = try plant.enrol("L4", schema: Self.schema)
        try a.pull(.roster, from: c)
        try b.pull(.roster, from: c)
        for index in try c.stage(signed) {
            #expect(try c.stage(try #require(try a.chunk(index, of: signed.manifest.id))))
        }
        _ = try c.install(signed.manifest.id)
        let part = try #require(try a.read { try RowID.fetchOne($0, sql: "SELECT min(id) FROM part") })
        try a.write(by: "ewa") { try $0.update("part", part, ["weight": .real(9)]) }
        try c.pull(.data, from: a)
        let sound = try #require(try a.rowRoot())
        #expect(try c.rowRoot() == sound)
        try c.tamper("UPDATE part SET weight = 1, aisle = 'Z' WHERE id = ?", [part])
        let rows = try differing(a, c)
        let repaired = try #require(try c.replay(rows, on: sound.basis))
        #expect(repaired.map(\.groups) == [[2, 5]])
        #expect(try c.rowRoot() == sound && c.verify().fault == nil)
    }

    @Test("Nothing is made anew when more is held by then")
    func movement() throws {
        let (plant, a, b) = try eventfulPlant()
        defer { withExtendedLifetime(plant) {} }
        let basis = try #require(try a.rowRoot()).basis
        try b.write(by: "jan") { try $0.insert(into: "part", ["name": .text("new")]) }
        #expect(try b.replay([], on: basis) == nil && b.states(of: [], on: basis) == nil)
    }
}
