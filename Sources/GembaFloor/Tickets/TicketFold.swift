public import GembaCausality

/// Derives a ticket's state from its acts: a pure function, the same on every replica, in whatever order the acts came.
///
/// What decides is who had seen what, never a clock. Two people who act apart never undo each other: where their acts
/// disagree, the ticket stays the more open of the two and is *unsettled* until somebody who knows of both acts.
///
/// 1. It is *withdrawn* while a withdrawal stands that no later restore ended and that no substantive act of another
///    person is concurrent with. A withdrawal that is lapses: the ticket stays open, unsettled.
/// 2. Only acts of the last *round* decide the phase. A reopening begins the round after the highest it had seen; any
///    other act belongs to the highest round it had seen. Holds of earlier rounds lapse.
/// 3. With a resolution in the round, it is *closed* if it is confirmed and every doubt (a hold, a raise, a "still
///    broken") was seen by somebody who confirmed; otherwise *resolved*, and unsettled if there is a doubt that nobody
///    who confirmed, or without a confirmation nobody who resolved, had seen.
/// 4. Else *waiting* while a hold is open, *working* once somebody started, *acknowledged* once somebody acknowledged
///    or claimed it, and *raised* before: being given a ticket is not yet knowing of it.
///
/// A doubt of an earlier round counts in 3 as well. Whoever confirms in a round has seen its reopening and with it all
/// that the reopening's author knew; a doubt that is left was made apart from the reopening, and a ticket that closed
/// over it would hide it.
///
/// Complexity: O(n²) questions to the causal predicate for n acts of one ticket, at worst.
public enum TicketFold {
    /// The state that `acts`, in any order, amount to.
    ///
    /// - Parameter hasSeen: whether the author of the second change held the first one when making it: a strict partial
    ///   order. It is not asked about one change and itself; within a change the acts' steps decide.
    public static func state(
        of acts: some Sequence<TicketAct>, hasSeen: (_ earlier: Dot, _ later: Dot) -> Bool
    ) -> TicketState {
        withoutActuallyEscaping(hasSeen) { hasSeen in
            let history = TicketHistory(acts, hasSeen: hasSeen)
            let withdrawals = Withdrawals(in: history)
            let holds = openHolds(in: history)
            let (phase, overlooked) = progress(in: history, openHolds: holds)
            let responsibility = Responsibility(in: history)
            return TicketState(
                phase: withdrawals.standing.isEmpty ? phase : .withdrawn,
                round: history.lastRound,
                openHolds: holds,
                unsettled: withdrawals.standing.isEmpty
                    ? withdrawals.lapsed + overlooked + confirmationsWhileReopened(in: history) : [],
                remarks: remarks(in: history, standing: withdrawals.standing),
                responsible: responsibility.responsible,
                helpers: responsibility.helpers,
                lastNote: history.acts.last { $0.kind == .note },
                resolutions: history.current(.resolve))
        }
    }

    /// Rules 3 and 4: the phase but for a withdrawal, and the doubts that were overlooked.
    private static func progress(
        in history: TicketHistory, openHolds: [TicketAct]
    ) -> (TicketState.Phase, [Unsettlement]) {
        let resolutions = history.current(.resolve)
        guard resolutions.isEmpty else {
            let confirmations = history.current(.confirm)
            let deciders = confirmations.isEmpty ? resolutions : confirmations
            let overlooked = history.acts.filter { doubt in
                doubt.kind.isDoubt && !deciders.contains { history.hasSeen(doubt, $0) }
            }
            return (
                !confirmations.isEmpty && overlooked.isEmpty ? .closed : .resolved,
                overlooked.map { .overlookedDoubt($0, by: deciders) }
            )
        }
        if !openHolds.isEmpty { return (.waiting, []) }
        if history.hasCurrent(.start) { return (.working, []) }
        let isTaken = history.hasCurrent(.acknowledge) || history.hasCurrent(.claim)
        return (isTaken ? .acknowledged : .raised, [])
    }

    /// The holds of the last round that no end of a hold names; one that names none ends all that its author had seen.
    private static func openHolds(in history: TicketHistory) -> [TicketAct] {
        let ends = history.acts.filter { $0.kind == .unhold }
        return history.current(.hold).filter { hold in
            !ends.contains { end in
                end.details.refersTo.map { $0 == hold.id } ?? history.hasSeen(hold, end)
            }
        }
    }

    /// Confirmations of earlier rounds that nobody in the last round knew of when going on.
    private static func confirmationsWhileReopened(in history: TicketHistory) -> [Unsettlement] {
        let going = history.currentActs.filter(\.kind.isSubstantive)
        let reopenings = history.current(.reopen)
        return history.acts.compactMap { confirmation in
            guard confirmation.kind == .confirm, history.round(of: confirmation) < history.lastRound,
                !going.contains(where: { history.hasSeen(confirmation, $0) })
            else { return nil }
            return .confirmedWhileReopened(confirmation, reopenings: reopenings)
        }
    }

    private static func remarks(in history: TicketHistory, standing: [TicketAct]) -> [TicketState.Remark] {
        let reopenings = history.acts.filter { $0.kind == .reopen }
        return history.acts.flatMap { act in
            var remarks: [TicketState.Remark] = []
            if !act.kind.isKnown { remarks.append(.unknown(act)) }
            let missing = act.missingInputs
            if !missing.isEmpty { remarks.append(.incomplete(act, missing: missing)) }
            if act.kind.isSubstantive, let withdrawal = standing.first(where: { history.hasSeen($0, act) }) {
                remarks.append(.actedAfterWithdrawal(act, withdrawal: withdrawal))
            }
            if act.kind == .resolve, let reopening = reopenings.first(where: { history.areConcurrent($0, act) }) {
                remarks.append(.resolvedWhileReopened(act, reopening: reopening))
            }
            return remarks
        }
    }
}

/// Rule 1: the withdrawals that no restore ended, parted into those that stand and those that lapsed.
private struct Withdrawals {
    var standing: [TicketAct] = []
    var lapsed: [Unsettlement] = []

    init(in history: TicketHistory) {
        let restores = history.acts.filter { $0.kind == .restore }
        let confirmations = history.current(.confirm)
        for withdrawal in history.acts where withdrawal.kind == .withdraw {
            guard !restores.contains(where: { history.hasSeen(withdrawal, $0) }) else { continue }
            let objections = history.acts.filter { act in
                act.kind.isSubstantive && !act.isBySamePerson(as: withdrawal)
                    && history.areConcurrent(act, withdrawal)
            }
            if objections.isEmpty {
                standing.append(withdrawal)
            } else if !confirmations.contains(where: { history.hasSeen(withdrawal, $0) }) {
                lapsed.append(.lapsedWithdrawal(withdrawal, because: objections))
            }
        }
    }
}
