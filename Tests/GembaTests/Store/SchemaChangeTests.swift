import GRDB
import GembaCausality
import GembaStore
import GembaWire
import Testing

/// Three versions of one program, of which each may still run somewhere.
private enum Version: Int, CaseIterable {
    case first = 1
    case second
    case third

    private typealias Table = GembaStore.Table

    var schema: Schema {
        let name = Group.register(1, .text("name"))
        let first = Table(
            1, "part",
            groups: [
                name, .register(2, [.text("aisle"), .integer("shelf")]), .counter(3, "stock"),
                .register(4, .integer("weight")), .register(5, .text("note")),
            ], indexes: [["name"]])
        let second = Table(
            1, "part",
            groups: first.groups[..<3] + [
                .register(4, .real("weight").widened(from: .integer)), first.groups[4],
                .register(6, .text("color", default: .text("grey"))), .set(7, "labels"), .counter(8, "orders"),
            ], indexes: [["name"]])
        let third = Table(
            1, "item",
            groups: [
                .register(1, .text("title"), shows: .first), .register(2, [.text("aisle"), .integer("rack")]),
                second.groups[2], .register(4, .any("weight")), first.groups[4].hidden(), second.groups[5],
                .set(7, "tags"), second.groups[7],
            ], indexes: [["title"], ["color"]])
        let shift = Table(2, "shift", groups: [.register(1, .text("lead")), .counter(2, "heads")])
        return switch self {
        case .first: Schema(version: 1, tables: [first])
        case .second: Schema(version: 2, tables: [second])
        case .third: Schema(version: 3, tables: [third, shift])
        }
    }

    var table: String { self == .third ? "item" : "part" }

    /// Writes what only this version can, and what all can.
    func write(on replica: Replica, _ parts: [RowID]) throws {
        try replica.write(by: "v\(rawValue)") { tx in
            try tx.increment("stock", of: parts[0], in: table, by: 1)
            switch self {
            case .first:
                try tx.update(table, parts[0], ["name": .text("one"), "weight": .integer(1), "note": .text("hidden?")])
            case .second:
                try tx.update(table, parts[0], ["name": .text("two"), "weight": .real(2.5), "color": .text("red")])
                // A row of which nothing but a set and a counter is unknown to others.
                try tx.add(.text("new"), to: "labels", of: parts[1], in: table)
                try tx.increment("orders", of: parts[1], in: table, by: 2)
            case .third:
                try tx.update(table, parts[0], ["title": .text("three"), "rack": .integer(7)])
                try tx.update(table, parts[2], ["weight": .text("heavy")])
                try tx.add(.text("newest"), to: "tags", of: parts[2], in: table)
                let shift = try tx.insert(into: "shift", ["lead": .text("ola")])
                try tx.increment("heads", of: shift, in: "shift", by: 6)
            }
        }
    }
}

@Suite("Schemas that change")
struct SchemaChangeTests {
    private typealias Table = GembaStore.Table

    private func reopen(_ replica: Replica, _ schema: Schema) throws -> Replica {
        try Replica.open(in: replica.folder, schema: schema, sources: .test)
    }

    private func insertParts(_ replica: Replica, _ count: Int = 3) throws -> [RowID] {
        try replica.write(by: "ewa") { tx in
            try (0..<count).map { number in
                let values: [String: Value] = ["name": .text("part \(number)"), "weight": .integer(Int64(number))]
                return try tx.insert(into: "part", values)
            }
        }
    }

    private func rows(_ replica: Replica, _ sql: String) throws -> [Row] {
        try replica.read { try Row.fetchAll($0, sql: sql) }
    }

    // MARK: - Several versions at once

