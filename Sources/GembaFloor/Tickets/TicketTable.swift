import GembaStore
import GembaWire

/// The replicated tables of tickets.
///
/// Numbers of tables and groups, and the members of a group, are frozen for ever.
enum TicketTable {
    static let tickets = Table(
        1, "ticket",
        groups: [
            // Set when the ticket is made, never changed.
            .fact(1, [.text("number_station"), .integer("number_count")]),
            .fact(2, [.integer("created_at"), .text("created_by"), .text("origin")]),
            // Changed by people; what only makes sense together is one group (``TicketField/group``).
            .register(3, .text("title")),
            .register(4, .text("description")),
            .register(5, [.text("asset"), .text("area")]),
            .register(6, .text("reporter")),
            .register(7, .text("restatement")),
            .register(8, [.text("impact"), .text("urgency"), .text("priority")]),
            .register(9, [.text("category"), .text("subcategory"), .text("symptom")]),
            .register(10, .text("queue")),
            .set(11, "labels"),
            .set(12, "external_refs"),
            .set(13, "watchers"),
            .set(14, "links"),
            // What another system last said of the ticket, so that the next import knows what changed there.
            .register(
                15,
                [
                    .text("source_system"), .text("source_key"), .integer("source_as_of"), .text("source_fields"),
                    .text("source_rest"),
                ]),
        ],
        indexes: [["number_station", "number_count"], ["number_count"]],
        searchable: ["title", "description", "restatement", "asset", "area", "reporter"])

    static let acts = Table(
        2, "ticket_act",
        groups: [
            .fact(1, [.blob("ticket"), .integer("kind"), .integer("step", default: .integer(0))]),
            .fact(2, [.text("text")]),
            .fact(3, [.text("technical")]),
            .fact(4, [.text("person")]),
            .fact(5, [.text("reason"), .text("need"), .integer("until_time")]),
            .fact(6, [.text("code"), .text("did")]),
            .fact(7, [.text("level")]),
            .fact(8, [.integer("round")]),
            .fact(9, [.blob("refers_to")]),
            .fact(10, [.blob("unread")]),
            .fact(11, [.text("origin_system"), .text("origin_person"), .integer("origin_time")]),
        ],
        indexes: [["ticket"]], searchable: ["text", "technical", "did", "need"])
}
