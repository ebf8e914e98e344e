import GRDB
import GembaStore
import GembaWire
import Testing

@Suite("Observation", .timeLimit(.minutes(10)))
struct ObservationTests {
    @Test("Answers follow writes of this process, of another and of a peer, and come only when they differ")
    func answers() async throws {
        let plant = try TestPlant()
        let a = plant.founder
        let b = try plant.enrol("L3")
        let other = try Replica.open(in: a.folder, schema: .parts, sources: .test)
        var answers = a.observe { try String.fetchAll($0, sql: "SELECT name FROM part ORDER BY name") }
            .makeAsyncIterator()
        #expect(try await answers.next() == [])
        let part = try await a.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("a")]) }
        #expect(try await answers.next() == ["a"])
        // This changes nothing that is asked for.
        try await a.write(by: "ewa") { try $0.update("part", part, ["weight": .real(2)]) }
        try await other.write(by: "marek") { try $0.insert(into: "part", ["name": .text("b")]) }
        #expect(try await answers.next() == ["a", "b"])
        try await b.write(by: "jan") { try $0.insert(into: "part", ["name": .text("c")]) }
        try a.pull(.data, from: b)
        #expect(try await answers.next() == ["a", "b", "c"])
    }

    @Test("A query that fails ends the observation with its error")
    func failure() async throws {
        let plant = try TestPlant()
        var answers = plant.founder.observe { try Int.fetchOne($0, sql: "SELECT count(*) FROM no_such_table") }
            .makeAsyncIterator()
        await #expect(throws: DatabaseError.self) { try await answers.next() }
    }
}
