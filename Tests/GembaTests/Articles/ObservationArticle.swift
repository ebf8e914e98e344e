import GRDB
import Gemba
import Testing

@Suite("Article: Observation")
struct ObservationArticle {
    typealias Part = FirstReplicaArticle.Part

    // snippet: query
    static let scarce = Part.matching(\.stock < 10).sorted(by: \.stock).limited(to: 20)
    // end

    // snippet: observe
    func watch(_ replica: Replica, show: ([Part]) -> Bool) async throws {
        for try await parts in replica.observe(Self.scarce) {
            guard show(parts) else { break }
        }
    }
    // end

    // snippet: sql
    func watchTotal(_ replica: Replica, show: (Int) -> Bool) async throws {
        let totals = replica.observe { database in
            try Int.fetchOne(database, sql: "SELECT total(stock) FROM part") ?? 0
        }
        for try await total in totals {
            guard show(total) else { break }
        }
    }
    // end

    @Test("The code of the article works", .timeLimit(.minutes(10)))
    func article() async throws {
        let plant = try TestPlant(schema: Schema(version: 1, tables: [Part.declaration.table]))
        try await plant.founder.write(by: "ewa") { _ = try $0.insert(Part(name: "fuse", stock: 3)) }
        try await watch(plant.founder) { parts in
            #expect(parts.map(\.name) == ["fuse"])
            return false
        }
        try await watchTotal(plant.founder) { total in
            #expect(total == 3)
            return false
        }
    }
}
