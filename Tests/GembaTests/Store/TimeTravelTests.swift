import GRDB
import GembaCausality
import GembaStore
import GembaWire
import Testing

@Suite("A row as it was")
struct TimeTravelTests {
    @Test("Counters, sets, deletion and restoration are followed change by change")
    func everyKind() throws {
        let plant = try TestPlant()
        let replica = plant.founder
        let part = RowID(rawValue: 1)
        let steps: [(WriteTransaction) throws -> Void] = [
            { tx in
                try tx.insert(into: "part", id: part, ["name": .text("roll"), "weight": .real(1)])
                try tx.add(.text("paper"), to: "labels", of: part, in: "part")
                try tx.increment("stock", of: part, in: "part", by: 4)
            },
            { try $0.setCounter("stock", of: part, in: "part", to: 10) },
            { tx in
                try tx.remove(.text("paper"), from: "labels", of: part, in: "part")
                try tx.increment("stock", of: part, in: "part", by: 1)
                try tx.update("part", part, ["weight": .null])
            },
            { try $0.delete("part", part) },
            { try $0.restore("part", part) },
        ]
        var seen: [[String: Value]?] = []
        for step in steps {
            try replica.write(by: "ewa", step)
            let tip = try #require(try replica.currentTip()).dot
            seen.append(try replica.values(of: part, in: "part", asOf: .change(tip)))
        }
        #expect(seen.map { $0?["stock"] } == [.integer(4), .integer(10), .integer(11), nil, .integer(11)])
        let (paper, none) = (Value.text(#"["paper"]"#), Value.text("[]"))
        #expect(seen.map { $0?["labels"] } == [paper, paper, none, nil, none])
        #expect(seen.map { $0?["weight"] } == [.real(1), .real(1), .null, nil, .null])
        // The past is the same from today.
        let author = try #require(try replica.currentTip()).replica
        for (index, then) in seen.enumerated() {
            let dot = Dot(author, SequenceNumber(index + 1))
            #expect(try replica.values(of: part, in: "part", asOf: .change(dot)) == then)
        }
    }

    @Test("An orphan was never there, and its history says who touched it")
    func orphans() throws {
        let plant = try TestPlant()
        let author = try plant.enrol("L5")
        var log = try HandWrittenLog(of: author, witness: plant.founder)
        let row = RowID(rawValue: 1)
        let name = Effect(group: 1, content: .register(replaces: [], values: [.text("early")]))
        try log.append(
            [RowOperation(table: 1, row: row, verb: .edit, effects: [name])],
            at: HybridTimestamp(milliseconds: 1_760_000_000_000, counter: 0))
        _ = try plant.founder.apply([log.run], kind: .data)
        #expect(try plant.founder.values(of: row, in: "part", asOf: .time(.max)) == nil)
        #expect(try plant.founder.history(of: row, in: "part").map(\.provenance.actor) == ["hand"])
    }

    @Test("At the end of time every row is what it is, siblings, revived rows and values that do not fit included")
    func endOfTime() throws {
        let fixture = try #require(FormatFixture.all.first)
        let folder = try TemporaryFolder()
        try fixture.copy(to: folder.folder("replica"))
        let replica = try Replica.open(in: folder.folder("replica"), schema: FormatFixture.schema, sources: .test)
        for table in FormatFixture.schema.tables {
            let names = table.groups.flatMap(\.columns).map(\.name)
            for row in try replica.read({ try Row.fetchAll($0, sql: "SELECT * FROM \(table.name)") }) {
                let values = try replica.values(of: row["id"], in: table.name, asOf: .time(.max))
                let shown: [(String, Value)] = names.map { ($0, Value.fromDatabaseValue(row[$0]) ?? .null) }
                #expect(values == Dictionary(uniqueKeysWithValues: shown))
            }
        }
    }

    @Test("Two statements of one fact stay, and both are told of")
    func facts() throws {
        let plant = try TestPlant()
        let (a, b) = (plant.founder, try plant.enrol("L3"))
        let row = RowID(rawValue: 1)
        try a.write(by: "ewa") { _ = try $0.insert(into: "reading", id: row, ["value": .real(1)]) }
        try b.write(by: "jan") { _ = try $0.insert(into: "reading", id: row, ["value": .real(2)]) }
        try a.exchange(with: b)
        #expect(Set(try a.history(of: row, in: "reading").flatMap(\.writes).map(\.fate)) == [.shown, .kept])
        let conflict = try #require(try a.conflicts().first)
        #expect(throws: StoreError.self) {
            try a.write(by: "ewa") { try $0.settle(conflict, with: conflict.siblings[1]) }
        }
        #expect(try a.conflicts() == b.conflicts())
    }
}
