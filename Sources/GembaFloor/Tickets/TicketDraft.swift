public import GembaCausality

/// A report in the making.
public struct TicketDraft: Hashable, Sendable {
    /// What is known: at least a title and a place (asset or area; `unknown` is an answer).
    public var fields: TicketFields
    /// How the report came in.
    public var origin: TicketOrigin
    /// Words by which tickets are found and gathered.
    public var labels: [String]

    /// Creates a draft.
    public init(_ fields: TicketFields, origin: TicketOrigin = .portal, labels: [String] = []) {
        self.fields = fields
        self.origin = origin
        self.labels = labels
    }

    func check() throws(FloorError) {
        guard let title = fields[.title] else {
            throw FloorError(.missingInput, "Say in one line what is wrong.")
        }
        guard title.count <= TicketField.longestTitle else {
            let most = TicketField.longestTitle
            throw FloorError(
                .missingInput, "A title has at most \(most) characters; put the rest into the description.")
        }
        guard fields[.asset] != nil || fields[.area] != nil else {
            throw FloorError(.missingInput, "Say where it is: the machine or the area, or “unknown”.")
        }
    }
}

/// What a person who reported something takes away.
public struct TicketReceipt: Hashable, Sendable {
    /// The ticket.
    public var ticket: RowID
    /// What people call it.
    public var number: TicketNumber
}

/// The acts of a ticket that a person has been shown.
///
/// A form keeps it while it is open and passes it with what the person does there: what arrived meanwhile then counts
/// as unseen, and a doubt among it is not closed over.
public struct TicketVersion: Hashable, Sendable {
    /// The acts.
    public var acts: Set<RowID>

    /// Creates a version from the acts that were shown.
    public init(acts: Set<RowID>) { self.acts = acts }
}
