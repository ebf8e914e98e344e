internal import GembaWire

extension Session {
    /// Runs one input, then whatever became possible, and turns a violation into the end of the session.
    mutating func perform(
        at moment: Moment, _ body: (inout Session, inout Outbox) throws(ProtocolViolation) -> Void
    ) -> [SessionAction] {
        guard end == nil else { return [] }
        var outbox = Outbox(session: configuration.session)
        do throws(ProtocolViolation) {
            try body(&self, &outbox)
            if end == nil { advance(at: moment.instant, into: &outbox) }
        } catch {
            outbox.send(.bye(ByeMessage(code: error.code, text: error.text)))
            finish(SessionEnd(code: error.code, text: error.text, byPeer: false), into: &outbox)
        }
        if outbox.hasFrames { lastSent = moment.instant }
        return outbox.actions
    }

    mutating func finish(_ end: SessionEnd, into outbox: inout Outbox) {
        self.end = end
        outbox.add(.close(end))
    }

    /// Takes in what became of an ``SessionAction/apply(_:_:)``.
    mutating func receive(
        _ outcome: ApplyOutcome, of kind: LogKind, at now: Instant, into outbox: inout Outbox
    ) throws(ProtocolViolation) {
        if applying == kind { applying = nil }
        try withSync(kind) { (sync) throws(ProtocolViolation) in
            try sync.receive(outcome, at: now, into: &outbox)
        }
        switch (kind, outcome) {
        case (.roster, .advanced(let tips)), (.roster, .incomplete(let tips, _)):
            if !tips.isEmpty { data.noteRosterNews(at: now) }
        case (.data, .incomplete(_, .roster)):
            // What explains an author was sent to the peer before the author's changes were, so it can be had there.
            if roster.phase == .streaming { roster.openRound(at: now) }
        default:
            break
        }
    }

    /// Starts what is due: roster before data in everything.
    private mutating func advance(at now: Instant, into outbox: inout Outbox) {
        let isMember = configuration.standing == .members
        if isMember, greeting.peer != nil, !data.isEnabled, roster.hasSettled || roster.isOverdue(at: now) {
            data.enable(at: now)
        }
        roster.advance(
            at: now, audience: configuration.standing == .strangerPeer ? .stranger : .member,
            linkIsWritable: linkIsWritable, into: &outbox)
        if isMember {
            considerOffer(at: now, into: &outbox)
            data.advance(at: now, audience: .member, linkIsWritable: linkIsWritable, into: &outbox)
        }
        apply(at: now, into: &outbox)
        if isMember {
            advanceBackfill(at: now, into: &outbox)
            advanceAgreement(at: now, into: &outbox)
        }
    }

    /// Gives the store what is next, if it is free.
    private mutating func apply(at now: Instant, into outbox: inout Outbox) {
        guard applying == nil else { return }
        if let runs = roster.incoming.takeNext(at: now) {
            applying = .roster
            outbox.add(.apply(.roster, runs))
        } else if let runs = data.incoming.takeNext(at: now) {
            applying = .data
            outbox.add(.apply(.data, runs))
        }
    }

    mutating func withSync<Result, Failure: Error>(
        _ kind: LogKind, _ body: (inout LogSync) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        switch kind {
        case .roster: try body(&roster)
        case .data: try body(&data)
        }
    }
}
