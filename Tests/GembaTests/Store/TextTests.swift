import GRDB
import GembaCRDT
import GembaCausality
import GembaStore
import GembaTrust
import GembaWire
import Testing

@Suite("Text in the store")
struct TextTests {
    private static let schema = Schema(
        version: 1,
        tables: [
            Table(1, "part", groups: [.register(1, .text("name")), .text(2, "notes"), .counter(3, "stock")])
        ])
    private static let earlier = Schema(version: 1, tables: [Table(1, "part", groups: [.register(1, .text("name"))])])

    /// Two stations that hold one part with notes.
    private struct Pair {
        let plant: TestPlant
        let first: Replica
        let second: Replica
        let row: RowID

        init(_ notes: String, schema: Schema = TextTests.schema) throws {
            plant = try TestPlant(schema: schema)
            first = plant.founder
            second = try plant.enrol("L1", schema: schema)
            row = try first.write(by: "ewa") {
                try $0.insert(into: "part", ["name": .text("label roll"), "notes": .text(notes)])
            }
            try first.exchange(with: second)
        }

        func text(_ replica: Replica) throws -> String? { try replica.notes(of: row) }

        /// Exchanges everything, and checks that both agree and that their tables are what their logs say.
        func meet() throws {
            try first.exchange(with: second)
            #expect(try first.digest() == second.digest())
            for replica in [first, second] { #expect(try replica.verify().fault == nil) }
        }
    }

    @Test("passages written apart are all kept, and stay whole")
    func apart() throws {
        let pair = try Pair("Press 4 stopped.")
        try pair.first.write(by: "ewa") { try $0.insert(" Ewa looks.", at: 16, in: "notes", of: pair.row, in: "part") }
        try pair.second.write(by: "jan") { try $0.insert(" Jan looks.", at: 16, in: "notes", of: pair.row, in: "part") }
        try pair.second.write(by: "jan") { try $0.replace(0..<5, with: "Line", in: "notes", of: pair.row, in: "part") }
        try pair.meet()
        let text = try pair.text(pair.first)
        #expect(
            ["Line 4 stopped. Ewa looks. Jan looks.", "Line 4 stopped. Jan looks. Ewa looks."].contains(text))
        #expect(try pair.text(pair.second) == text)
        #expect(try pair.first.conflicts().isEmpty)
    }

    @Test("a text that is set anew changes only in the words that differ, so that two people's changes survive")
    func settingText() throws {
        let pair = try Pair("Clean the rollers. Check the belt. Log it.")
        try pair.first.write(by: "ewa") {
            try $0.setText("notes", of: pair.row, in: "part", to: "Clean both rollers. Check the belt. Log it.")
        }
        try pair.second.write(by: "jan") {
            try $0.update("part", pair.row, ["notes": .text("Clean the rollers. Check the belts. Log it twice.")])
        }
        try pair.meet()
        #expect(try pair.text(pair.first) == "Clean both rollers. Check the belts. Log it twice.")
    }

    @Test("M4: a change edits a text once, and what it takes back is nothing")
    func normalForm() throws {
        let pair = try Pair("abc")
        try pair.first.write(by: "ewa") { tx in
            try tx.insert("xyz", at: 3, in: "notes", of: pair.row, in: "part")
            try tx.replace(3..<5, with: "", in: "notes", of: pair.row, in: "part")
            try tx.replace(0..<1, with: "A", in: "notes", of: pair.row, in: "part")
            try tx.update("part", pair.row, ["name": .text("roll")])
            try tx.increment("stock", of: pair.row, in: "part", by: 2)
        }
        try pair.meet()
        #expect(try pair.text(pair.second) == "Abcz")
        let event = try #require(try pair.second.history(of: pair.row, in: "part").last)
        #expect(event.writes.first { $0.columns == ["notes"] }?.act == .edited(inserted: ["A", "z"], removed: 1))
    }

    @Test("a row that is inserted and edited by one change has one insertion of text")
    func newRow() throws {
        let pair = try Pair("abc")
        let row = try pair.first.write(by: "ewa") { tx in
            let row = try tx.insert(into: "part", ["notes": .text("draft")])
            try tx.replace(0..<5, with: "final", in: "notes", of: row, in: "part")
            let other = try tx.insert(into: "part", ["name": .text("without notes")])
            try tx.setText("notes", of: other, in: "part", to: "e\u{301}\r\n👩‍🔧")
            return row
        }
        try pair.meet()
        #expect(try pair.second.notes(of: row) == "final")
        let all = try pair.second.read { try String.fetchAll($0, sql: "SELECT notes FROM part") }
        #expect(all.contains { Array($0.unicodeScalars) == Array("e\u{301}\r\n👩‍🔧".unicodeScalars) })
    }

    @Test("M1: a station that does not know the column keeps it, through deletion and return")
    func unknownColumn() throws {
        let plant = try TestPlant(schema: Self.schema)
        let old = try plant.enrol("L1", schema: Self.earlier)
        let row = try plant.founder.write(by: "ewa") { try $0.insert(into: "part", ["notes": .text("one two")]) }
        try plant.founder.exchange(with: old)
        try plant.founder.write(by: "ewa") { try $0.replace(0..<3, with: "three", in: "notes", of: row, in: "part") }
        try old.write(by: "jan") { try $0.delete("part", row) }
        try plant.founder.exchange(with: old)
        #expect(try plant.founder.digest() == old.digest())
        #expect(try old.verify().fault == nil)
        try old.write(by: "jan") { try $0.restore("part", row) }
        try plant.founder.exchange(with: old)
        #expect(try plant.founder.notes(of: row) == "three two")
        let upgraded = try Replica.open(in: plant.folder.folder("L1"), schema: Self.schema, sources: .test)
        #expect(try upgraded.notes(of: row) == "three two")
        #expect(try upgraded.verify().fault == nil)
    }

