public import GembaCausality

extension TicketAct {
    /// What was said with an act.
    ///
    /// Which parts an act must have, ``missingInputs`` tells; an act that lacks one is
    /// flagged when it is read and never refused.
    public struct Details: Hashable, Sendable {
        /// The place among the acts of one change: a later step was done in knowledge of the earlier ones.
        public var step: Int64 = 0
        /// What anybody at the plant understands.
        public var text: String?
        /// What only a specialist needs.
        public var technical: String?
        /// Who is meant: the person or role that takes over, helps or leaves.
        public var person: String?
        /// Why it waits (a ``HoldReason``) or is withdrawn (a ``WithdrawalReason``); other words are kept and shown.
        public var reason: String?
        /// Until when a hold is expected to last, or when the next update will come, in milliseconds since 1970.
        public var until: Int64?
        /// What is needed, and from whom, for a hold to end.
        public var need: String?
        /// The resolution code.
        public var code: String?
        /// What was done to resolve it, in plain words.
        public var did: String?
        /// The level that an assessment or a raise claims.
        public var level: String?
        /// The round that a reopening began, as its author saw it; for people, since the fold counts for itself.
        public var round: Int64?
        /// What the act is about: the hold that ended, the ticket that this one duplicates.
        public var refersTo: RowID?
        /// Acts that the author's replica held and the author had not been shown, sorted: they do not count as seen.
        public var unread: [RowID] = []
        /// Where an imported act came from.
        public var origin: Origin?

        /// Creates details that say nothing.
        public init() {}
    }

    /// Who did an imported act, and when, as the other system recorded it.
    public struct Origin: Hashable, Sendable {
        /// The other system's name.
        public var system: String
        /// The person, as that system names them.
        public var person: String?
        /// The time, in milliseconds since 1970; nil when it was not known.
        public var time: Int64?

        /// Creates a record of origin.
        public init(system: String, person: String?, time: Int64?) {
            self.system = system
            self.person = person
            self.time = time
        }
    }
}

/// What a held ticket waits for.
public enum HoldReason: String, Sendable, CaseIterable {
    case part, vendor, production, window, information, decision

    /// The reason as it reads after "waiting for".
    public var words: String {
        switch self {
        case .part: "a part"
        case .vendor: "the vendor"
        case .production: "production"
        case .window: "a maintenance window"
        case .information: "information"
        case .decision: "a decision"
        }
    }
}

/// Why a ticket should not have been.
public enum WithdrawalReason: String, Sendable, CaseIterable {
    case duplicate, mistake, test
    case notOurs = "not-ours"
}

extension TicketAct {
    /// What this act should have said and does not, in words; empty for a complete act and for an unknown kind.
    public var missingInputs: [String] { details.missingInputs(for: kind) }
}

extension TicketAct.Details {
    /// What an act of a kind should say and these details do not.
    func missingInputs(for kind: TicketActKind) -> [String] {
        func lacks(_ text: String?) -> Bool { text?.isEmpty ?? true }
        var missing: [String] = []
        switch kind {
        case .report: if lacks(text) { missing.append("what is wrong") }
        case .note, .stillBroken: if lacks(text) { missing.append("a text") }
        case .assign: if lacks(person) { missing.append("the person") }
        case .hold:
            if lacks(reason) { missing.append("the reason") }
            if lacks(need) && until == nil { missing.append("what is needed, or until when") }
        case .unhold: if refersTo == nil { missing.append("which hold") }
        case .raise: if lacks(text) { missing.append("what makes it more severe") }
        case .resolve:
            if lacks(code) { missing.append("the resolution code") }
            if lacks(did) { missing.append("what was done") }
        case .reopen: if lacks(text) { missing.append("what is seen now") }
        case .withdraw:
            if lacks(reason) { missing.append("the reason") }
            if reason == WithdrawalReason.duplicate.rawValue && refersTo == nil {
                missing.append("the ticket it duplicates")
            }
        case .restore: if lacks(text) { missing.append("why") }
        default: break
        }
        return missing
    }
}
