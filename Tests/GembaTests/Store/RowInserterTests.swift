import GRDB
import GembaCausality
import GembaStore
import GembaWire
import Testing

@Suite("Insertion by position")
struct RowInserterTests {
    private static let schema = Schema(
        version: 1,
        tables: Schema.parts.tables + [
            Table(
                3, "note",
                groups: [
                    .fact(1, [.text("author")]), .text(2, "story"),
                    .register(3, [.integer("page"), Column("line", .integer, default: .integer(1))]),
                ])
        ])

    /// Rows for some of a table's columns.
    struct Rows: CustomTestStringConvertible, Sendable {
        var table: String
        var columns: [String]
        var values: [[Value]]

        var testDescription: String { "\(table) (\(columns.joined(separator: ", ")))" }
    }

    private static let all = [
        Rows(
            table: "part", columns: ["weight", "name"],
            values: [
                [.real(0.5), .text("roll")], [.real(-1e300), .text(String(repeating: "ž", count: 300))],
                [.null, .text("")],
            ]),
        Rows(
            table: "part", columns: ["shelf", "aisle"], values: [[.integer(.min), .text("A")], [.integer(24), .null]]),
        Rows(table: "part", columns: ["shelf"], values: [[.integer(256)], [.integer(65_536)], [.integer(-1)]]),
        Rows(table: "part", columns: [], values: [[], []]),
        Rows(
            table: "reading", columns: ["unit", "part"],
            values: [[.text("kg"), .blob([])], [.null, .blob([0, 255])]]),
        Rows(
            table: "note", columns: ["story", "line", "author"],
            values: [
                [.text("the belt"), .integer(3), .text("ewa")], [.text(""), .integer(1 << 40), .text("jan")],
            ]),
    ]

