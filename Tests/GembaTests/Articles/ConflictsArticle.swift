import GRDB
import Gemba
import Testing

@Suite("Article: Conflicts")
struct ConflictsArticle {
    typealias Part = FirstReplicaArticle.Part

    /// Two stations on which one name was written apart.
    private func apart() throws -> (TestPlant, Replica, Replica, Part) {
        let plant = try TestPlant(schema: Schema(version: 1, tables: [Part.declaration.table]))
        let other = try plant.enrol("L3", schema: plant.founder.schema)
        let part = try plant.founder.write(by: "ewa") { try $0.insert(Part(name: "roll", stock: 40)) }
        try plant.founder.exchange(with: other)
        try plant.founder.write(by: "marek", because: "wider") { tx in
            _ = try tx.update(Part.self, part.id) { $0.name = "roll 100 mm" }
        }
        try other.write(by: "jan") { tx in _ = try tx.update(Part.self, part.id) { $0.name = "labels" } }
        try plant.founder.exchange(with: other)
        return (plant, plant.founder, other, part)
    }

    @Test("The code about settling works")
    func settling() throws {
        let (plant, replica, other, part) = try apart()
        _ = plant

        // snippet: list
        for conflict in try replica.conflicts() {
            print(conflict.kind, conflict.table, conflict.columns)
            for sibling in conflict.siblings {
                print(sibling.isShown ? "shown" : "kept", sibling.values, sibling.provenance.actor)
            }
        }
        // end

        // snippet: sql
        let lines = try replica.read { database in
            try Row.fetchAll(database, sql: "SELECT column_names, value, written_by, reason FROM conflict")
        }
        // end
        #expect(lines.count == 1)

        // snippet: settle
        if let conflict = try replica.conflicts(ofRow: part.id).first, let kept = conflict.siblings.last {
            try replica.write(by: "ewa") { try $0.settle(conflict, with: kept) }
        }
        // end
        #expect(try replica.conflicts().isEmpty)
        try replica.exchange(with: other)
        #expect(try other.conflictCount() == 0)
    }

    @Test("The code about forms works")
    func forms() throws {
        let (plant, replica, _, part) = try apart()
        _ = plant

        // snippet: form
        let shown = try replica.fetch(Part.self, part.id)
        let seen = try replica.version(of: part)
        // … a person fills in the form, and meanwhile a change arrives …
        if let shown {
            var edited = shown
            edited.name = "label roll, 100 mm"
            try replica.write(by: "ewa") { [edited] in try $0.update(edited, from: shown, basedOn: seen) }
        }
        // end
        #expect(try replica.conflicts().isEmpty)

        // snippet: history
        for event in try replica.history(of: part.id, in: "part") {
            print(event.provenance.actor, event.provenance.reason, event.writes.map(\.fate))
        }
        let before = try replica.values(of: part.id, in: "part", asOf: .time(1_760_000_000_000))
        // end
        #expect(before == nil)

        // snippet: delete
        try replica.write(by: "ewa") { try $0.delete(part) }
        try replica.write(by: "ewa", because: "still used") { try $0.restore(Part.self, part.id) }
        // end
        #expect(try replica.count(Part.everything) == 1)
    }
}
