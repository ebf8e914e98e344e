/// One thing that people who acted apart have to settle: what was done without knowledge of what.
///
/// It is a state of the ticket with words for people, not an error. It ends when somebody who knows of both sides acts.
public enum Unsettlement: Hashable, Sendable {
    /// The ticket was withdrawn while others took it seriously, so the withdrawal does not count.
    ///
    /// Ends with a restore, or with a confirmation by somebody who knew of the withdrawal, or with a withdrawal by
    /// somebody who knows what the others did.
    case lapsedWithdrawal(TicketAct, because: [TicketAct])
    /// A hold, a raise or a "still broken" that nobody who confirmed (or, without a confirmation, nobody who resolved)
    /// knew of.
    case overlookedDoubt(TicketAct, by: [TicketAct])
    /// It was confirmed as mended by somebody who did not know that it had been reopened.
    ///
    /// Ends when somebody who knows of both goes on with the ticket.
    case confirmedWhileReopened(TicketAct, reopenings: [TicketAct])

    /// What happened, and the question it raises.
    public var words: String {
        switch self {
        case .lapsedWithdrawal(let withdrawal, let acts):
            "\(withdrawal.who) withdrew this\(Self.reason(of: withdrawal)) while "
                + "\(Self.list(acts.map { "\($0.who) \(Self.verb($0))" })). Withdraw it all the same?"
        case .overlookedDoubt(let doubt, let acts):
            "\(Self.doubt(doubt)) when this was \(Self.verb(acts)). Really done?"
        case .confirmedWhileReopened(let confirmation, let reopenings):
            "\(confirmation.who) confirmed that it works while "
                + "\(Self.list(reopenings.map { "\($0.who) reopened it\(Self.quoting($0.details.text))" })). "
                + "Which is it?"
        }
    }

    /// `text` in quotation marks after a colon, or nothing.
    static func quoting(_ text: String?) -> String {
        guard let text, !text.isEmpty else { return "" }
        return ": “\(text)”"
    }

    private static func doubt(_ act: TicketAct) -> String {
        switch act.kind {
        case .hold:
            "\(act.who) was still waiting for \(waitedFor(act))"
        case .raise:
            "\(act.who) had raised its level\(quoting(act.details.text)), not known"
        default:
            "\(act.who) had said it was still broken\(quoting(act.details.text)), not known"
        }
    }

    private static func waitedFor(_ act: TicketAct) -> String {
        guard let reason = act.details.reason, !reason.isEmpty else { return "something" }
        return HoldReason(rawValue: reason)?.words ?? reason
    }

    private static func reason(of withdrawal: TicketAct) -> String {
        guard let reason = withdrawal.details.reason, !reason.isEmpty else { return "" }
        return " (\(reason))"
    }

    private static func verb(_ acts: [TicketAct]) -> String {
        let confirmed = acts.contains { $0.kind == .confirm }
        return "\(confirmed ? "confirmed" : "resolved") by \(list(acts.map(\.who)))"
    }

    private static func verb(_ act: TicketAct) -> String {
        switch act.kind {
        case .acknowledge: "acknowledged it"
        case .claim: "took it"
        case .assign: "gave it to \(act.details.person ?? "somebody")"
        case .help: "came to help"
        case .start: "began to work"
        case .hold: "put it on hold, waiting for \(waitedFor(act))"
        case .unhold: "ended a hold"
        case .resolve: "resolved it"
        case .confirm: "confirmed that it works"
        case .reopen: "reopened it"
        case .raise: "raised its level"
        default: "said it was still broken"
        }
    }

    /// The phrases, without repetitions, as one enumeration.
    private static func list(_ phrases: [String]) -> String {
        var unique: [String] = []
        for phrase in phrases where !unique.contains(phrase) { unique.append(phrase) }
        guard let last = unique.popLast() else { return "nobody" }
        return unique.isEmpty ? last : unique.joined(separator: ", ") + " and " + last
    }
}
