public import GembaCausality
public import GembaStore
import GembaWire

/// Values of a ticket that people may change.
extension Tickets {
    /// Writes fields of a ticket, as one change.
    ///
    /// Fields that only make sense together are written together (``TicketField/group``): those of a group that are not
    /// given keep what they show. A value that somebody else wrote apart is kept beside this one and shown by
    /// ``conflicts(of:)``.
    ///
    /// - Parameters:
    ///   - changes: the new values; nil takes a value away.
    ///   - seen: what the person had been shown of the fields; nil stands for everything that the replica holds.
    public func set(
        _ ticket: RowID, _ changes: [TicketField: String?], by actor: String, because reason: String = "",
        basedOn seen: VersionToken? = nil
    ) throws {
        guard !changes.isEmpty else { throw FloorError(.missingInput, "Say which field is to change.") }
        if let title = changes[.title] {
            guard let title, !title.isEmpty, title.count <= TicketField.longestTitle else {
                throw FloorError(
                    .missingInput, "A title has 1 to \(TicketField.longestTitle) characters.")
            }
        }
        try change(ticket, by: actor, because: reason) { tx in
            let columns = changes.map { field, text in
                (field.rawValue, text.flatMap { $0.isEmpty ? nil : Value.text($0) } ?? .null)
            }
            try tx.update("ticket", ticket, Dictionary(uniqueKeysWithValues: columns), basedOn: seen)
        }
    }

    /// Puts labels on a ticket and takes others off, as one change.
    public func label(
        _ ticket: RowID, add added: [String] = [], remove removed: [String] = [], by actor: String,
        because reason: String = ""
    ) throws {
        guard added.allSatisfy({ !$0.isEmpty }) else {
            throw FloorError(.missingInput, "A label has at least a letter.")
        }
        try change(ticket, by: actor, because: reason) { tx in
            for label in removed { try tx.remove(.text(label), from: "labels", of: ticket, in: "ticket") }
            for label in added { try tx.add(.text(label), to: "labels", of: ticket, in: "ticket") }
        }
    }

    /// What the fields of a ticket show now, to pass with a later ``set(_:_:by:because:basedOn:)``.
    public func fieldVersion(of ticket: RowID) throws -> VersionToken {
        try replica.readRows { try $0.version(of: ticket, in: "ticket") }
    }

    private func change(
        _ ticket: RowID, by actor: String, because reason: String, _ body: (WriteTransaction) throws -> Void
    ) throws {
        try Self.require(actor)
        try replica.write(by: actor, because: reason) { tx in
            guard try TicketReader(tx.reader).holds(ticket) else {
                throw FloorError(.notFound, "There is no ticket \(ticket) here.")
            }
            try body(tx)
        }
    }
}
