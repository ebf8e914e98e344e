/// What the acts of a ticket amount to: derived by ``TicketFold``, never stored as truth, never sent.
public struct TicketState: Hashable, Sendable {
    /// How far a ticket has come.
    public enum Phase: String, Sendable, CaseIterable {
        /// Told of; nobody has answered.
        case raised
        /// Somebody takes care of it.
        case acknowledged
        /// Work has begun.
        case working
        /// Work waits for something.
        case waiting
        /// Mended, says the one who did it.
        case resolved
        /// Mended, and nobody's doubt was overlooked.
        case closed
        /// It should not have been.
        case withdrawn

        /// Whether somebody still has to do something about it.
        public var isOpen: Bool {
            switch self {
            case .raised, .acknowledged, .working, .waiting: true
            case .resolved, .closed, .withdrawn: false
            }
        }
    }

    /// How far the ticket has come.
    public var phase: Phase
    /// How many times it was reopened; only acts of the last round decide the phase.
    public var round: Int
    /// The holds of this round that nobody ended, in the order of acts.
    public var openHolds: [TicketAct]
    /// What people who acted apart have to talk about; blocks closing by itself.
    public var unsettled: [Unsettlement]
    /// What a reader should know although nothing depends on it.
    public var remarks: [Remark]
    /// The one person or role who answers for the ticket.
    public var responsible: String?
    /// Who helps, in the order in which they came; never the one responsible.
    public var helpers: [String]
    /// The last progress note in plain words.
    public var lastNote: TicketAct?
    /// The resolutions of this round, in the order of acts: several when several people resolved it apart.
    public var resolutions: [TicketAct]

    /// Whether it was resolved and broke again.
    public var isReopened: Bool { round > 0 }
    /// Whether people who acted apart disagree about it.
    public var isUnsettled: Bool { !unsettled.isEmpty }
    /// Whether it may count as closed after the time that the policy sets.
    public var mayCloseByItself: Bool { phase == .resolved && !isUnsettled }
}

extension TicketState {
    /// Something to notice about a ticket that needs no settling.
    public enum Remark: Hashable, Sendable {
        /// An act lacks inputs that it should have.
        case incomplete(TicketAct, missing: [String])
        /// An act of a kind that this version does not know.
        case unknown(TicketAct)
        /// Somebody went on with a ticket that had been withdrawn: perhaps it is to be restored.
        case actedAfterWithdrawal(TicketAct, withdrawal: TicketAct)
        /// Somebody resolved it without knowing that it had been reopened.
        case resolvedWhileReopened(TicketAct, reopening: TicketAct)

        /// The remark as a sentence.
        public var words: String {
            switch self {
            case .incomplete(let act, let missing):
                "\(act.who) did not say \(missing.joined(separator: ", nor ")) (\(act.kind))."
            case .unknown(let act): "\(act.who) did something that this version does not know (\(act.kind))."
            case .actedAfterWithdrawal(let act, let withdrawal):
                "\(act.who) went on (\(act.kind)) after \(withdrawal.who) had withdrawn it. Restore it?"
            case .resolvedWhileReopened(let act, let reopening):
                "\(act.who) resolved it while \(reopening.who) reopened it\(Unsettlement.quoting(reopening.details.text))."
            }
        }
    }
}
