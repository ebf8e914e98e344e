import GembaStore
import GembaWire

extension Schema {
    /// One table for every way of merging, and two whose rows are always written together.
    static let simulation = Schema(
        version: 2,
        tables: [
            Table(
                1, "item",
                groups: [
                    .register(1, .text("title")),
                    .register(
                        2, [.text("impact", default: .text("low")), .integer("urgency", default: .integer(3))],
                        shows: .greatest(in: urgencies, of: "urgency")),
                    .set(3, "labels"),
                    .counter(4, "stock"),
                    .register(5, .any("remark")),
                    .register(6, .real("weight")),
                    .text(7, "story"),
                ], indexes: [["title"]]),
            Table(2, "note", groups: [.fact(1, [.blob("item"), .text("content")])]),
            Table(3, "debit", groups: [.register(1, .integer("amount")), .set(2, "tags")]),
            Table(4, "credit", groups: [.register(1, .integer("amount")), .set(2, "tags")]),
            Table(5, "tally", groups: [.register(1, .text("name"), shows: .first), .counter(2, "total")]),
            Table(6, "extra", groups: [.register(1, .text("content")), .set(2, "marks"), .counter(3, "uses")]),
        ])

    /// From the least urgent on; 5 is not among them.
    static let urgencies: [Value] = [.integer(4), .integer(3), .integer(2), .integer(1)]

    /// What older programs knew: neither `extra` nor an item's weight or story.
    static let earlierSimulation = Schema(
        version: 1,
        tables: simulation.tables.filter { $0.name != "extra" }.map { table in
            table.name == "item" ? Table(1, "item", groups: table.groups.filter { $0.id.rawValue < 6 }) : table
        })
}
