internal import GembaCausality
internal import GembaWire

extension LogSync {
    /// Changes arrived from the peer.
    mutating func receive(
        _ batch: BatchMessage, at now: Instant, into outbox: inout Outbox
    ) throws(ProtocolViolation) {
        guard isEnabled else { return }
        try receive(incoming.receive(batch, at: now), at: now, into: &outbox)
    }

    /// Changes arrived from the peer, packed.
    mutating func receive(
        _ pack: PackMessage, at now: Instant, into outbox: inout Outbox
    ) throws(ProtocolViolation) {
        guard isEnabled else { return }
        try receive(incoming.receive(pack, at: now), at: now, into: &outbox)
    }

    private mutating func receive(
        _ receipt: IncomingStream.Receipt, at now: Instant, into outbox: inout Outbox
    ) throws(ProtocolViolation) {
        switch receipt {
        case .queued(let tips):
            notePeerStreams()
            // The peer holds what it sends.
            notePeerHolds(try outgoing.notePeerHolds(tips), into: &outbox)
        case .duplicate:
            outbox.send(.ack(incoming.acknowledgement(at: now)))
        case .gap:
            openRound(at: now)
        case .stale:
            break
        }
    }

    /// The peer acknowledged what was sent to it.
    mutating func receive(
        _ ack: AckMessage, at now: Instant, into outbox: inout Outbox
    ) throws(ProtocolViolation) {
        guard ack.round == round, phase == .streaming else { return }
        comparison?.isConfirmed = true
        let before = outgoing.acknowledged
        let news = try outgoing.receive(ack, at: now)
        if outgoing.acknowledged > before { schedule.noteAcknowledged() }
        notePeerHolds(news, into: &outbox)
    }

    /// A pulse told how far the peer's stream has come.
    mutating func receivePulse(
        _ position: PulseMessage.StreamPosition, at now: Instant, into outbox: inout Outbox
    ) {
        guard isEnabled, position.round == round, phase == .comparing || phase == .streaming else { return }
        notePeerStreams()
        switch incoming.receivePulse(sent: position.sent, at: now) {
        case .nothing: break
        case .acknowledge: outbox.send(.ack(incoming.acknowledgement(at: now)))
        case .tailLost: openRound(at: now)
        }
    }

    /// The peer streams in this round, so that its comparison is complete.
    private mutating func notePeerStreams() {
        comparison?.isConfirmed = true
        comparison?.isPeerComplete = true
    }

    /// Takes in what became of the runs that were last given to the store.
    mutating func receive(
        _ outcome: ApplyOutcome, at now: Instant, into outbox: inout Outbox
    ) throws(ProtocolViolation) {
        switch outcome {
        case .advanced(let references):
            try finishApply(references, lacking: nil, at: now, into: &outbox)
        case .incomplete(let references, let lack):
            try finishApply(references, lacking: lack, at: now, into: &outbox)
        case .unavailable:
            incoming.hold(until: now.advanced(by: limits.storeRetry))
        case .invalid(let text):
            throw ProtocolViolation(.invalidChange, text)
        }
    }

    /// Acknowledges the runs last given to the store. What was left out is acknowledged, too: its place in the window is
    /// free, and the next round asks for it again.
    private mutating func finishApply(
        _ references: [ChangeReference], lacking lack: ApplyOutcome.Lack?, at now: Instant, into outbox: inout Outbox
    ) throws(ProtocolViolation) {
        let (runs, acknowledges) = incoming.finishApply(advanced: references)
        if acknowledges { outbox.send(.ack(incoming.acknowledgement(at: now))) }
        if !references.isEmpty { schedule.noteArrival() }
        // Whoever sent a branch holds it, under whatever name it came.
        if acknowledges { try outgoing.notePeerHolds(references.map(\.dot)) }
        var held = references.map(\.dot)
        let delivered = runs.map { Dot($0.replica, $0.last) }
        if let lack {
            // Runs of an earlier round are in the comparison that is about to begin anyway.
            if acknowledges { leftOut.note(lack, at: now) }
        } else {
            held += delivered
        }
        noteHeld(held, at: now, into: &outbox)
        noteDelivered(delivered)
        noteOwn(references)
    }

    /// The roster has grown: changes that were left out for want of it are asked for again.
    mutating func noteRosterNews(at now: Instant) {
        if phase == .streaming, leftOut.waitsForRoster { openRound(at: now) }
    }
}
