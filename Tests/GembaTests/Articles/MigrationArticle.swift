import Gemba
import Testing

@Suite("Article: Migration")
struct MigrationArticle {
    // snippet: first
    static let first = Schema(
        version: 1,
        tables: [
            Table(
                1, "part",
                groups: [
                    .register(1, .text("name")), .register(2, .integer("weight")), .register(3, .text("note")),
                ])
        ])
    // end

    // snippet: second
    static let second = Schema(
        version: 2,
        tables: [
            Table(
                1, "item",  // renamed
                groups: [
                    .register(1, .text("title"), shows: .first),  // renamed, with another rule
                    .register(2, .real("weight").widened(from: .integer)),  // takes more
                    .register(3, .text("note")).hidden(),  // no longer wanted
                    .set(4, "labels"),  // new
                ]),
            Table(2, "shift", groups: [.register(1, .text("lead"))]),  // new
        ])
    // end

    @Test("The code of the article works")
    func article() throws {
        let plant = try TestPlant(schema: Self.first)
        let row = try plant.founder.write(by: "ewa") { try $0.insert(into: "part", ["weight": .integer(2)]) }
        let folder = plant.founder.folder

        // snippet: open
        let replica = try Replica.open(in: folder, schema: Self.second)
        // end
        try replica.write(by: "ewa") { try $0.update("item", row, ["weight": .real(2.5)]) }
        let other = try TestPlant(schema: Self.first)
        let error = #expect(throws: StoreError.self) {
            try Replica.open(in: other.founder.folder, schema: Self.impossible)
        }
        #expect(error?.code == .invalidSchema)
    }

    // snippet: impossible
    static let impossible = Schema(
        version: 3,
        tables: [
            Table(
                1, "part",
                groups: [
                    .register(1, [.text("name"), .text("color")]),  // another member
                    .register(2, .text("weight")),  // takes less: no integers
                    .register(3, .text("note")),
                ])
        ])
    // end
}
