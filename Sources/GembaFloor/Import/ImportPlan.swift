public import GembaCausality

/// What importing a file would write, as plain values: made without a database, the same at every station.
public struct ImportPlan: Hashable, Sendable {
    /// The system that the file is from.
    public var system: String
    /// The tickets, in the order in which the file first names them.
    public var tickets: [PlannedTicket]
    /// How many records of the file went into the tickets.
    public var events: Int
    /// What the file says and this version does not understand; nothing is left out without being listed here.
    public var notUnderstood: [ImportRemark]

    /// Creates a plan.
    public init(system: String, tickets: [PlannedTicket], events: Int, notUnderstood: [ImportRemark]) {
        self.system = system
        self.tickets = tickets
        self.events = events
        self.notUnderstood = notUnderstood
    }
}

/// Something in a file that was not understood, and where.
public struct ImportRemark: Hashable, Sendable, CustomStringConvertible {
    /// The line of the file, counted from 1.
    public var line: Int
    /// What was not understood, why, and what became of it.
    public var words: String

    /// Creates a remark.
    public init(line: Int, words: String) {
        self.line = line
        self.words = words
    }

    /// The line and the words.
    public var description: String { "line \(line): \(words)" }
}

/// One ticket of another system, as it is to be here.
public struct PlannedTicket: Hashable, Sendable, Identifiable {
    /// Derived from the system and the key.
    public var id: RowID
    /// The ticket's name in the other system, under which people know it.
    public var key: String
    /// The line of the file on which the ticket is first named.
    public var line: Int
    /// The values that a ticket keeps for ever.
    public var constants: Constants
    /// The values that may change, as the file last has them.
    public var fields: TicketFields
    /// Names of related things in the other system, `problem:…`, `change:…`.
    public var externalRefs: [String]
    /// What the file last said of the ticket beside its fields, by column: nothing of it is dropped.
    public var rest: [String: [String]]
    /// When the other system last changed the ticket, in milliseconds since 1970; nil when it is not known.
    public var asOf: Int64?
    /// The ticket's life, in its order.
    public var acts: [PlannedAct]

    /// What is known of a ticket from the beginning and never changes.
    public struct Constants: Hashable, Sendable {
        /// When it was reported, in milliseconds since 1970.
        public var createdAt: Int64?
        /// Who wrote it down.
        public var createdBy: String?
        /// How the report came in.
        public var origin: TicketOrigin
    }

    /// What the acts amount to when nobody adds any.
    public var outcome: TicketState {
        let dot = Dot(ReplicaID(rawValue: 0), 1)
        let authorship = TicketAct.Authorship(
            dots: [dot], lamport: 1, timestamp: HybridTimestamp(rawValue: 0), actor: "")
        return TicketFold.state(
            of: acts.map { TicketAct(id: $0.id, kind: $0.kind, details: $0.details, authorship: authorship) },
            hasSeen: { _, _ in false })
    }
}

/// One act of an imported ticket.
public struct PlannedAct: Hashable, Sendable, Identifiable {
    /// Derived from the system, the ticket's key and what names the event there.
    public var id: RowID
    /// What was done.
    public var kind: TicketActKind
    /// What was said, by whom and when in the other system.
    public var details: TicketAct.Details
}
