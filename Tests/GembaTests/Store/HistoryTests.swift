import GembaCausality
import GembaStore
import GembaWire
import Testing

@Suite("The history of a row")
struct HistoryTests {
    private typealias Act = RowEvent.Write.Act

    private func fates(_ events: [RowEvent], _ column: String) -> [String] {
        events.flatMap { event in
            event.writes.filter { $0.columns.contains(column) }.map { "\(event.provenance.actor) \($0.fate.rawValue)" }
        }
    }

    @Test("What was written apart is shown and kept, and what somebody had seen is replaced")
    func registers() throws {
        let plant = try TestPlant()
        let a = plant.founder
        let b = try plant.enrol("L3")
        let part = try a.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("roll")]) }
        try a.exchange(with: b)
        try a.write(by: "marek", because: "wider") { try $0.update("part", part, ["name": .text("roll 100 mm")]) }
        try b.write(by: "jan") { try $0.update("part", part, ["name": .text("labels")]) }
        try a.exchange(with: b)
        let (one, other) = (try a.history(of: part, in: "part"), try b.history(of: part, in: "part"))
        #expect(one == other)
        #expect(one.map(\.verb) == [.insert, .edit, .edit])
        let fates = fates(one, "name")
        #expect(fates.first == "ewa replaced")
        #expect(Set(fates.map { $0.split(separator: " ")[1] }) == ["replaced", "shown", "kept"])
        #expect(one.contains { $0.provenance.reason == "wider" })

        try a.write(by: "ewa") { try $0.update("part", part, ["name": .text("settled")]) }
        #expect(self.fates(try a.history(of: part, in: "part"), "name").suffix(1) == ["ewa shown"])
        #expect(
            self.fates(try a.history(of: part, in: "part"), "name").dropLast().allSatisfy { $0.hasSuffix("replaced") })
    }

    @Test("An increment that a stock-taking had not seen is kept, one that it had seen is replaced (M9)")
    func counters() throws {
        let plant = try TestPlant()
        let a = plant.founder
        let b = try plant.enrol("L3")
        let part = try a.write(by: "ewa") { tx in
            let part = try tx.insert(into: "part", ["name": .text("roll")])
            try tx.increment("stock", of: part, in: "part", by: 40)
            return part
        }
        try a.exchange(with: b)
        try b.write(by: "jan") { try $0.increment("stock", of: part, in: "part", by: -3) }
        try a.write(by: "ewa") { try $0.setCounter("stock", of: part, in: "part", to: 37) }
        try a.exchange(with: b)
        try b.write(by: "ola") { try $0.increment("stock", of: part, in: "part", by: 5) }
        let events = try b.history(of: part, in: "part")
        let acts = events.flatMap(\.writes).filter { $0.columns == ["stock"] }
        let byAct = Dictionary(uniqueKeysWithValues: acts.map { ($0.act, $0.fate) })
        #expect(
            byAct == [.increased(40): .replaced, .increased(-3): .kept, .counted(37): .shown, .increased(5): .shown])
    }

    @Test("Sets and deletions have a history too, and a deleted row is found by the beginning of its id")
    func setsAndDeletions() throws {
        let plant = try TestPlant()
        let a = plant.founder
        let part = try a.write(by: "ewa") { tx in
            let part = try tx.insert(into: "part", ["name": .text("roll")])
            try tx.add(.text("paper"), to: "labels", of: part, in: "part")
            return part
        }
        try a.write(by: "ewa") { try $0.remove(.text("paper"), from: "labels", of: part, in: "part") }
        try a.write(by: "jan") { try $0.delete("part", part) }
        let events = try a.history(of: part, in: "part")
        #expect(events.map(\.verb) == [.insert, .edit, .delete])
        let acts = events.flatMap(\.writes).filter { $0.columns == ["labels"] }
        #expect(acts.map(\.act) == [.added(.text("paper")), .removed(.text("paper"))])
        #expect(acts.map(\.fate) == [.replaced, .shown])
        #expect(try a.rows(startingWith: String(part.description.prefix(13)), in: "part") == [part])
        #expect(try a.rows(startingWith: "fff", in: "part").isEmpty)
        #expect(try a.rows(startingWith: "not hexadecimal", in: "part").isEmpty)
        #expect(throws: StoreError.self) { try a.history(of: part, in: "nothing") }
    }
}
