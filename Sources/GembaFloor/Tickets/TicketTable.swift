import GembaStore
import GembaWire

/// The replicated table of tickets; that of their acts is ``TicketActRow``.
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
}
