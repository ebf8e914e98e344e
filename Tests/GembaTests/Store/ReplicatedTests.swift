import GRDB
import GembaCausality
import GembaStore
import GembaWire
import Testing

/// A table of every kind of group, as a Swift type.
private struct Machine: Replicated {
    enum Severity: String, ColumnValue {
        case low
        case high
    }

    var id = RowID.unassigned
    var maker = ""
    var name = ""
    var hall: String?
    var place: Int?
    var severity = Severity.low
    var isRunning = true
    var load = 0.0
    var successor: RowID?
    var labels: Set<String> = []
    var sizes: Set<Int> = []
    var feeds: Set<RowID> = []
    var strokes = 0

    static let declaration = Declaration<Machine>(
        3, "machine",
        [
            // Not in the order of the numbers, which is that of the table.
            .counter(9, "strokes", \.strokes),
            .fact(1, [.column("maker", \.maker)]),
            .register(2, "name", \.name),
            .register(3, [.column("hall", \.hall), .column("place", \.place)]),
            .register(4, "severity", \.severity, shows: .greatest(in: [.text("low"), .text("high")])),
            .register(5, "is_running", \.isRunning),
            .register(6, [.column("load", \.load, widenedFrom: [.integer])]),
            .register(7, "successor", \.successor),
            .set(10, "labels", \.labels),
            .set(11, "sizes", \.sizes),
            .set(12, "feeds", \.feeds),
            .other(.register(13, .text("unused")).hidden()),
        ], indexes: [["name"]])

    static let inHallA = Machine.matching(\.hall == "A").sorted(by: \.name)
}

extension Machine: FetchableRecord, TableRecord {}

/// Rows that are stated once.
private struct Reading: Replicated {
    var id = RowID.unassigned
    var machine = RowID.unassigned
    var degrees = 0.0

    static let declaration = Declaration<Reading>(
        4, "reading_of_machine", [.fact(1, [.column("machine", \.machine), .column("degrees", \.degrees)])])
}

extension Schema {
    fileprivate static let machines = Schema(
        version: 1, tables: [Machine.declaration.table, Reading.declaration.table])
}

@Suite("Rows as Swift values")
struct ReplicatedTests {
    private func insert(_ replica: Replica) throws -> Machine {
        try replica.write(by: "ewa") { tx in
            try tx.insert(
                Machine(
                    maker: "Schuler", name: "press 4", hall: "A", place: 4, severity: .high, isRunning: false,
                    load: 0.5,
                    successor: RowID(rawValue: 9), labels: ["old", "loud"], sizes: [3, 1],
                    feeds: [RowID(rawValue: 7)], strokes: 12))
        }
    }

    @Test("A row is read as it was inserted, by query, by id and by any SQL")
    func insertion() throws {
        let plant = try TestPlant(schema: .machines)
        let machine = try insert(plant.founder)
        #expect(machine.id != .unassigned)
        #expect(try plant.founder.fetch(Machine.everything) == [machine])
        #expect(try plant.founder.fetch(Machine.self, machine.id) == machine)
        #expect(try plant.founder.fetch(Machine.self, RowID(rawValue: 1)) == nil)
        let others = try plant.founder.read { database in
            try Machine.fetchAll(database, sql: "SELECT * FROM machine")
                + Machine.filter(sql: "place = 4").fetchAll(database)
        }
        #expect(others == [machine, machine])
        #expect(try plant.founder.history(of: machine.id, in: "machine").count == 1)
        #expect(try plant.founder.verify().fault == nil)
    }

    @Test("What is nil is not written, and takes the value of `init()` when it is read")
    func unwritten() throws {
        let plant = try TestPlant(schema: .machines)
        let machine = try plant.founder.write(by: "ewa") { try $0.insert(Machine(name: "saw")) }
        #expect(try plant.founder.fetch(Machine.self, machine.id) == machine)
        let writes = try plant.founder.history(of: machine.id, in: "machine")[0].writes
        #expect(!writes.contains { $0.columns == ["hall", "place"] || $0.columns == ["labels"] })
    }