    @Test("makes the same change as insertion by names", arguments: all)
    func sameChange(_ rows: Rows) throws {
        let (named, positional) = (try TestPlant(schema: Self.schema), try TestPlant(schema: Self.schema))
        let ids = try named.founder.write(by: "ewa") { tx in
            try rows.values.map {
                try tx.insert(into: rows.table, Dictionary(uniqueKeysWithValues: zip(rows.columns, $0)))
            }
        }
        try positional.founder.write(by: "ewa") { tx in
            let inserter = try tx.inserter(into: rows.table, columns: rows.columns)
            for (id, values) in zip(ids, rows.values) { #expect(try inserter.insert(id: id, values) == id) }
        }
        #expect(try named.founder.lastOperations() == positional.founder.lastOperations())
        let sql = "SELECT * FROM \(rows.table) ORDER BY id"
        let shown = try [named, positional].map { plant in
            try plant.founder.read { try Row.fetchAll($0, sql: sql).map { $0.dropFirst(0).map(\.1) } }
        }
        #expect(shown[0] == shown[1])
        #expect(shown[0].count == rows.values.count)
        #expect(try positional.founder.verify().fault == nil)
    }

    @Test("makes the same change of many rows in whatever order they come, and others can read it")
    func manyRows() throws {
        let plants = [try TestPlant(), try TestPlant(), try TestPlant()]
        let other = try plants[0].enrol("L3")
        let orders = [Array(0..<2000), Array((0..<2000).reversed()), Array(1000..<2000) + Array(0..<1000)]
        for (plant, order) in zip(plants, orders) {
            try plant.founder.write(by: "ewa") { tx in
                let parts = try tx.inserter(into: "part", columns: ["name", "shelf"])
                for number in order {
                    let name = "label roll \(number) of \(number * number) in hall \(number % 7)"
                    try parts.insert(
                        id: RowID(rawValue: UInt128(number + 1)), [.text(name), .integer(Int64(number % 100))])
                }
            }
        }
        let operations = try plants.map { try $0.founder.lastOperations() }
        #expect(operations[0].count == 2000)
        #expect(operations[0] == operations[1])
        #expect(operations[0] == operations[2])
        try plants[0].founder.exchange(with: other)
        #expect(try plants[0].founder.digest() == other.digest())
        #expect(try plants[0].founder.verify().fault == nil)
    }

    @Test("goes on after many rows with steps on those and on others")
    func manyRowsAndOtherSteps() throws {
        let plant = try TestPlant()
        let other = try plant.enrol("L3")
        try plant.founder.write(by: "ewa") { tx in
            let parts = try tx.inserter(into: "part", columns: ["name"])
            let name = Value.text(String(repeating: "label roll ", count: 30))
            let ids = try (0..<1000).map { _ in try parts.insert([name]) }
            try tx.update("part", ids[500], ["name": .text("renamed")])
            try tx.delete("part", ids[3])
            for _ in 0..<1000 { try parts.insert([name]) }
        }
        try plant.founder.exchange(with: other)
        #expect(try plant.founder.digest() == other.digest())
        #expect(try other.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM part") } == 1999)
    }

    @Test("gives fresh ids, and what one row writes is not written to the next")
    func freshIDs() throws {
        let plant = try TestPlant()
        let replica = plant.founder
        let ids = try replica.write(by: "ewa") { tx in
            let parts = try tx.inserter(into: "part", columns: ["name", "aisle"])
            return [try parts.insert([.text("a"), .text("A")]), try parts.insert([.text("b"), .null])]
        }
        #expect(ids[0] < ids[1])
        let aisles = try replica.read { try String?.fetchAll($0, sql: "SELECT aisle FROM part ORDER BY id") }
        #expect(aisles == ["A", nil])
    }

    @Test("goes together with every other step on the same rows")
    func otherSteps() throws {
        let plant = try TestPlant()
        let other = try plant.enrol("L3")
        try plant.founder.write(by: "ewa") { tx in
            let parts = try tx.inserter(into: "part", columns: ["name"])
            let kept = try parts.insert([.text("kept")])
            let gone = try parts.insert([.text("gone")])
            try tx.update("part", kept, ["name": .text("renamed")])
            try tx.increment("stock", of: kept, in: "part", by: 3)
            try tx.delete("part", gone)
        }
        try plant.founder.exchange(with: other)
        #expect(try plant.founder.digest() == other.digest())
        let names = try other.read { try Row.fetchAll($0, sql: "SELECT name, stock FROM part") }
        #expect(names == [["name": "renamed", "stock": 3]])
    }

    @Test(
        "is refused for columns that are unknown, of another kind, or given twice",
        arguments: [["colour"], ["name", "stock"], ["labels"], ["name", "name"]])
    func badColumns(_ columns: [String]) throws {
        let plant = try TestPlant()
        try plant.founder.write(by: "ewa") { tx in
            #expect(throws: StoreError.self) { try tx.inserter(into: "part", columns: columns) }
            #expect(throws: StoreError.self) { try tx.inserter(into: "parts", columns: ["name"]) }
        }
    }

    @Test(
        "refuses values that do not fit, and goes on with the next row",
        arguments: [
            [.text("a")], [.text("a"), .real(1), .real(2)], [.integer(1), .real(1)], [.text("a\0"), .real(1)],
            [.text("a"), .real(.nan)], [.text("a"), .real(-0.0)],
        ] as [[Value]])
    func badValues(_ values: [Value]) throws {
        let plant = try TestPlant()
        let replica = plant.founder
        try replica.write(by: "ewa") { tx in
            let parts = try tx.inserter(into: "part", columns: ["name", "weight"])
            let error = #expect(throws: StoreError.self) { try parts.insert(values) }
            #expect(error?.code == .invalidValue)
            let id = try parts.insert([.text("roll"), .real(1)])
            let taken = #expect(throws: StoreError.self) { try parts.insert(id: id, [.text("roll"), .real(1)]) }
            #expect(taken?.code == .invalidOperation)
        }
        #expect(try replica.read { try String.fetchAll($0, sql: "SELECT name FROM part") } == ["roll"])
        #expect(try replica.verify().fault == nil)
    }
}
