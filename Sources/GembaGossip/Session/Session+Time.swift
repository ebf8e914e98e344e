internal import GembaWire

extension Session {
    mutating func tick(at moment: Moment, into outbox: inout Outbox) throws(ProtocolViolation) {
        let now = moment.instant
        guard lastHeard.duration(to: now) < configuration.limits.silence else {
            finish(SessionEnd(code: nil, text: "the peer fell silent", byPeer: false), into: &outbox)
            return
        }
        try lobby?.check(at: now)
        guard greeting.peer != nil else {
            sendHello(at: moment, into: &outbox)
            return
        }
        roster.tick(at: now, into: &outbox)
        data.tick(at: now, into: &outbox)
        offering.tick(at: now, into: &outbox)
        intake.tick(at: now, into: &outbox)
        backfill.tick(at: now, into: &outbox)
        comparison.tick(at: now, into: &outbox)
        if linkIsWritable { data.announce(at: now, into: &outbox) }
        if isPulseDue(at: now, afterFrames: outbox.hasFrames) { sendPulse(at: moment, into: &outbox) }
    }

    private func isPulseDue(at now: Instant, afterFrames: Bool) -> Bool {
        let limits = configuration.limits
        if lastPulse.duration(to: now) >= limits.busyPulse { return true }
        let isUnacknowledged = roster.outgoing.isUnacknowledged || data.outgoing.isUnacknowledged
        let interval = isUnacknowledged ? limits.probe : limits.idlePulse
        return !afterFrames && lastSent.duration(to: now) >= interval
    }

    private mutating func sendPulse(at moment: Moment, into outbox: inout Outbox) {
        lastPulse = moment.instant
        clock.noteSent(at: moment)
        outbox.send(
            .pulse(
                PulseMessage(
                    wallClock: moment.wallClock, echo: clock.echo, roster: roster.outgoing.position,
                    data: data.outgoing.position)))
    }

    mutating func receive(_ pulse: PulseMessage, at moment: Moment, into outbox: inout Outbox) {
        if let offset = clock.receive(wallClock: pulse.wallClock, echo: pulse.echo, at: moment) {
            outbox.add(.clockOffset(offset))
        }
        roster.receivePulse(pulse.roster, at: moment.instant, into: &outbox)
        if configuration.standing == .members {
            data.receivePulse(pulse.data, at: moment.instant, into: &outbox)
        }
        if lastPrompt.map({ $0.duration(to: moment.instant) >= configuration.limits.promptEcho }) ?? true {
            lastPrompt = moment.instant
            sendPulse(at: moment, into: &outbox)
        }
    }
}
