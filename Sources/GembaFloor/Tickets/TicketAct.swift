public import GembaCausality

/// One thing that a person did in the life of a ticket: an immutable fact.
///
/// Nothing about a ticket's state is ever written. Its state is what ``TicketFold`` makes of its acts, and every replica
/// that holds the same acts makes the same of them.
public struct TicketAct: Hashable, Sendable, Identifiable {
    /// The identity of the fact's row.
    public var id: RowID
    /// What was done.
    public var kind: TicketActKind
    /// What was said with it.
    public var details: Details
    /// Who did it, and where it stands among all changes.
    public var authorship: Authorship

    /// Creates an act.
    public init(id: RowID, kind: TicketActKind, details: Details = Details(), authorship: Authorship) {
        self.id = id
        self.kind = kind
        self.details = details
        self.authorship = authorship
    }

    /// The change or changes that carry an act.
    ///
    /// An act made at a station is in one change. One that several stations imported from the same file is in a change
    /// of each of them, and counts as seen by whoever had seen any. Lamport number, time, actor and the rest are those of
    /// the change that stands first in the order of lists, so that an act stands before whatever was done knowing it.
    public struct Authorship: Hashable, Sendable {
        /// The changes that hold the act; never empty, sorted.
        public var dots: [Dot]
        /// The change's lamport number.
        public var lamport: UInt64
        /// The change's time.
        public var timestamp: HybridTimestamp
        /// The person who made the change, as the station claims; may be empty.
        public var actor: String
        /// The name of the station that made the change.
        public var station: String
        /// Why, in the actor's words; may be empty.
        public var reason: String

        /// Creates an authorship; `dots` must not be empty.
        public init(
            dots: [Dot], lamport: UInt64, timestamp: HybridTimestamp, actor: String, station: String = "",
            reason: String = ""
        ) {
            precondition(!dots.isEmpty, "an act is held in at least one change")
            self.dots = dots.sorted()
            self.lamport = lamport
            self.timestamp = timestamp
            self.actor = actor
            self.station = station
            self.reason = reason
        }
    }

    /// The person who acted: as another system recorded it for an imported act, else the change's actor.
    public var person: String { details.origin?.person ?? authorship.actor }

    /// The person, or where nobody is named the station, for sentences that are shown.
    public var who: String {
        if !person.isEmpty { return person }
        return authorship.station.isEmpty ? "Somebody" : "Somebody at \(authorship.station)"
    }

    /// When it happened, for people, in milliseconds since 1970; it never orders or merges anything.
    ///
    /// An imported act has the time that the other system recorded, any other that of its change.
    public var shownTime: UInt64 {
        details.origin?.time.flatMap { UInt64(exactly: $0) } ?? authorship.timestamp.milliseconds
    }

    /// Whether two acts are the same person's, however many stations that person went to.
    func isBySamePerson(as other: TicketAct) -> Bool {
        if person.isEmpty || other.person.isEmpty {
            return person == other.person && authorship.dots[0].replica == other.authorship.dots[0].replica
        }
        return person == other.person
    }
}

extension TicketAct {
    /// The order in which acts are listed: by (lamport, timestamp, replica), then by place within the change.
    ///
    /// An act never comes before one that its author had seen.
    public static func isListedBefore(_ left: TicketAct, _ right: TicketAct) -> Bool {
        let (first, second) = (left.authorship, right.authorship)
        if first.lamport != second.lamport { return first.lamport < second.lamport }
        if first.timestamp != second.timestamp { return first.timestamp < second.timestamp }
        if first.dots[0].replica != second.dots[0].replica { return first.dots[0].replica < second.dots[0].replica }
        if left.details.step != right.details.step { return left.details.step < right.details.step }
        return left.id < right.id
    }
}
