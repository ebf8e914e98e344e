public import GembaCausality

/// What people do with a ticket that is there. Every call makes one change and returns the act.
///
/// `seen` is what the person had been shown: see ``TicketVersion``. `reason` is why, and may be empty where the act does
/// not ask for one.
extension Tickets {
    /// Says that somebody takes care of it.
    ///
    /// - Parameters:
    ///   - responsible: who answers for it; nil for the actor, unless somebody does already.
    ///   - nextUpdate: when people will hear more, in milliseconds since 1970.
    @discardableResult
    public func acknowledge(
        _ ticket: RowID, responsible: String? = nil, nextUpdate: Int64? = nil, by actor: String,
        because reason: String = "", basedOn seen: TicketVersion? = nil
    ) throws -> RowID {
        try add(.acknowledge, to: ticket, by: actor, because: reason, basedOn: seen) { state, details in
            try Self.requireUnfinished(state, to: .acknowledge)
            details.person = responsible ?? (state.responsible == nil ? actor : nil)
            details.until = nextUpdate
        }
    }

    /// Says that work begins.
    @discardableResult
    public func start(
        _ ticket: RowID, by actor: String, because reason: String = "", basedOn seen: TicketVersion? = nil
    ) throws -> RowID {
        try add(.start, to: ticket, by: actor, because: reason, basedOn: seen) { state, _ in
            try Self.requireUnfinished(state, to: .start)
        }
    }

    /// Tells how it goes.
    ///
    /// - Parameters:
    ///   - text: in words that anybody at the plant understands.
    ///   - technical: what only specialists need.
    @discardableResult
    public func note(
        _ ticket: RowID, _ text: String, technical: String? = nil, nextUpdate: Int64? = nil, by actor: String,
        because reason: String = "", basedOn seen: TicketVersion? = nil
    ) throws -> RowID {
        try add(.note, to: ticket, by: actor, because: reason, basedOn: seen) { _, details in
            (details.text, details.technical, details.until) = (text, technical, nextUpdate)
        }
    }

    /// Takes the ticket on; whoever had it is told.
    @discardableResult
    public func claim(
        _ ticket: RowID, by actor: String, because reason: String = "", basedOn seen: TicketVersion? = nil
    ) throws -> RowID {
        try add(.claim, to: ticket, by: actor, because: reason, basedOn: seen) { _, details in
            details.person = actor
        }
    }

    /// Gives the ticket to a person or a role.
    @discardableResult
    public func assign(
        _ ticket: RowID, to person: String, by actor: String, because reason: String = "",
        basedOn seen: TicketVersion? = nil
    ) throws -> RowID {
        try add(.assign, to: ticket, by: actor, because: reason, basedOn: seen) { _, details in
            details.person = person
        }
    }

    /// Helps whoever is responsible.
    @discardableResult
    public func help(
        _ ticket: RowID, by actor: String, because reason: String = "", basedOn seen: TicketVersion? = nil
    ) throws -> RowID {
        try add(.help, to: ticket, by: actor, because: reason, basedOn: seen) { _, details in details.person = actor }
    }

    /// Stops being responsible, or helping.
    @discardableResult
    public func leave(
        _ ticket: RowID, by actor: String, because reason: String = "", basedOn seen: TicketVersion? = nil
    ) throws -> RowID {
        try add(.leave, to: ticket, by: actor, because: reason, basedOn: seen) { state, details in
            guard state.responsible == actor || state.helpers.contains(actor) else {
                throw FloorError(.notPossible, "\(actor) neither answers for the ticket nor helps with it.")
            }
            details.person = actor
        }
    }

    /// Says that work waits.
    ///
    /// - Parameters:
    ///   - need: what is needed, and from whom; this or `until` is required.
    ///   - until: until when, in milliseconds since 1970.
    /// - Returns: the act, which is also the hold's name.
    @discardableResult
    public func hold(
        _ ticket: RowID, for reason: HoldReason, need: String? = nil, until: Int64? = nil, by actor: String,
        because why: String = "", basedOn seen: TicketVersion? = nil
    ) throws -> RowID {
        try add(.hold, to: ticket, by: actor, because: why, basedOn: seen) { state, details in
            try Self.requireUnfinished(state, to: .hold)
            (details.reason, details.need, details.until) = (reason.rawValue, need, until)
        }
    }

