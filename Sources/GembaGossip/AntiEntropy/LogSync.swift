internal import GembaCausality
internal import GembaWire

/// Brings the logs of one kind into agreement with the peer's: rounds of comparison, each followed by two streams.
///
/// A round begins with both sides' roots, walks down the tree of digests where they differ (``VectorWalk``), and then
/// carries, in both directions, what the other side lacks (``OutgoingStream``, ``IncomingStream``). In the common case
/// one round lasts as long as the session. Whatever goes wrong on the wire, the remedy is the same: a new round with a
/// higher number, which begins from what both sides hold by then. Either side opens it, and the other adopts it.
struct LogSync: Sendable {
    let kind: LogKind
    let limits: SessionLimits

    /// Whether this side begins the walk.
    var initiates = false

    private(set) var isEnabled = false
    var phase = Phase.dormant

    /// The number of the current round; never falls, not even when the peer restarts, so that frames which are late by
    /// any amount are recognised.
    private(set) var round: UInt64 = 0
    var schedule: RoundSchedule
    /// The root of the highest round that the peer sent.
    var theirRoot: RootMessage?
    /// Invariant: present while comparing, and while streaming until the peer is known to need no more answers; always
    /// of the current round.
    var comparison: Comparison?
    var outgoing: OutgoingStream
    var incoming: IncomingStream

    /// What the peer offered in the last comparison and has not arrived.
    var shortfall = Shortfall()
    /// What came to be held here since the round began, some of it perhaps after the snapshot was taken.
    var heldMeanwhile = VersionVector()
    /// Whether everything that the peer offered in some comparison has come, since it last started.
    var hasSettled = false
    /// When something of what the peer offered last arrived, or when it was first asked.
    var arrival = Instant()

    var isAwaitingSnapshot = false
    private var storeRetry: Instant?
    /// Consecutive comparisons that contradicted the peer's digest.
    var contradictions = 0
    /// How far the peer was behind in the last comparison.
    var lag: PeerLag?
    /// What was left out of this round's stream.
    var leftOut: LeftOut
    /// Whether the peer understands announcements.
    var isAnnouncing = false
    /// What the peer is told that it is not sent.
    var announcements: Announcements
    /// The logs of which the two hold different histories.
    var disputes: Disputes

    /// Where a round stands.
    enum Phase: Sendable {
        /// No round has begun.
        case dormant
        /// A round was opened or adopted; what was received before it is still being applied, so that the comparison
        /// does not ask for it again.
        case draining
        /// The store was asked for the vector.
        case snapshotting
        /// The roots and the walk are under way. The peer may be done already and stream.
        case comparing
        /// The peer's vector is known; changes flow.
        case streaming
    }

    init(kind: LogKind, limits: SessionLimits) {
        self.kind = kind
        self.limits = limits
        schedule = RoundSchedule(limits: limits)
        outgoing = OutgoingStream(kind: kind, limits: limits)
        incoming = IncomingStream(kind: kind, limits: limits)
        leftOut = LeftOut(limits: limits)
        announcements = Announcements(limits: limits)
        disputes = Disputes(limits: limits)
    }

    /// Whether everything has arrived that the peer offered in the current round.
    var isSettled: Bool { phase == .streaming && shortfall.isEmpty }

    /// Whether nothing of the peer is on its way: all that it offered has come, or it has sent nothing for a while.
    func awaitsNothing(at now: Instant) -> Bool {
        incoming.isDrained && (shortfall.isDelivered || incoming.isQuiet(at: now))
    }

    /// Whether what the peer offers has not come for so long that nobody should wait for it.
    func isOverdue(at now: Instant) -> Bool { isEnabled && arrival.duration(to: now) >= limits.roster }

    // MARK: - Rounds

    /// Lets rounds begin.
    mutating func enable(at now: Instant) {
        guard !isEnabled else { return }
        isEnabled = true
        arrival = now
        if let theirRoot, theirRoot.round > round { begin(theirRoot.round, at: now) } else { openRound(at: now) }
    }

    /// The peer forgot everything: stops until ``enable(at:)``. Rounds go on counting.
    mutating func restart() {
        isEnabled = false
        hasSettled = false
        theirRoot = nil
        outgoing.setLazy(false)
        announcements = Announcements(limits: limits)
        abandonRound()
    }

    /// Opens a round, now or as soon as the rate allows.
    mutating func openRound(at now: Instant) {
        guard isEnabled, schedule.opens(at: now) else { return }
        begin(round + 1, at: now)
    }

    private mutating func begin(_ round: UInt64, at now: Instant) {
        self.round = round
        schedule.noteBeginning()
        leftOut.noteBeginning(at: now)
        abandonRound()
        phase = .draining
    }

    private mutating func abandonRound() {
        phase = .dormant
        comparison = nil
        heldMeanwhile = VersionVector()
        disputes.forget()
        outgoing.close()
        incoming.close()
    }

    // MARK: - Progress

    /// Goes as far as possible without further input.
    mutating func advance(
        at now: Instant, audience: ReadRequest.Audience, linkIsWritable: Bool, into outbox: inout Outbox
    ) {
        guard isEnabled else { return }
        if let theirRoot, theirRoot.round > round, schedule.adopts(at: now) { begin(theirRoot.round, at: now) }
        if phase == .draining, incoming.isDrained { phase = .snapshotting }
        // The snapshot is kept no longer than the peer may ask about it.
        if phase == .streaming, comparison?.isPeerComplete == true { comparison = nil }
        guard storeRetry == nil else { return }
        if phase == .snapshotting, !isAwaitingSnapshot {
            isAwaitingSnapshot = true
            outgoing.noteSnapshot()
            outbox.add(.requestSnapshot(kind))
        }
        if phase == .streaming, linkIsWritable { outgoing.advance(at: now, audience: audience, into: &outbox) }
    }

    /// The store could not read; asks again in a while.
    mutating func noteStoreUnavailable(at now: Instant) {
        isAwaitingSnapshot = false
        outgoing.abandonRead()
        storeRetry = now.advanced(by: limits.storeRetry)
    }

    mutating func tick(at now: Instant, into outbox: inout Outbox) {
        guard isEnabled else { return }
        if let retry = storeRetry, now >= retry { storeRetry = nil }
        if schedule.isWanted {
            openRound(at: now)
            return
        }
        switch phase {
        case .comparing:
            guard let deadline = comparison?.deadline else { return }
            if now >= deadline {
                schedule.noteComparisonFailed()
                openRound(at: now)
            } else {
                for message in comparison?.messagesToRepeat(at: now) ?? [] { outbox.send(message) }
            }
        case .streaming:
            askForTraces(at: now, into: &outbox)
            if leftOut.isDue(at: now), incoming.isQuiet(at: now) {
                openRound(at: now)
            } else if outgoing.isUnacknowledged, outgoing.progress.duration(to: now) >= schedule.stall.current {
                schedule.noteStalled()
                openRound(at: now)
            }
        case .dormant, .draining, .snapshotting:
            break
        }
    }
}
