import GembaCausality

/// Who answers for a ticket: exactly one person or role, however many took it while apart.
///
/// A claim or an assignment takes the place of all that its author had seen. Of those that are left, an assignment goes
/// before a claim, then the earliest timestamp, then the least replica; the others help. Somebody who leaves gives up
/// what they had taken as far as the one who wrote that had seen it. Nobody's taking is lost: all of it stays in the
/// history.
struct Responsibility {
    private(set) var responsible: String?
    private(set) var helpers: [String] = []

    init(in history: TicketHistory) {
        let takings = history.acts.compactMap(Taking.init)
        let departures = history.acts.filter { $0.kind == .leave }
        let standing = takings.filter { taking in
            let isGivenUp = departures.contains { departure in
                (departure.details.person ?? departure.person) == taking.person
                    && history.hasSeen(taking.act, departure)
            }
            let isReplaced =
                taking.leads
                && takings.contains { $0.leads && history.hasSeen(taking.act, $0.act) }
            return !isGivenUp && !isReplaced
        }
        let leader = standing.filter(\.leads).min(by: Taking.goesBefore)
        responsible = leader?.person
        for taking in standing where taking.person != responsible && !helpers.contains(taking.person) {
            helpers.append(taking.person)
        }
    }

    /// An act by which somebody takes part in a ticket.
    private struct Taking {
        var act: TicketAct
        var person: String
        /// Whether the person answers for the ticket, rather than helps.
        var leads: Bool
        /// Whether somebody else decided it.
        var isAssigned: Bool

        init?(_ act: TicketAct) {
            let named = act.details.person.flatMap { $0.isEmpty ? nil : $0 }
            switch act.kind {
            case .claim, .help: person = named ?? act.person
            case .assign, .acknowledge:
                guard let named else { return nil }
                person = named
            default: return nil
            }
            self.act = act
            leads = act.kind != .help
            isAssigned = act.kind == .assign || (act.kind == .acknowledge && person != act.person)
        }

        static func goesBefore(_ left: Taking, _ right: Taking) -> Bool {
            if left.isAssigned != right.isAssigned { return left.isAssigned }
            let (first, second) = (left.act.authorship, right.act.authorship)
            if first.timestamp != second.timestamp { return first.timestamp < second.timestamp }
            if first.dots[0].replica != second.dots[0].replica { return first.dots[0].replica < second.dots[0].replica }
            return left.act.id < right.act.id
        }
    }
}