    @Test("M10: what a laptop wrote into a text while its history was folded finds its place")
    func folded() throws {
        let pair = try Pair("Clean the rollers. Log it.")
        let laptop = try pair.plant.enrol("L9", schema: Self.schema)
        let stations = [pair.first, pair.second]
        func meet() throws {
            for replica in stations { try replica.acknowledge() }
            for _ in 0..<2 { try pair.meet() }
        }
        try laptop.exchange(with: pair.first)
        try laptop.acknowledge()
        try laptop.exchange(with: pair.first)
        try laptop.write(by: "ala") { try $0.insert(" both", at: 5, in: "notes", of: pair.row, in: "part") }
        try laptop.write(by: "ala") { try $0.insert(" twice", at: 30, in: "notes", of: pair.row, in: "part") }

        // What the laptop wrote behind is deleted meanwhile, and all that says so is folded.
        try pair.first.write(by: "ewa") { try $0.replace(0..<6, with: "", in: "notes", of: pair.row, in: "part") }
        try pair.second.write(by: "jan") { try $0.insert("First: ", at: 0, in: "notes", of: pair.row, in: "part") }
        for _ in 0..<3 { try meet() }
        #expect(try pair.first.fold(olderThan: 0, without: [laptop.identity.stationKey]).entries > 2)
        let signed = try #require(try pair.first.recentCheckpoint())
        for index in try laptop.stage(signed) {
            #expect(try laptop.stage(try #require(try pair.first.chunk(index, of: signed.manifest.id))))
        }
        _ = try laptop.install(signed.manifest.id)
        try pair.first.pull(.data, from: laptop)
        try laptop.pull(.data, from: pair.first)
        try pair.meet()
        for replica in stations + [laptop] {
            #expect(try replica.digest() == pair.first.digest())
            #expect(try pair.text(replica) == "First:  boththe rollers. Log it twice.")
            #expect(try replica.verify().fault == nil)
        }
    }

    @Test("the past of a text can be read, and an anchor follows its character")
    func past() throws {
        let pair = try Pair("one two")
        let anchor = try pair.first.readRows { reader in
            try reader.anchor(at: 4, staying: .after, in: "notes", of: pair.row, in: "part")
        }
        let before = try #require(try pair.first.history(of: pair.row, in: "part").last?.provenance.dot)
        try pair.second.write(by: "jan") { try $0.insert("zero ", at: 0, in: "notes", of: pair.row, in: "part") }
        try pair.meet()
        let then = try pair.first.values(of: pair.row, in: "part", asOf: .change(before))
        #expect(then?["notes"] == .text("one two"))
        let place = try pair.first.readRows { reader in
            try reader.position(of: try #require(anchor), in: "notes", of: pair.row, in: "part")
        }
        #expect(place == 9)
        let authors = try pair.first.readRows { reader in
            try reader.provenance(of: pair.row, in: "part", column: "notes").map(\.actor)
        }
        #expect(Set(authors) == ["ewa", "jan"])
    }

    private struct Part: Replicated {
        var id = RowID.unassigned
        var name = ""
        var notes = ""
        var stock = 0

        static let declaration = Declaration<Part>(
            1, "part", [.register(1, "name", \.name), .text(2, "notes", \.notes), .counter(3, "stock", \.stock)])
    }

    @Test("a property that is a text is edited by what was done to it, whatever came since it was read")
    func record() throws {
        let plant = try TestPlant(schema: Schema(version: 1, tables: [Part.declaration.table]))
        let replica = plant.founder
        let part = try replica.write(by: "ewa") { try $0.insert(Part(name: "roll", notes: "check the belt")) }
        try replica.write(by: "jan") { tx in
            _ = try tx.update(Part.self, part.id) { $0.notes = "now check the belt" }
        }
        var mine = part
        mine.notes = "check both belts"
        try replica.write(by: "ewa") { try $0.update(mine, from: part) }
        #expect(try replica.notes(of: part.id) == "now check both belts")
        #expect(try plant.founder.verify().fault == nil)
    }

    @Test("positions that are not there, and U+0000, are refused, and nothing is done")
    func refused() throws {
        let pair = try Pair("abc")
        for (positions, text) in [(2..<4, "x"), (4..<4, "x"), (-1..<0, "x"), (0..<0, "\0")] {
            #expect(throws: StoreError.self) {
                try pair.first.write(by: "ewa") {
                    try $0.replace(positions, with: text, in: "notes", of: pair.row, in: "part")
                }
            }
        }
        #expect(try pair.text(pair.first) == "abc")
    }
}

extension Replica {
    fileprivate func notes(of row: RowID) throws -> String? {
        try read { try String.fetchOne($0, sql: "SELECT notes FROM part WHERE id = ?", arguments: [row]) }
    }
}
