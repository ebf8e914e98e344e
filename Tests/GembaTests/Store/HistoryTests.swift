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

    @Test("A row is shown as it was at a change, and at a time")
    func timeTravel() throws {
        let plant = try TestPlant()
        let a = plant.founder
        let b = try plant.enrol("L3")
        let part = try a.write(by: "ewa") { tx in
            let part = try tx.insert(into: "part", ["name": .text("roll"), "shelf": .integer(1)])
            try tx.increment("stock", of: part, in: "part", by: 4)
            return part
        }
        let first = try #require(try a.currentTip()).dot
        try a.exchange(with: b)
        try a.write(by: "marek") { try $0.update("part", part, ["name": .text("roll 100 mm")]) }
        try b.write(by: "jan") { tx in
            try tx.update("part", part, ["name": .text("labels"), "shelf": .integer(2)])
            try tx.increment("stock", of: part, in: "part", by: -1)
        }
        let apart = try #require(try b.currentTip()).dot
        try a.exchange(with: b)
        try a.write(by: "ewa") { try $0.delete("part", part) }

        let then = try #require(try a.values(of: part, in: "part", asOf: .change(first)))
        #expect(then["name"] == .text("roll") && then["shelf"] == .integer(1) && then["stock"] == .integer(4))
        // Its author had not heard of the other title.
        let there = try #require(try a.values(of: part, in: "part", asOf: .change(apart)))
        #expect(there["name"] == .text("labels") && there["shelf"] == .integer(2) && there["stock"] == .integer(3))
        let last = try #require(try a.currentTip()).dot
        #expect(try a.values(of: part, in: "part", asOf: .change(last)) == nil)
        #expect(try a.values(of: part, in: "part", asOf: .time(0)) == nil)
        #expect(try a.values(of: part, in: "part", asOf: .time(.max)) == nil)
        #expect(throws: StoreError.self) {
            try a.values(of: part, in: "part", asOf: .change(Dot(last.replica, last.sequence + 1)))
        }
    }

    @Test("A value that is not shown is chosen in one call, and what came since stays a sibling")
    func settling() throws {
        let plant = try TestPlant()
        let a = plant.founder
        let b = try plant.enrol("L3")
        let part = try a.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("roll")]) }
        try a.exchange(with: b)
        try a.write(by: "marek") { try $0.update("part", part, ["name": .text("one")]) }
        try b.write(by: "jan") { try $0.update("part", part, ["name": .text("two")]) }
        try a.exchange(with: b)
        let conflict = try #require(try a.conflicts().first)
        let loser = try #require(conflict.siblings.first { !$0.isShown })
        try b.write(by: "ola") { try $0.update("part", part, ["name": .text("three")]) }
        try a.pull(.data, from: b)
        try a.write(by: "ewa") { try $0.settle(conflict, with: loser) }
        let left = try #require(try a.conflicts().first)
        #expect(Set(left.siblings.map { $0.values["name"] }) == [loser.values["name"], .text("three")])
        let chosen = try #require(left.siblings.first { $0.values == loser.values })
        try a.write(by: "ewa") { try $0.settle(left, with: chosen) }
        #expect(try a.conflicts().isEmpty)
        #expect(try a.values(of: part, in: "part", asOf: .time(.max))?["name"] == loser.values["name"])
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
