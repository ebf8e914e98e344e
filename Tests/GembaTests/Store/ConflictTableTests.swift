import Foundation
import GRDB
import GembaCausality
import GembaStore
import GembaWire
import Testing

@Suite("The table conflict")
struct ConflictTableTests {
    /// Two stations that wrote apart about one part.
    private struct Apart {
        let plant: TestPlant
        let a: Replica
        let b: Replica
        let part: RowID

        init(
            _ first: (WriteTransaction, RowID) throws -> Void, _ second: (WriteTransaction, RowID) throws -> Void
        ) throws {
            let plant = try TestPlant()
            let a = plant.founder
            let b = try plant.enrol("L3")
            let part = try a.write(by: "ewa") { tx in
                let part = try tx.insert(into: "part", ["name": .text("roll"), "shelf": .integer(3)])
                try tx.increment("stock", of: part, in: "part", by: 40)
                return part
            }
            try a.exchange(with: b)
            try a.write(by: "marek", because: "one") { try first($0, part) }
            try b.write(by: "jan", because: "other") { try second($0, part) }
            try a.exchange(with: b)
            (self.plant, self.a, self.b, self.part) = (plant, a, b, part)
        }

        /// The lines as any program reads them.
        func lines(_ columns: String = "kind, column_names, value, written_by, reason") throws -> [[String]] {
            let all = try [a, b].map { replica in
                let other = try DatabaseQueue(path: replica.folder + "/replica.sqlite")
                return try other.read { database in
                    try Row.fetchAll(database, sql: "SELECT \(columns) FROM conflict ORDER BY row_id, place").map {
                        row in
                        row.map { String.fromDatabaseValue($0.1) ?? "\($0.1)" }
                    }
                }
            }
            #expect(all[0] == all[1])
            #expect(try a.conflicts() == b.conflicts())
            #expect(try a.conflictCount() == a.conflicts().count)
            for replica in [a, b] { #expect(try replica.verify().fault == nil) }
            return all[0]
        }

        func settle(_ choose: (Conflict.Sibling) -> Bool) throws {
            let conflict = try #require(try a.conflicts().first)
            let chosen = conflict.siblings.first(where: choose)
            let sibling = try #require(chosen)
            try a.write(by: "ola") { try $0.settle(conflict, with: sibling) }
            try a.exchange(with: b)
        }

        func stock() throws -> Int? { try b.read { try Int.fetchOne($0, sql: "SELECT stock FROM part") } }
    }

    @Test("has a line for the sibling that is not shown, and none once it is settled")
    func siblings() throws {
        let apart = try Apart(
            { try $0.update("part", $1, ["name": .text("a"), "aisle": .text("A")]) },
            { try $0.update("part", $1, ["name": .text("b"), "shelf": .integer(4)]) })
        #expect(
            try apart.lines() == [
                ["siblings", "name", "a", "marek", "one"],
                ["siblings", "aisle, shelf", #"{"aisle":"A","shelf":3}"#, "marek", "one"],
            ])
        #expect(try apart.lines("table_name, group_id") == [["part", "1"], ["part", "2"]])
        try apart.a.write(by: "ola") {
            try $0.update("part", apart.part, ["name": .text("c"), "aisle": .text("B"), "shelf": .integer(1)])
        }
        try apart.a.exchange(with: apart.b)
        #expect(try apart.lines().isEmpty)
    }

    @Test("has no line where two people wrote the same (M6)")
    func equalSiblings() throws {
        let apart = try Apart(
            { try $0.update("part", $1, ["name": .text("same")]) },
            { try $0.update("part", $1, ["name": .text("same")]) })
        #expect(try apart.lines().isEmpty)
    }

    @Test("tells of stock taken twice; choosing a count keeps what was counted on top of it", arguments: [true, false])
    func counts(choosesShown: Bool) throws {
        let apart = try Apart(
            { try $0.setCounter("stock", of: $1, in: "part", to: 30) },
            { try $0.setCounter("stock", of: $1, in: "part", to: 50) })
        #expect(try apart.lines() == [["counts", "stock", "30", "marek", "one"]])
        try apart.b.write(by: "jan") { try $0.increment("stock", of: apart.part, in: "part", by: 2) }
        try apart.a.exchange(with: apart.b)
        try apart.settle { $0.isShown == choosesShown }
        #expect(try apart.lines().isEmpty)
        #expect(try apart.stock() == (choosesShown ? 52 : 32))
    }