    @Test("Only what differs is written, so that nothing is undone that somebody else wrote since")
    func differences() throws {
        let plant = try TestPlant(schema: .machines)
        let a = plant.founder
        let b = try plant.enrol("L3", schema: .machines)
        let machine = try insert(a)
        try a.exchange(with: b)
        try b.write(by: "jan") { tx in
            try tx.update(Machine.self, machine.id) { row in
                row.hall = "B"
                row.labels.insert("moved")
                row.strokes += 5
            }
        }
        try a.pull(.data, from: b)
        // The form was filled in before that arrived.
        var edited = machine
        edited.name = "press 4b"
        edited.labels.remove("loud")
        edited.strokes -= 2
        try a.write(by: "ewa") { [edited] in try $0.update(edited, from: machine) }
        try a.exchange(with: b)
        for replica in [a, b] {
            let now = try #require(try replica.fetch(Machine.self, machine.id))
            #expect(now.name == "press 4b" && now.hall == "B" && now.place == 4)
            #expect(now.labels == ["old", "moved"] && now.strokes == 15)
            #expect(try replica.conflicts().isEmpty)
            #expect(try replica.verify().fault == nil)
        }
        let before = try a.currentTip()
        try a.write(by: "ewa") { try $0.update(machine, from: machine) }
        #expect(try a.currentTip() == before)
    }

    @Test("A form that was open keeps what it had not seen as a sibling (M3)")
    func tokens() throws {
        let plant = try TestPlant(schema: .machines)
        let machine = try insert(plant.founder)
        let seen = try plant.founder.readRows { try $0.version(of: machine.id, in: "machine") }
        try plant.founder.write(by: "jan") { try $0.update(Machine.self, machine.id) { $0.name = "press four" } }
        try plant.founder.write(by: "ewa") {
            try $0.update(Machine.self, machine.id, basedOn: seen) { $0.name = "press IV" }
        }
        #expect(try plant.founder.conflicts().map(\.siblings.count) == [2])
    }