    private static let orders: [[Int]] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]

    @Test(
        "Stations with old, current and new programs converge, and show the same once they are upgraded",
        arguments: orders)
    func partition(order: [Int]) throws {
        let plant = try TestPlant(schema: Version.first.schema)
        let stations = [
            plant.founder, try plant.enrol("L2", schema: Version.second.schema),
            try plant.enrol("L3", schema: Version.third.schema),
        ]
        let parts = try insertParts(stations[0])
        for _ in 0..<2 { for other in stations.dropFirst() { try stations[0].exchange(with: other) } }
        for (version, station) in zip(Version.allCases, stations) { try version.write(on: station, parts) }
        for _ in 0..<2 {
            for (left, right) in zip(order, order.dropFirst()) { try stations[left].exchange(with: stations[right]) }
        }
        let digest = try stations[0].digest()
        for station in stations {
            #expect(try station.digest() == digest)
            #expect(try station.verify().fault == nil)
        }
        let upgraded = try stations.map { try reopen($0, Version.third.schema) }
        let expected = try rows(
            upgraded[2], "SELECT id, title, aisle, rack, stock, weight, color, tags, orders FROM item ORDER BY id")
        #expect(expected.count == 3)
        let shown: [[String: DatabaseValue]] = expected.map {
            Dictionary($0.map { ($0.0, $0.1) }) { first, _ in first }
        }
        #expect(shown[0]["stock"] == 3.databaseValue)
        #expect(shown[0]["rack"] == 7.databaseValue)
        #expect(shown[1]["tags"] == #"["new"]"#.databaseValue)
        #expect(shown[1]["orders"] == 2.databaseValue)
        #expect(shown[1]["color"] == "grey".databaseValue)
        #expect(shown[2]["tags"] == #"["newest"]"#.databaseValue)
        #expect(shown[2]["weight"] == "heavy".databaseValue)
        for station in upgraded {
            #expect(try station.digest() == digest)
            #expect(
                try rows(
                    station, "SELECT id, title, aisle, rack, stock, weight, color, tags, orders FROM item ORDER BY id")
                    == expected)
            #expect(try rows(station, "SELECT lead, heads FROM shift") == [["lead": "ola", "heads": 6]])
            #expect(try station.conflicts() == upgraded[2].conflicts())
            #expect(try station.verify().fault == nil)
        }
    }

    @Test("A station that skips a version shows what it did not know")
    func skipping() throws {
        let plant = try TestPlant(schema: Version.first.schema)
        let parts = try insertParts(plant.founder)
        let second = try reopen(plant.founder, Version.second.schema)
        try Version.second.write(on: second, parts)
        let third = try reopen(second, Version.third.schema)
        try Version.third.write(on: third, parts)
        #expect(try third.verify().fault == nil)
        let error = #expect(throws: StoreError.self) { try reopen(third, Version.second.schema) }
        #expect(error?.code == .unsupportedDatabase)
    }

    // MARK: - One change at a time

    @Test("A new column changes no row and sends nothing")
    func newColumn() throws {
        let plant = try TestPlant(schema: Version.first.schema)
        let parts = try insertParts(plant.founder, 5000)
        let before = try plant.founder.snapshot(of: .data)
        let metadata = try rows(plant.founder, "SELECT gemba_meta FROM part")
        let second = try reopen(plant.founder, Version.second.schema)
        #expect(try second.snapshot(of: .data).position == before.position)
        #expect(try rows(second, "SELECT gemba_meta FROM part") == metadata)
        #expect(try rows(second, "SELECT DISTINCT color, labels, orders FROM part").count == 1)
        try second.write(by: "ewa") { try $0.update("part", parts[7], ["color": .text("red")]) }
        #expect(try second.verify().fault == nil)
    }

    @Test("Names are local: tables and columns are renamed, also into each other's names")
    func renaming() throws {
        func schema(_ left: String, _ right: String, _ column: String, _ other: String) -> Schema {
            let groups: [Group] = [.register(1, .text(column)), .register(2, .text(other))]
            return Schema(
                version: 1,
                tables: [
                    Table(1, left, groups: groups, indexes: [[column]]),
                    Table(2, right, groups: groups, indexes: [[other]]),
                ])
        }
        let plant = try TestPlant(schema: schema("left", "right", "a", "b"))
        let other = try plant.enrol("L3", schema: schema("left", "right", "a", "b"))
        let row = try plant.founder.write(by: "ewa") { tx in
            try tx.insert(into: "right", ["a": .text("of right")])
            return try tx.insert(into: "left", ["a": .text("of left"), "b": .text("b")])
        }
        try plant.founder.exchange(with: other)
        try other.write(by: "jan") { try $0.update("left", row, ["a": .text("apart")]) }
        try plant.founder.write(by: "ewa") { try $0.update("left", row, ["a": .text("also apart")]) }
        try plant.founder.exchange(with: other)

        let renamed = try reopen(plant.founder, schema("right", "left", "b", "a"))
        #expect(try renamed.digest() == other.digest())
        #expect(try rows(renamed, "SELECT a FROM right") == [["a": "b"]])
        #expect(try rows(renamed, "SELECT b FROM left") == [["b": "of right"]])
        #expect(
            try rows(renamed, "SELECT table_name, column_names FROM conflict") == [
                ["table_name": "right", "column_names": "b"]
            ])
        try renamed.write(by: "ewa") { try $0.update("right", row, ["b": .text("settled")]) }
        try renamed.exchange(with: other)
        #expect(try rows(other, "SELECT a FROM left") == [["a": "settled"]])
        #expect(try renamed.verify().fault == nil)
        let queue = try DatabaseQueue(path: renamed.folder + "/replica.sqlite")
        let error = #expect(throws: DatabaseError.self) {
            try queue.write { try $0.execute(sql: "DELETE FROM \"left\"") }
        }
        #expect(error?.message?.contains("left is replicated") == true)
    }

    @Test("What is hidden keeps what is in it and what others write to it, and is shown when it is wanted again")
    func hiding() throws {
        let schema = Version.first.schema
        let part = schema.tables[0]
        let without = Table(
            part.id, part.name, groups: part.groups.map { $0.id == 4 ? $0.hidden() : $0 }, indexes: part.indexes)
        let plant = try TestPlant(schema: schema)
        let other = try plant.enrol("L3", schema: schema)
        let parts = try insertParts(plant.founder)
        try plant.founder.exchange(with: other)
        for hidden in [
            Schema(version: 2, tables: [without]), Schema(version: 3, tables: [.hidden(1, groups: without.groups)]),
        ] {
            let narrow = try reopen(plant.founder, hidden)
            #expect(throws: StoreError.self) {
                try narrow.write(by: "ewa") { try $0.update("part", parts[0], ["weight": .integer(1)]) }
            }
            try other.write(by: "jan") {
                try $0.update("part", parts[1], ["weight": .integer(100 + Int64(hidden.version))])
            }
            try narrow.exchange(with: other)
            #expect(try narrow.verify().fault == nil)
            let wide = try reopen(narrow, schema)
            #expect(try wide.digest() == other.digest())
            #expect(
                try rows(wide, "SELECT weight FROM part ORDER BY id")
                    == rows(other, "SELECT weight FROM part ORDER BY id"))
        }
    }

    @Test("A widened column keeps what was written as it was, and takes more", arguments: ["real", "text", "any"])
    func widening(kind: String) throws {
        let schema = Version.first.schema
        let part = schema.tables[0]
        let column: GembaStore.Column =
            switch kind {
            case "real": .real("weight").widened(from: .integer)
            case "text": .text("weight").widened(from: .integer)
            default: .any("weight")
            }
        let value: Value = kind == "text" ? .text("heavy") : .real(0.5)
        let groups = part.groups.map { $0.id == 4 ? Group.register(4, column) : $0 }
        let wide = Schema(version: 2, tables: [Table(part.id, part.name, groups: groups, indexes: part.indexes)])
        let plant = try TestPlant(schema: schema)
        let narrow = try plant.enrol("L3", schema: schema)
        let parts = try insertParts(plant.founder)
        try plant.founder.exchange(with: narrow)
        let digest = try plant.founder.digest()
        let replica = try reopen(plant.founder, wide)
        #expect(try replica.digest() == digest)
        #expect(try rows(replica, "SELECT DISTINCT typeof(weight) FROM part") == [["typeof(weight)": "integer"]])
        try replica.write(by: "ewa") { try $0.update("part", parts[1], ["weight": value]) }
        #expect(throws: StoreError.self) {
            try replica.write(by: "ewa") { try $0.update("part", parts[1], ["shelf": value]) }
        }
        try replica.exchange(with: narrow)
        #expect(try rows(narrow, "SELECT weight FROM part WHERE id = x'\(parts[1])'") == [["weight": nil]])
        #expect(try narrow.conflicts().map(\.kind) == [.unfit])
        try narrow.write(by: "jan") { try $0.update("part", parts[2], ["weight": .integer(9)]) }
        try replica.exchange(with: narrow)
        let upgraded = try reopen(narrow, wide)
        #expect(try upgraded.conflicts().isEmpty)
        let shown = "SELECT weight FROM part ORDER BY id"
        #expect(try rows(upgraded, shown) == rows(replica, shown))
        #expect(try upgraded.digest() == replica.digest())
        for replica in [replica, upgraded] { #expect(try replica.verify().fault == nil) }
    }

    // MARK: - What cannot be done

    @Test("What would change what others hold is refused, with what to do instead, and nothing is touched (M11)")
    func refusals() throws {
        let schema = Version.first.schema
        let part = schema.tables[0]
        func with(_ group: Group) -> Schema {
            let groups = part.groups.map { $0.id == group.id ? group : $0 }
            return Schema(version: 2, tables: [Table(part.id, part.name, groups: groups, indexes: part.indexes)])
        }
        let impossible: [(Schema, StoreError.Code, String)] = [
            (with(.register(4, .real("weight"))), .invalidSchema, "cannot take less"),
            (
                with(.register(2, [.text("aisle"), .integer("shelf"), .text("box")])), .invalidSchema,
                "number of its own"
            ),
            (with(.register(2, .text("aisle"))), .invalidSchema, "number of its own"),
            (with(.register(2, [.integer("shelf"), .text("aisle")])), .invalidSchema, "for ever"),
            (with(.set(5, "note")), .invalidSchema, "for ever"),
            (with(.fact(5, [.text("note")])), .invalidSchema, "for ever"),
            (
                Schema(version: 2, tables: [Table(1, "part", groups: Array(part.groups.dropLast()))]),
                .unsupportedDatabase, "note"
            ),
            (Schema(version: 2, tables: []), .unsupportedDatabase, "part"),
        ]
        let plant = try TestPlant(schema: schema)
        _ = try insertParts(plant.founder)
        for (schema, code, words) in impossible {
            let error = #expect(throws: StoreError.self) { try reopen(plant.founder, schema) }
            #expect(error?.code == code)
            #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
        }
        #expect(try reopen(plant.founder, schema).verify().fault == nil)
    }
}
