public import GembaCausality
import GembaStore
import GembaTrust
import GembaWire

/// Fields of a ticket that people wrote apart: all that was written, and which of it is shown.
///
/// Nothing was lost and nothing is wrong; setting the fields again in knowledge of all of it settles it.
public struct FieldConflict: Hashable, Sendable {
    /// The ticket.
    public var ticket: RowID
    /// The fields, which are written together.
    public var fields: [TicketField]
    /// What was written, at least two; the one that is shown comes first, then by time.
    public var values: [Written]

    /// What one person wrote.
    public struct Written: Hashable, Sendable {
        /// The values.
        public var fields: TicketFields
        /// Who wrote it, as the station claims.
        public var person: String
        /// At which station.
        public var station: String
        /// When, in milliseconds since 1970, by the station's clock.
        public var time: UInt64
        /// Why, in the person's words; may be empty.
        public var reason: String
        /// Whether it is what the ticket shows.
        public var isShown: Bool
    }

    /// Takes over a conflict of the store; nil when it is not about fields that people set.
    init?(_ conflict: Conflict, stations: [StationKey: String]) {
        guard conflict.kind == .siblings, conflict.table == TicketTable.tickets.name else { return nil }
        let fields = conflict.columns.compactMap(TicketField.init)
        guard fields.count == conflict.columns.count else { return nil }
        ticket = conflict.row
        self.fields = fields
        values = conflict.siblings.map { sibling in
            var written = TicketFields()
            for field in fields {
                if case .text(let text) = sibling.values[field.rawValue] { written[field] = text }
            }
            let provenance = sibling.provenance
            return Written(
                fields: written, person: provenance.actor, station: stations[provenance.station] ?? "",
                time: provenance.timestamp.milliseconds, reason: provenance.reason, isShown: sibling.isShown)
        }
    }
}
