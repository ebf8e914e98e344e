public import GembaCausality
public import GembaWire

/// The logs of which the two ends hold different histories, in one round.
///
/// Nothing of such a log is sent until the peer has told what it holds. It is asked again until it answers, as any message may
/// be lost; but one that holds nothing of a log has nothing to say about it.
struct Disputes: Sendable {
    /// Whether the peer holds several branches of one log; with any other, disputes stay open.
    var areSettled = false
    private var logs: Set<ReplicaID> = []
    /// How often each log was opened in this round since something new was learned of it.
    private var openings: [ReplicaID: Int] = [:]
    /// What both ends held of a log when it was settled last.
    private var latest: [ReplicaID: PlacedTrace] = [:]
    private var repetition: Instant?
    /// Questions since the last answer.
    private var unanswered = 0
    private var interval: Patience

    /// Logs that one question is about: their traces fit a message.
    private static let greatestQuestion = 16
    /// Questions that are asked before the peer is believed to hold nothing of the logs.
    private static let greatestPersistence = 10
    /// Halves of which one leaves the log before a floor cannot be joined, however often both ends tell what they hold.
    private static let greatestOpenings = 4

    init(limits: SessionLimits) { interval = Patience(from: limits.repetition, to: limits.greatestPatience) }

    mutating func open(_ found: Set<ReplicaID>) {
        let new = found.filter { !logs.contains($0) && openings[$0, default: 0] < Self.greatestOpenings }
        guard areSettled, !new.isEmpty else { return }
        for log in new { openings[log, default: 0] += 1 }
        logs.formUnion(new)
        interval.reset()
        repetition = nil
        unanswered = 0
    }

    mutating func settle(_ trace: PlacedTrace) {
        logs.remove(trace.log)
        unanswered = 0
        if latest.updateValue(trace, forKey: trace.log) != trace { openings[trace.log] = 0 }
    }

    /// A new round begins with what it compares.
    mutating func forget() {
        logs = []
        openings = [:]
        latest = [:]
        repetition = nil
    }

    /// What to ask about now; empty when there is nothing to ask.
    mutating func question(at now: Instant) -> [ReplicaID] {
        guard !logs.isEmpty, repetition.map({ now >= $0 }) ?? true else { return [] }
        guard unanswered < Self.greatestPersistence else {
            logs = []
            return []
        }
        unanswered += 1
        repetition = now.advanced(by: interval.current)
        interval.grow()
        return Array(logs.sorted().prefix(Self.greatestQuestion))
    }
}

extension LogSync {
    /// Asks what the peer holds of the logs in dispute, and tells what is held here.
    mutating func askForTraces(at now: Instant, into outbox: inout Outbox) {
        let logs = disputes.question(at: now)
        if !logs.isEmpty { outbox.add(.trace(kind, logs, asks: true)) }
    }

    /// Each end may hold a part of these logs that the other lacks: a run of the peer's contradicts what is held, or a fork was
    /// found here, so that nobody knows on which branch the entries lie that the peer was believed to hold.
    mutating func noteDisagreement(about logs: Set<ReplicaID>, at now: Instant, into outbox: inout Outbox) {
        guard phase == .streaming else { return }
        disputes.open(logs)
        askForTraces(at: now, into: &outbox)
    }

    /// The peer tells what it holds of forked logs.
    mutating func receive(_ message: TraceMessage, into outbox: inout Outbox) {
        guard message.round == round, phase == .comparing || phase == .streaming else { return }
        if message.asks { outbox.add(.trace(kind, message.traces.map(\.log), asks: false)) }
        if phase == .streaming { outbox.add(.place(kind, message.traces)) }
    }

    /// The store told what it holds.
    mutating func send(_ traces: [LogTrace], asks: Bool, into outbox: inout Outbox) {
        guard !traces.isEmpty, phase == .comparing || phase == .streaming else { return }
        outbox.send(.trace(TraceMessage(kind: kind, round: round, asks: asks, traces: traces)))
    }

    /// The store found which of the peer's entries are held here: the peer lacks all others.
    mutating func receive(_ placed: [PlacedTrace], into outbox: inout Outbox) {
        guard phase == .streaming else { return }
        for trace in placed {
            disputes.settle(trace)
            outgoing.correct(trace.ends.map(\.replica), holding: trace.held)
            announcements.forgetHeldPosition()
            noteOwn(trace.ends)
        }
        let held = placed.flatMap(\.held).reduce(into: VersionVector()) { $0.insert($1) }
        if !held.entries.isEmpty { outbox.add(.peerHolds(kind, held)) }
    }
}

extension Session {
    /// Answers ``SessionAction/trace(_:_:asks:)``. Logs of which nothing is held are left out.
    public mutating func onTraces(
        _ traces: [LogTrace], of kind: LogKind, asks: Bool, at moment: Moment
    ) -> [SessionAction] {
        perform(at: moment) { (session, outbox) in session.withSync(kind) { $0.send(traces, asks: asks, into: &outbox) }
        }
    }

    /// Answers ``SessionAction/place(_:_:)``.
    public mutating func onPlaced(
        _ placed: [PlacedTrace], of kind: LogKind, at moment: Moment
    ) -> [SessionAction] {
        perform(at: moment) { (session, outbox) in session.withSync(kind) { $0.receive(placed, into: &outbox) } }
    }

    /// Runs that were applied contradicted what is held of these logs, or showed that they are forked.
    public mutating func onDisagreement(
        about logs: Set<ReplicaID>, of kind: LogKind, at moment: Moment
    ) -> [SessionAction] {
        perform(at: moment) { (session, outbox) in
            session.withSync(kind) { $0.noteDisagreement(about: logs, at: moment.instant, into: &outbox) }
        }
    }
}
