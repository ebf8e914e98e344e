import GRDB
import GembaCausality
import GembaStore

/// The local table that holds what ``TicketFold`` makes of each ticket's acts, so that lists need no fold.
///
/// It is brought up to date in the transaction that changes a ticket or its acts, and can be dropped and built anew.
enum TicketStateTable {
    static let derivation = Derivation(
        name: "ticket_state", version: 1, sources: ["ticket", "ticket_act"], create: create, update: update)

    @Sendable private static func create(in database: Database) throws {
        try database.execute(
            sql: """
                DROP TABLE IF EXISTS ticket_state;
                CREATE TABLE ticket_state (
                    ticket BLOB NOT NULL PRIMARY KEY,
                    phase TEXT NOT NULL,
                    is_open INTEGER NOT NULL,
                    round INTEGER NOT NULL,
                    unsettled INTEGER NOT NULL,
                    responsible TEXT,
                    helpers TEXT NOT NULL,
                    hold_reasons TEXT NOT NULL,
                    last_note TEXT,
                    act_count INTEGER NOT NULL,
                    updated_at INTEGER NOT NULL
                ) STRICT, WITHOUT ROWID;
                CREATE INDEX ticket_state_open ON ticket_state (is_open, updated_at);
                CREATE INDEX ticket_state_phase ON ticket_state (phase, updated_at);
                CREATE INDEX ticket_state_responsible ON ticket_state (responsible, is_open);
                CREATE INDEX ticket_state_unsettled ON ticket_state (unsettled) WHERE unsettled > 0;
                """)
    }

    @Sendable private static func update(_ rows: RowReader, changed: Derivation.ChangedRows) throws {
        var tickets = changed["ticket"] ?? []
        let select = try rows.database.cachedStatement(sql: "SELECT ticket FROM ticket_act WHERE id = ?")
        for act in changed["ticket_act"] ?? [] {
            if let ticket = try RowID.fetchOne(select, arguments: [act]) { tickets.insert(ticket) }
        }
        let reader = TicketReader(rows)
        // Sorted, so that neighbours in the table are written one after another.
        for ticket in tickets.sorted() { try update(ticket, reader) }
    }

    private static func update(_ ticket: RowID, _ reader: TicketReader) throws {
        let acts = try reader.acts(of: ticket)
        let state = try reader.state(of: acts)
        let statement = try reader.database.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO ticket_state (
                    ticket, phase, is_open, round, unsettled, responsible, helpers, hold_reasons, last_note, act_count,
                    updated_at
                ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        try statement.execute(arguments: [
            ticket, state.phase.rawValue, state.phase.isOpen, state.round, state.unsettled.count, state.responsible,
            lines(state.helpers), lines(state.openHolds.map { $0.details.reason ?? "" }),
            state.lastNote?.details.text, acts.count, Int64(acts.map(\.shownTime).max() ?? 0),
        ])
    }

    /// Several texts as one, a line each; a line end within a text becomes a space.
    private static func lines(_ texts: [String]) -> String {
        texts.map { $0.split(whereSeparator: \.isNewline).joined(separator: " ") }.joined(separator: "\n")
    }
}
