import GRDB
import GembaCausality
import GembaStore
import GembaWire
import Testing

@Suite("Which sibling is shown (M12)")
struct ShownRuleTests {
    private static let severities: [Value] = [.text("low"), .text("medium"), .text("high")]

    private static func schema(
        _ rule: ShownRule, counts: ShownRule = .latest, ranks: [RankFunction] = []
    ) -> Schema {
        Schema(
            version: 1,
            tables: [
                Table(
                    1, "fault",
                    groups: [
                        .register(1, .text("severity"), shows: rule), .register(2, .text("place")),
                        .counter(3, "seen", shows: counts),
                    ])
            ],
            ranks: ranks)
    }

    /// A row in which several stations wrote a severity apart, one after the other by their clocks.
    private struct Contest {
        let plant: TestPlant
        let stations: [Replica]
        let row: RowID

        init(_ schema: Schema, _ severities: [String], counts: [Int64] = []) throws {
            let plant = try TestPlant(schema: schema)
            let founder = plant.founder
            let others = try (1..<max(severities.count, counts.count)).map { try plant.enrol("L\($0)", schema: schema) }
            let stations = [founder] + others
            let row = try founder.write(by: "ewa") { try $0.insert(into: "fault", ["place": .text("press 4")]) }
            for other in others { try founder.exchange(with: other) }
            for (station, severity) in zip(stations, severities) {
                try station.write(by: "ewa") {
                    try $0.update("fault", row, ["severity": .text(severity)])
                }
            }
            for (station, count) in zip(stations, counts) {
                try station.write(by: "ewa") {
                    try $0.setCounter("seen", of: row, in: "fault", to: count)
                }
            }
            // Each meets the others in another order.
            for other in others { try founder.exchange(with: other) }
            for other in others.reversed() { try founder.exchange(with: other) }
            (self.plant, self.stations, self.row) = (plant, stations, row)
        }

        func shown() throws -> Set<String> {
            try Set(stations.map { try $0.read { try String.fetchOne($0, sql: "SELECT severity FROM fault") ?? "" } })
        }

        func counted() throws -> Set<Int> {
            try Set(stations.map { try $0.read { try Int.fetchOne($0, sql: "SELECT seen FROM fault") ?? -1 } })
        }
    }

    @Test("The latest by default, the earliest where first wins, the greatest of a declared order")
    func declaredRules() throws {
        let written = ["medium", "high", "low"]
        #expect(try Contest(Self.schema(.latest), written).shown() == ["low"])
        #expect(try Contest(Self.schema(.first), written).shown() == ["medium"])
        #expect(try Contest(Self.schema(.greatest(in: Self.severities)), written).shown() == ["high"])
        // A value that is not declared comes before all that are; the latest of equals.
        #expect(try Contest(Self.schema(.greatest(in: Self.severities)), ["low", "dire"]).shown() == ["low"])
        #expect(try Contest(Self.schema(.greatest(in: Self.severities)), ["dire", "awful"]).shown() == ["awful"])
    }

    @Test("A function of the program ranks the values; without it the latest is shown, and the replica says so")
    func functions() throws {
        let longest = RankFunction("longest") { values in
            if case .text(let text)? = values.first { Int64(text.count) } else { 0 }
        }
        let contest = try Contest(Self.schema(.function("longest"), ranks: [longest]), ["middling", "bad"])
        #expect(try contest.shown() == ["middling"])
        #expect(contest.plant.founder.unresolvedRules.isEmpty)
        let digest = try contest.plant.founder.digest()

        let without = try Replica.open(
            in: contest.plant.founder.folder, schema: Self.schema(.function("longest")), sources: .test)
        #expect(try without.read { try String.fetchOne($0, sql: "SELECT severity FROM fault") } == "bad")
        #expect(without.unresolvedRules.map(\.description).first?.contains("longest") == true)
        #expect(try without.digest() == digest)
        #expect(try without.verify().fault == nil)
    }

    @Test("A rule chooses among the bases of a counter as well")
    func counters() throws {
        let largest = RankFunction("largest") { values in
            if case .integer(let count)? = values.first { count } else { 0 }
        }
        let counts: [Int64] = [5, 9, 7]
        #expect(try Contest(Self.schema(.latest), [], counts: counts).counted() == [7])
        #expect(try Contest(Self.schema(.latest, counts: .first), [], counts: counts).counted() == [5])
        let schema = Self.schema(.latest, counts: .function("largest"), ranks: [largest])
        #expect(try Contest(schema, [], counts: counts).counted() == [9])
    }

    @Test("A changed rule shows another sibling at once, in rows that have siblings and in no others")
    func changedRule() throws {
        let contest = try Contest(Self.schema(.latest), ["high", "low"], counts: [5, 7])
        let founder = contest.plant.founder
        try founder.write(by: "ewa") { try $0.insert(into: "fault", ["severity": .text("medium")]) }
        let digest = try founder.digest()
        let before = try founder.vector(of: .data)
        let schema = Self.schema(.greatest(in: Self.severities), counts: .first)
        let changed = try Replica.open(in: founder.folder, schema: schema, sources: .test)
        let rows = try changed.read { try Row.fetchAll($0, sql: "SELECT severity, seen FROM fault ORDER BY id") }
        #expect(rows == [["severity": "high", "seen": 5], ["severity": "medium", "seen": 0]])
        #expect(try changed.digest() == digest)
        #expect(try changed.vector(of: .data) == before)
        #expect(try changed.verify().fault == nil)
    }

    @Test("Whatever is shown, a write replaces all siblings that its author held (M3)", arguments: [0, 1, 2])
    func settling(rule: Int) throws {
        let rules: [ShownRule] = [.latest, .first, .greatest(in: Self.severities)]
        let contest = try Contest(Self.schema(rules[rule]), ["medium", "high", "low"], counts: [1, 2, 3])
        let row = contest.row
        try contest.stations[1].write(by: "jan") { tx in
            try tx.update("fault", row, ["severity": .text("low")])
            try tx.setCounter("seen", of: row, in: "fault", to: 4)
        }
        for other in contest.stations.dropFirst().reversed() { try contest.stations[0].exchange(with: other) }
        for other in contest.stations.dropFirst() { try contest.stations[0].exchange(with: other) }
        #expect(try contest.shown() == ["low"])
        #expect(try contest.counted() == [4])
        for station in contest.stations { #expect(try station.conflicts().isEmpty) }
    }

    @Test("A rule that cannot be is refused")
    func invalidRules() throws {
        let noColumn = Schema(
            version: 1,
            tables: [Table(1, "fault", groups: [.register(1, .text("a"), shows: .greatest(in: [], of: "b"))])])
        #expect(throws: StoreError.self) { try TestPlant(schema: noColumn) }
        let twice = [RankFunction("a") { _ in 0 }, RankFunction("a") { _ in 1 }]
        #expect(throws: StoreError.self) { try TestPlant(schema: Self.schema(.latest, ranks: twice)) }
    }
}
