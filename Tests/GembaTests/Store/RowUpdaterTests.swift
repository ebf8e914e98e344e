import GRDB
import GembaCausality
import GembaStore
import GembaWire
import Testing

@Suite("Updates by position")
struct RowUpdaterTests {
    private static let schema = Schema(
        version: 1,
        tables: Schema.parts.tables + [Table(3, "note", groups: [.text(1, "story"), .register(2, .integer("page"))])])

    /// What is written to columns of each of some rows.
    struct Updates: CustomTestStringConvertible, Sendable {
        var table: String
        var columns: [String]
        var values: [[Value]]

        var testDescription: String { "\(table) (\(columns.joined(separator: ", ")))" }
    }

    private static let all = [
        Updates(table: "part", columns: ["name"], values: [[.text("roll")], [.text("")], [.null]]),
        Updates(
            table: "part", columns: ["weight", "name"],
            values: [[.real(0.5), .text("roll")], [.null, .text(String(repeating: "ž", count: 300))]]),
        Updates(
            table: "part", columns: ["shelf", "name", "aisle"],
            values: [[.integer(.min), .text("a"), .text("A")], [.integer(24), .null, .null]]),
        Updates(table: "part", columns: ["shelf"], values: [[.integer(256)], [.integer(-1)]]),
        Updates(
            table: "note", columns: ["page", "story"],
            values: [[.integer(3), .text("the belt")], [.integer(1 << 40), .text("")]]),
        Updates(table: "note", columns: ["story"], values: [[.text("the belt is loose")], [.text("it runs")]]),
    ]

    private func plant(with rows: [RowID], in table: String) throws -> TestPlant {
        let plant = try TestPlant(schema: Self.schema)
        let columns: [String: Value] =
            table == "part" ? ["name": .text("new"), "shelf": .integer(7)] : ["page": .integer(1)]
        try plant.founder.write(by: "ewa") { tx in
            for row in rows { try tx.insert(into: table, id: row, columns) }
        }
        return plant
    }

    private func ids(_ count: Int) -> [RowID] { (0..<count).map { RowID(rawValue: UInt128($0 + 1)) } }

    @Test("make the same change as updates by names", arguments: all)
    func sameChange(_ updates: Updates) throws {
        let rows = ids(updates.values.count)
        let (named, positional) = (try plant(with: rows, in: updates.table), try plant(with: rows, in: updates.table))
        try named.founder.write(by: "ewa") { tx in
            for (row, values) in zip(rows, updates.values) {
                try tx.update(updates.table, row, Dictionary(uniqueKeysWithValues: zip(updates.columns, values)))
            }
        }
        try positional.founder.write(by: "ewa") { tx in
            let updater = try tx.updater(of: updates.table, columns: updates.columns)
            for (row, values) in zip(rows, updates.values) { try updater.update(row, values) }
        }
        let sql = "SELECT \(updates.columns.joined(separator: ", ")) FROM \(updates.table) ORDER BY id"
        let shown = try [named, positional].map { plant in try plant.founder.read { try Row.fetchAll($0, sql: sql) } }
        #expect(shown[0] == shown[1])
        let written = try [named, positional].map { plant in
            try plant.founder.lastOperations().map { operation in operation.effects.map { $0.group } }
        }
        #expect(written[0] == written[1])
        #expect(try positional.founder.verify().fault == nil)
    }

    @Test("are found by others, whichever order the rows come in and however often")
    func manyRows() throws {
        let rows = ids(1500)
        let plant = try plant(with: rows, in: "part")
        let other = try plant.enrol("L3")
        try plant.founder.exchange(with: other)
        for replica in [plant.founder, other] {
            try replica.write(by: "ewa") { tx in
                let parts = try tx.updater(of: "part", columns: ["name", "weight"])
                for (number, row) in rows.reversed().enumerated() {
                    try parts.update(row, [.text("roll \(number)"), .real(Double(number) + 0.5)])
                }
                for row in rows.prefix(20) { try parts.update(row, [.text("again"), .null]) }
            }
            try plant.founder.exchange(with: other)
        }
        #expect(try plant.founder.digest() == other.digest())
        #expect(try other.verify().fault == nil)
        let again = try other.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM part WHERE name = 'again'") }
        #expect(again == 20)
    }

    @Test("replace what the writer saw, and leave beside it what somebody else wrote since")
    func basedOn() throws {
        let rows = ids(1)
        let plant = try plant(with: rows, in: "part")
        let replica = plant.founder
        let seen = try replica.readRows { try $0.version(of: rows[0], in: "part") }
        try replica.write(by: "jan") { try $0.update("part", rows[0], ["name": .text("theirs")]) }
        try replica.write(by: "ewa") { tx in
            try tx.updater(of: "part", columns: ["name"]).update(rows[0], [.text("ours")], basedOn: seen)
        }
        #expect(try replica.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM conflict") } ?? 0 > 0)
    }

    @Test(
        "are refused for columns that are unknown, of another kind, given twice, or none",
        arguments: [["colour"], ["name", "stock"], ["labels"], ["name", "name"], []])
    func badColumns(_ columns: [String]) throws {
        let plant = try TestPlant()
        try plant.founder.write(by: "ewa") { tx in
            #expect(throws: StoreError.self) { try tx.updater(of: "part", columns: columns) }
            #expect(throws: StoreError.self) { try tx.updater(of: "parts", columns: ["name"]) }
        }
    }

    @Test(
        "refuse values that do not fit, and go on with the next row",
        arguments: [
            [.text("a")], [.text("a"), .real(1), .real(2)], [.integer(1), .real(1)], [.text("a\0"), .real(1)],
            [.text("a"), .real(.nan)], [.text("a"), .real(-0.0)],
        ] as [[Value]])
    func badValues(_ values: [Value]) throws {
        let rows = ids(2)
        let plant = try plant(with: rows, in: "part")
        let replica = plant.founder
        try replica.write(by: "ewa") { tx in
            let parts = try tx.updater(of: "part", columns: ["name", "weight"])
            let error = #expect(throws: StoreError.self) { try parts.update(rows[0], values) }
            #expect(error?.code == .invalidValue)
            try parts.update(rows[1], [.text("roll"), .real(1)])
            #expect(throws: StoreError.self) { try parts.update(RowID(rawValue: 99), [.text("roll"), .real(1)]) }
        }
        let names = try replica.read { try String.fetchAll($0, sql: "SELECT name FROM part ORDER BY id") }
        #expect(names == ["new", "roll"])
        #expect(try replica.verify().fault == nil)
    }
}