    /// Ends a hold.
    ///
    /// - Parameter hold: which one; nil when only one is open.
    @discardableResult
    public func unhold(
        _ ticket: RowID, _ hold: RowID? = nil, by actor: String, because reason: String = "",
        basedOn seen: TicketVersion? = nil
    ) throws -> RowID {
        try add(.unhold, to: ticket, by: actor, because: reason, basedOn: seen) { state, details in
            if let hold, !state.openHolds.contains(where: { $0.id == hold }) {
                throw FloorError(.notFound, "The ticket has no open hold \(hold).")
            }
            guard let named = hold ?? (state.openHolds.count == 1 ? state.openHolds[0].id : nil) else {
                let holds = state.openHolds.map { "\($0.id) (\($0.details.reason ?? "no reason"))" }
                throw state.openHolds.isEmpty
                    ? FloorError(.notPossible, "The ticket is not on hold.")
                    : FloorError(.ambiguous, "Say which hold ends: \(holds.joined(separator: ", ")).")
            }
            details.refersTo = named
        }
    }

    /// Says that it is more severe than was known.
    @discardableResult
    public func raise(
        _ ticket: RowID, _ text: String, level: String? = nil, by actor: String, because reason: String = "",
        basedOn seen: TicketVersion? = nil
    ) throws -> RowID {
        try add(.raise, to: ticket, by: actor, because: reason, basedOn: seen) { _, details in
            (details.text, details.level) = (text, level)
        }
    }

    /// Says that it works again.
    ///
    /// - Parameters:
    ///   - code: the resolution code.
    ///   - did: what was done, in plain words.
    @discardableResult
    public func resolve(
        _ ticket: RowID, code: String, did: String, technical: String? = nil, by actor: String,
        because reason: String = "", basedOn seen: TicketVersion? = nil
    ) throws -> RowID {
        try add(.resolve, to: ticket, by: actor, because: reason, basedOn: seen) { state, details in
            try Self.requireUnfinished(state, to: .resolve)
            (details.code, details.did, details.technical) = (code, did, technical)
        }
    }

    /// Says, for those who reported it, that it works again.
    @discardableResult
    public func confirm(
        _ ticket: RowID, by actor: String, because reason: String = "", basedOn seen: TicketVersion? = nil
    ) throws -> RowID {
        try add(.confirm, to: ticket, by: actor, because: reason, basedOn: seen) { state, _ in
            guard state.phase == .resolved || (state.phase == .closed && state.isUnsettled) else {
                throw state.phase == .closed
                    ? FloorError(.notPossible, "The ticket is closed already.")
                    : FloorError(.notPossible, "The ticket is not resolved, so there is nothing to confirm.")
            }
        }
    }

    /// Says that it is broken again; to a ticket that is not resolved it is the news that it is still broken.
    ///
    /// - Parameter text: what is seen now.
    @discardableResult
    public func reopen(
        _ ticket: RowID, _ text: String, by actor: String, because reason: String = "",
        basedOn seen: TicketVersion? = nil
    ) throws -> RowID {
        func isOver(_ state: TicketState) -> Bool { state.phase == .resolved || state.phase == .closed }
        let kind = { (state: TicketState) -> TicketActKind in isOver(state) ? .reopen : .stillBroken }
        return try add(kind, to: ticket, by: actor, because: reason, basedOn: seen) { state, details in
            details.text = text
            if isOver(state) { details.round = Int64(state.round + 1) }
        }
    }

    /// Takes the ticket back.
    ///
    /// - Parameter duplicate: the ticket that it duplicates, where that is the reason.
    @discardableResult
    public func withdraw(
        _ ticket: RowID, as reason: WithdrawalReason, of duplicate: RowID? = nil, text: String? = nil, by actor: String,
        because why: String = "", basedOn seen: TicketVersion? = nil
    ) throws -> RowID {
        try add(.withdraw, to: ticket, by: actor, because: why, basedOn: seen) { _, details in
            guard duplicate != ticket else { throw FloorError(.notPossible, "A ticket is no duplicate of itself.") }
            (details.reason, details.refersTo, details.text) = (reason.rawValue, duplicate, text)
        }
    }

    /// Ends a withdrawal.
    ///
    /// - Parameter text: why the ticket is real.
    @discardableResult
    public func restore(
        _ ticket: RowID, _ text: String, by actor: String, because reason: String = "",
        basedOn seen: TicketVersion? = nil
    ) throws -> RowID {
        try add(.restore, to: ticket, by: actor, because: reason, basedOn: seen) { state, details in
            let hasLapsed = state.unsettled.contains { if case .lapsedWithdrawal = $0 { true } else { false } }
            guard state.phase == .withdrawn || hasLapsed else {
                throw FloorError(.notPossible, "The ticket is not withdrawn.")
            }
            details.text = text
        }
    }

    private static func requireUnfinished(_ state: TicketState, to kind: TicketActKind) throws(FloorError) {
        guard state.phase != .resolved && state.phase != .closed else {
            throw FloorError(
                .notPossible,
                "The ticket is \(state.phase.rawValue); to \(kind) it, reopen it first and say what is seen now.")
        }
    }
}
