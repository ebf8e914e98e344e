import GembaCausality
public import GembaStore
import GembaTrust
import GembaWire

/// The tickets of a plant: what people do with them at this station.
///
/// Everything that a person does is one change, with who did it and why, and is on disk when the call returns, network
/// or not. Acts are facts; what they make of a ticket is ``TicketFold``'s. What a person has to say with an act is
/// asked for here, where it is done; an act that comes from elsewhere without it counts all the same.
public struct Tickets: Sendable {
    /// The replica that holds them.
    public let replica: Replica

    /// Works on a replica that was opened with ``Floor/schema``.
    public init(_ replica: Replica) { self.replica = replica }

    // MARK: - Reporting

    /// Reports something.
    ///
    /// - Parameters:
    ///   - draft: what is known.
    ///   - actor: who writes the report; the reporter may be somebody else.
    /// - Throws: ``FloorError`` when something is not said that must be.
    @discardableResult
    public func report(_ draft: TicketDraft, by actor: String, because reason: String = "") throws -> TicketReceipt {
        try Self.require(actor)
        try draft.check()
        let station = try stationCode()
        return try replica.write(by: actor, because: reason) { tx in
            let count = try nextCount(of: station, in: tx.database)
            let ticket = tx.newRowID()
            var columns = draft.fields.columns
            columns["number_station"] = .text(station)
            columns["number_count"] = .integer(count)
            // The id begins with the milliseconds at which it was made (RFC 9562, section 5.7).
            columns["created_at"] = .integer(Int64(ticket.rawValue >> 80))
            columns["created_by"] = .text(actor)
            columns["origin"] = .text(draft.origin.rawValue)
            if columns["reporter"] == nil { columns["reporter"] = .text(actor) }
            try tx.insert(into: "ticket", id: ticket, columns)
            for label in draft.labels { try tx.add(.text(label), to: "labels", of: ticket, in: "ticket") }
            var details = TicketAct.Details()
            details.text = draft.fields[.description] ?? draft.fields[.title]
            try tx.insert(TicketActRow(.report, of: ticket, details))
            return TicketReceipt(ticket: ticket, number: .minted(station: station, count: count))
        }
    }

    /// The code with which this station's numbers begin: its name in the roster.
    func stationCode() throws -> String {
        guard let name = try replica.roster().members[replica.identity.stationKey]?.name, !name.isEmpty else {
            throw FloorError(
                .notPossible, "This station is not a member of the plant yet, so it has no code for numbers.")
        }
        return name
    }

    /// An act without an author would leave nobody to ask.
    static func require(_ actor: String) throws(FloorError) {
        guard actor.contains(where: { !$0.isWhitespace }) else {
            throw FloorError(.missingInput, "Say who you are: every act has an author.")
        }
    }

    // MARK: - Acting

    /// Adds an act to a ticket, as one change.
    ///
    /// - Parameters:
    ///   - seen: what the person had been shown; nil stands for everything that the replica holds.
    ///   - check: refuses what the ticket's state does not allow, or completes the details.
    /// - Returns: the act.
    @discardableResult
    func add(
        _ kind: TicketActKind, to ticket: RowID, by actor: String, because reason: String, basedOn seen: TicketVersion?,
        _ check: (TicketState, inout TicketAct.Details) throws -> Void
    ) throws -> RowID {
        try add({ _ in kind }, to: ticket, by: actor, because: reason, basedOn: seen, check)
    }

    /// Adds an act whose kind depends on the ticket's state.
    func add(
        _ kind: (TicketState) -> TicketActKind, to ticket: RowID, by actor: String, because reason: String,
        basedOn seen: TicketVersion?, _ check: (TicketState, inout TicketAct.Details) throws -> Void
    ) throws -> RowID {
        try Self.require(actor)
        return try replica.write(by: actor, because: reason) { tx in
            let reader = TicketReader(tx.reader)
            guard try reader.holds(ticket) else {
                throw FloorError(.notFound, "There is no ticket \(ticket) here.")
            }
            let acts = try reader.acts(of: ticket)
            let state = try reader.state(of: acts)
            let kind = kind(state)
            if state.phase == .withdrawn, kind != .restore, kind != .note {
                throw FloorError(.notPossible, "The ticket was withdrawn. Restore it first.")
            }
            var details = TicketAct.Details()
            try check(state, &details)
            let missing = details.missingInputs(for: kind)
            guard missing.isEmpty else {
                throw FloorError(.missingInput, "To \(kind), say \(missing.joined(separator: ", and ")).")
            }
            if let seen { details.unread = acts.map(\.id).filter { !seen.acts.contains($0) }.sorted() }
            return try tx.insert(TicketActRow(kind, of: ticket, details)).id
        }
    }
}

extension TicketFields {
    /// The known fields as columns of the table.
    var columns: [String: Value] {
        let known = TicketField.allCases.compactMap { field in
            self[field].map { (field.rawValue, Value.text($0)) }
        }
        return Dictionary(uniqueKeysWithValues: known)
    }
}