    @Test(
        "tells of increments that a stock-taking had not seen; choosing counts them in or leaves them out (M9)",
        arguments: [true, false])
    func stranded(leavesOut: Bool) throws {
        let apart = try Apart(
            { try $0.setCounter("stock", of: $1, in: "part", to: 37) },
            { try $0.increment("stock", of: $1, in: "part", by: -3) })
        #expect(try apart.lines() == [["stranded", "stock", "34", "marek", "one"]])
        try apart.settle { $0.isShown == leavesOut }
        #expect(try apart.lines().isEmpty)
        #expect(try apart.stock() == (leavesOut ? 37 : 34))
    }

    @Test("tells that a row was revived; choosing keeps or deletes it (M7)", arguments: [true, false])
    func revival(keeps: Bool) throws {
        let apart = try Apart(
            { try $0.delete("part", $1) }, { try $0.update("part", $1, ["weight": .real(1)]) })
        #expect(try apart.lines() == [["revived", "", "NULL", "marek", "one"]])
        try apart.settle { $0.isShown == keeps }
        #expect(try apart.lines().isEmpty)
        #expect(try apart.b.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM part") } == (keeps ? 1 : 0))
    }

    @Test("loses its line about a revived row when somebody who knows of it writes on")
    func revivalOver() throws {
        let apart = try Apart(
            { try $0.delete("part", $1) }, { try $0.update("part", $1, ["weight": .real(1)]) })
        try apart.a.write(by: "ola") { try $0.update("part", apart.part, ["weight": .real(2)]) }
        try apart.a.exchange(with: apart.b)
        #expect(try apart.lines().isEmpty)
    }

    @Test("tells of edits without a row, and of values that do not fit (M5, M14)")
    func orphansAndUnfitValues() throws {
        let plant = try TestPlant()
        let a = plant.founder
        let author = try plant.enrol("L5")
        var log = try HandWrittenLog(of: author, witness: a)
        let name = Effect(group: 1, content: .register(replaces: [], values: [.text("early")]))
        let shelf = Effect(group: 2, content: .register(replaces: [], values: [.text("A"), .text("high")]))
        let orphan = RowID(rawValue: 1)
        try log.append(
            [
                RowOperation(table: 1, row: orphan, verb: .edit, effects: [name]),
                RowOperation(table: 1, row: RowID(rawValue: 2), verb: .insert, effects: [name, shelf]),
                RowOperation(table: 9, row: RowID(rawValue: 3), verb: .edit, effects: [name]),
            ], at: HybridTimestamp(milliseconds: 1_760_000_000_000, counter: 0))
        _ = try a.apply([log.run], kind: .data)
        let lines = try a.read {
            try Row.fetchAll($0, sql: "SELECT kind, column_names, value, written_by FROM conflict")
        }
        #expect(
            lines == [
                ["kind": "orphan", "column_names": "name", "value": "early", "written_by": "hand"],
                [
                    "kind": "unfit", "column_names": "aisle, shelf", "value": #"{"aisle":"A","shelf":"high"}"#,
                    "written_by": "hand",
                ],
            ])
        #expect(try a.verify().fault == nil)

        let conflicts = try a.conflicts()
        #expect(throws: StoreError.self) {
            try a.write(by: "ewa") { try $0.settle(conflicts[1], with: conflicts[1].siblings[0]) }
        }
        try a.write(by: "ewa") { tx in
            try tx.settle(conflicts[0], with: conflicts[0].siblings[0])
            try tx.update("part", RowID(rawValue: 2), ["shelf": .integer(2)])
        }
        #expect(try a.conflicts().isEmpty)
        #expect(
            try a.read { try String.fetchOne($0, sql: "SELECT name FROM part WHERE id = ?", arguments: [orphan]) }
                == "early")
        #expect(try a.verify().fault == nil)
    }

    @Test("refuses writes of other programs and within a write")
    func guards() throws {
        let apart = try Apart(
            { try $0.update("part", $1, ["name": .text("a")]) }, { try $0.update("part", $1, ["name": .text("b")]) })
        let other = try DatabaseQueue(path: apart.a.folder + "/replica.sqlite")
        for sql in [
            "DELETE FROM conflict", "UPDATE conflict SET value = 1", "INSERT INTO conflict SELECT * FROM conflict",
        ] {
            #expect(throws: DatabaseError.self) { try other.write { try $0.execute(sql: sql) } }
            #expect(throws: (any Error).self) { try apart.a.write(by: "ewa") { try $0.database.execute(sql: sql) } }
        }
        #expect(try apart.lines().count == 1)
    }

    @Test("belongs to the library by name")
    func reservedName() throws {
        #expect(throws: StoreError.self) {
            try TestPlant(
                schema: Schema(version: 1, tables: [Table(1, "Conflict", groups: [.register(1, .text("a"))])]))
        }
    }
}