    @Test("Rows are deleted and restored, counters set, facts stated and never edited")
    func acts() throws {
        let plant = try TestPlant(schema: .machines)
        let replica = plant.founder
        let machine = try insert(replica)
        try replica.write(by: "ewa") { tx in
            try tx.setCounter(\Machine.strokes, of: machine.id, to: 3)
            try tx.insert(Reading(machine: machine.id, degrees: 40.5))
            #expect(try tx.fetch(Machine.self, machine.id)?.strokes == 3)
            #expect(try tx.fetch(Reading.matching(\.machine == machine.id)).map(\.degrees) == [40.5])
        }
        try replica.write(by: "ewa") { try $0.delete(machine) }
        #expect(try replica.fetch(Machine.self, machine.id) == nil)
        try replica.write(by: "ewa") { try $0.restore(Machine.self, machine.id) }
        #expect(try replica.fetch(Machine.self, machine.id)?.strokes == 3)
        let reading = try #require(try replica.fetch(Reading.everything).first)
        #expect(throws: StoreError.self) {
            try replica.write(by: "ewa") { try $0.update(Reading.self, reading.id) { $0.degrees = 1 } }
        }
        #expect(throws: StoreError.self) {
            try replica.write(by: "ewa") { try $0.update(Machine.self, machine.id) { $0.maker = "other" } }
        }
        #expect(throws: StoreError.self) {
            try replica.write(by: "ewa") { try $0.update(Machine.self, machine.id) { $0.load = .nan } }
        }
    }

    @Test("Queries compare, combine, sort and limit")
    func queries() throws {
        let plant = try TestPlant(schema: .machines)
        let replica = plant.founder
        let ids = try replica.write(by: "ewa") { tx in
            try [("c", "A", 1), ("a", "A", 2), ("b", "B", 3), ("d", nil, 4)].map { name, hall, place in
                try tx.insert(
                    Machine(name: name, hall: hall, place: place, labels: [name], feeds: [RowID(rawValue: 5)])
                ).id
            }
        }
        func names(_ query: Query<Machine>) throws -> [String] { try replica.fetch(query).map(\.name) }
        #expect(try names(Machine.inHallA) == ["a", "c"])
        #expect(try names(Machine.matching(\.hall == nil)) == ["d"])
        #expect(try names(Machine.matching(\.hall != "A").sorted(by: \.name)) == ["b", "d"])
        let between = Machine.matching(\.place > 1 && \.place <= 3)
        #expect(try names(between) == ["a", "b"])
        let either = Machine.matching(!(\.place >= 2) || \.name == "d")
        #expect(try names(either) == ["c", "d"])
        #expect(try names(Machine.everything.sorted(by: \.name, descending: true).limited(to: 2)) == ["d", "c"])
        #expect(try names(Machine.matching((\Machine.labels).contains("b"))) == ["b"])
        #expect(try names(Machine.matching((\Machine.feeds).contains(RowID(rawValue: 5)))).count == 4)
        #expect(try names(Machine.matching(.sql("name LIKE ?", "%a%"))) == ["a"])
        let one = Machine.matching(\.id == ids[2] && \.severity == .low)
        #expect(try names(one) == ["b"])
        #expect(try replica.count(Machine.matching(\.place < 3)) == 2)
        #expect(try replica.count(Machine.everything.limited(to: 3)) == 3)
    }

    @Test("A query is observed", .timeLimit(.minutes(10)))
    func observation() async throws {
        let plant = try TestPlant(schema: .machines)
        let replica = plant.founder
        var answers = replica.observe(Machine.inHallA).makeAsyncIterator()
        #expect(try await answers.next() == [])
        let machine = try await replica.write(by: "ewa") { try $0.insert(Machine(name: "saw", hall: "A")) }
        #expect(try await answers.next() == [machine])
        try await replica.write(by: "ewa") { _ = try $0.update(Machine.self, machine.id) { $0.hall = "B" } }
        #expect(try await answers.next() == [])
    }

    @Test("What cannot be stored is refused before anything is written")
    func uncanonicalValues() throws {
        let plant = try TestPlant(schema: .machines)
        for machine in [
            Machine(name: "a\0"), Machine(load: -.infinity), Machine(labels: ["\0"]), Machine(strokes: .max),
        ] {
            let error = #expect(throws: StoreError.self) {
                try plant.founder.write(by: "ewa") { try $0.insert(machine) }
            }
            #expect(error?.code == .invalidValue)
        }
        #expect(try plant.founder.currentTip() == nil)
    }

    @Test("A value of a later version is left alone")
    func laterValues() throws {
        let plant = try TestPlant(schema: .machines)
        let machine = try insert(plant.founder)
        try plant.founder.write(by: "ola") { try $0.update("machine", machine.id, ["severity": .text("dire")]) }
        #expect(try plant.founder.fetch(Machine.self, machine.id)?.severity == .low)
        try plant.founder.write(by: "ewa") { _ = try $0.update(Machine.self, machine.id) { $0.name = "x" } }
        let severity = try plant.founder.read { try String.fetchOne($0, sql: "SELECT severity FROM machine") }
        #expect(severity == "dire")
    }

    @Test("A type whose table the schema declares otherwise is refused")
    func otherSchema() throws {
        let plant = try TestPlant(
            schema: Schema(version: 1, tables: [Table(3, "machine", groups: [.register(2, .text("name"))])]))
        let error = #expect(throws: StoreError.self) {
            try plant.founder.write(by: "ewa") { try $0.insert(Machine(name: "saw")) }
        }
        #expect(error?.code == .invalidSchema)
    }
}
