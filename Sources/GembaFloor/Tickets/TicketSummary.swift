import GRDB
public import GembaCausality

/// A ticket as a list shows it.
public struct TicketSummary: Hashable, Sendable, Identifiable {
    /// The ticket.
    public var id: RowID
    /// What people call it, without a letter.
    public var number: TicketNumber
    /// The letter that tells it from others of the same number; nil when there are none.
    public var letter: String?
    /// Its fields.
    public var fields: TicketFields
    /// Its labels, sorted.
    public var labels: [String]
    /// Names of it and of related things in other systems, sorted.
    public var externalRefs: [String]
    /// How the report came in; nil for a way that this version does not know.
    public var origin: TicketOrigin?
    /// When it was reported, in milliseconds since 1970.
    public var createdAt: Int64
    /// Who wrote the report.
    public var createdBy: String
    /// How far it has come.
    public var phase: TicketState.Phase
    /// How often it was reopened.
    public var round: Int
    /// How many things there are to settle.
    public var unsettledCount: Int
    /// Who answers for it.
    public var responsible: String?
    /// Who helps.
    public var helpers: [String]
    /// What its open holds wait for.
    public var holdReasons: [String]
    /// The last progress note.
    public var lastNote: String?
    /// How many acts it has.
    public var actCount: Int
    /// When somebody last did something about it, in milliseconds since 1970.
    public var updatedAt: Int64

    /// The number as it is shown: with a letter where others share it.
    public var shownNumber: String { number.text + (letter ?? "") }
}

extension TicketSummary {
    /// Everything that a summary shows, by ticket.
    ///
    /// What follows `WHERE` may use `t` for the ticket and `s` for its state. Tickets that share a number are ordered by when they were made, then by id; all replicas that hold them agree.
    static let query = """
        SELECT t.*, s.phase, s.round, s.unsettled, s.responsible, s.helpers, s.hold_reasons, s.last_note, s.act_count,
            s.updated_at,
            (SELECT count(*) FROM ticket d
                WHERE d.number_station = t.number_station AND d.number_count = t.number_count) AS sharing,
            (SELECT count(*) FROM ticket d
                WHERE d.number_station = t.number_station AND d.number_count = t.number_count
                AND (d.created_at, d.id) < (t.created_at, t.id)) AS place
        FROM ticket_state s JOIN ticket t ON t.id = s.ticket
        """

    /// Reads a row of ``query``.
    init(_ row: Row) throws {
        id = try row.decode(RowID.self, forColumn: "id")
        let station: String = row["number_station"] ?? ""
        let count: Int64? = row["number_count"]
        number = count.map { .minted(station: station, count: $0) } ?? .foreign(station)
        letter = row["sharing"] > 1 ? TicketNumber.letter(of: row["place"]) : nil
        var fields = TicketFields()
        for field in TicketField.allCases { fields[field] = row[field.rawValue] }
        self.fields = fields
        labels = SortedJSON.texts(row["labels"]).sorted()
        externalRefs = SortedJSON.texts(row["external_refs"]).sorted()
        origin = (row["origin"] as String?).flatMap(TicketOrigin.init)
        createdAt = row["created_at"] ?? 0
        createdBy = row["created_by"] ?? ""
        phase = TicketState.Phase(rawValue: row["phase"]) ?? .raised
        round = row["round"]
        unsettledCount = row["unsettled"]
        responsible = row["responsible"]
        helpers = Self.lines(row["helpers"])
        holdReasons = Self.lines(row["hold_reasons"])
        lastNote = row["last_note"]
        actCount = row["act_count"]
        updatedAt = row["updated_at"]
    }

    private static func lines(_ text: String) -> [String] { text.split(separator: "\n").map(String.init) }
}
