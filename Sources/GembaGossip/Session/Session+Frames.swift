internal import GembaWire

extension Session {
    mutating func receive(
        _ frame: Frame, at moment: Moment, into outbox: inout Outbox
    ) throws(ProtocolViolation) {
        if case .hello(let hello) = frame.message {
            try receive(hello, session: frame.session, at: moment, into: &outbox)
            return
        }
        // Frames of an earlier run of the peer, or before its hello, mean nothing.
        guard greeting.peerSession == frame.session else {
            framesOfOtherRuns += 1
            return
        }
        lastHeard = moment.instant
        if case .bye(let bye) = frame.message {
            finish(SessionEnd(code: bye.code, text: String(bye.text.prefix(200)), byPeer: true), into: &outbox)
            return
        }
        greeting.isConfirmed = true
        guard try pace.admits(frame.message, at: moment.instant) else { return }
        try receive(frame.message, at: moment, into: &outbox)
    }

    private mutating func receive(
        _ message: Message, at moment: Moment, into outbox: inout Outbox
    ) throws(ProtocolViolation) {
        let now = moment.instant
        switch message {
        case .root(let root):
            try dispatch(root.kind) { (sync) throws(ProtocolViolation) in try sync.receive(root, at: now, into: &outbox)
            }
        case .vector(let vector):
            try dispatch(vector.kind) { (sync) throws(ProtocolViolation) in
                try sync.receive(vector, at: now, into: &outbox)
            }
        case .batch(let batch):
            try dispatch(batch.kind) { (sync) throws(ProtocolViolation) in
                try sync.receive(batch, at: now, into: &outbox)
            }
        case .pack(let pack):
            try dispatch(.data) { (sync) throws(ProtocolViolation) in try sync.receive(pack, at: now, into: &outbox) }
        case .ack(let ack):
            try dispatch(ack.kind) { (sync) throws(ProtocolViolation) in try sync.receive(ack, at: now, into: &outbox) }
        case .pulse(let pulse):
            receive(pulse, at: moment, into: &outbox)
        case .offer, .answer, .fetch, .chunk:
            try receiveCheckpoint(message, at: now, into: &outbox)
        case .backfill, .bodies:
            try receiveBackfill(message, at: now, into: &outbox)
        case .compare, .statement:
            try receiveAgreement(message, at: now, into: &outbox)
        case .announce, .tree:
            try receiveDissemination(message, into: &outbox)
        case .trace(let trace):
            try dispatch(trace.kind) { (sync) throws(ProtocolViolation) in sync.receive(trace, into: &outbox) }
        case .hello, .bye:
            break
        }
    }

    /// Hands a message to the logs that it is about. In the lobby those are the roster's: the peer may be ahead of us in
    /// leaving it, and repeats what we drop.
    private mutating func dispatch(
        _ kind: LogKind, _ body: (inout LogSync) throws(ProtocolViolation) -> Void
    ) throws(ProtocolViolation) {
        guard kind == .roster || configuration.standing == .members else { return }
        try withSync(kind, body)
    }

    private mutating func receive(
        _ hello: Hello, session: SessionID, at moment: Moment, into outbox: inout Outbox
    ) throws(ProtocolViolation) {
        switch try greeting.receive(hello, session: session) {
        case .stale:
            framesOfOtherRuns += 1
        case .repeated:
            lastHeard = moment.instant
            if !greeting.isConfirmed { sendHello(at: moment, into: &outbox) }
        case .new(let restart):
            lastHeard = moment.instant
            if restart {
                roster.restart()
                data.restart()
                offering = CheckpointOffering(limits: configuration.limits)
                intake = CheckpointIntake(limits: configuration.limits)
                backfill.restart(into: &outbox)
                serving = BackfillServing(limits: configuration.limits)
                comparison.restart(into: &outbox)
                answering = RowAnswering(limits: configuration.limits)
                clock.restart()
                sendHello(at: moment, evenIfRecent: true, into: &outbox)
            }
            _ = clock.receive(wallClock: hello.wallClock, echo: nil, at: moment)
            roster.initiates = greeting.initiatesWalks
            data.initiates = greeting.initiatesWalks
            data.outgoing.packs = hello.knowsPacks
            data.isAnnouncing = hello.knowsDissemination
            roster.disputes.areSettled = hello.knowsBranches
            data.disputes.areSettled = hello.knowsBranches
            outbox.add(.greeted(hello))
            if !hello.held.isEmpty { outbox.add(.evidence(hello.held)) }
            roster.enable(at: moment.instant)
        }
    }

    mutating func sendHello(at moment: Moment, evenIfRecent: Bool = false, into outbox: inout Outbox) {
        guard let hello = greeting.hello(at: moment, evenIfRecent: evenIfRecent) else { return }
        clock.noteSent(at: moment)
        outbox.send(.hello(hello))
    }
}
