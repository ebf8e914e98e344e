internal import GembaCausality
internal import GembaWire

/// The changes on their way to the peer in one round: read from the local apply order, sent under the peer's credit.
struct OutgoingStream: Sendable {
    /// What may be outstanding on the slowest link: batches of half of it take two seconds at 64 kbit/s.
    private static let leastAllowance: UInt64 = 32 << 10
    /// What may be outstanding at first. A full batch would silence a slow link for longer than a peer may be silent;
    /// a quick link reaches the whole window within five acknowledgements.
    private static let firstAllowance: UInt64 = 64 << 10

    let kind: LogKind
    private let limits: SessionLimits
    /// What may be outstanding, however much the peer grants.
    private let window: UInt64

    private(set) var isOpen = false
    /// Whether the peer takes packs.
    var packs = false
    /// What this round's packs have said, to which later ones refer.
    private var context = PackingContext()
    /// Whether nothing is read and sent, as long as the peer is offered a checkpoint instead.
    var isHeldBack = false
    private(set) var round: UInt64 = 0

    /// Whether nothing waits to be read or sent; the peer may still have to acknowledge.
    var isIdle: Bool { isHeldBack || isLazy || (waiting.isEmpty && !hasMore && !isReading) }

    /// Whether what is new is announced, and not sent.
    private(set) var isLazy = false

    /// What the peer holds durably, or is not to be sent.
    private(set) var known = VersionVector()

    /// Up to where the apply order was read.
    private var cursor: Int64 = 0
    /// Whether entries may lie behind the cursor.
    private var hasMore = false
    /// Whether a read is outstanding, of this round or an earlier one.
    private(set) var isReading = false
    /// Whether entries were appended since the outstanding read began, which may not have seen them.
    private var appendedDuringRead = false
    /// Whether entries were appended that the snapshot for the round may not have.
    private var appendedSinceSnapshot = false
    /// Whether the answer to the outstanding read is to be dropped.
    private var rewound = false
    /// A batch that was read and waits for credit.
    private var waiting: [Run] = []
    /// Where the read began that brought it.
    private var waitingFrom: Int64 = 0

    /// Invariant: acknowledged ≤ sent, and sent ≤ limit unless a single batch is outstanding that exceeds the window.
    private(set) var sent: UInt64 = 0
    private(set) var acknowledged: UInt64 = 0
    private var limit: UInt64 = 0
    /// What was sent and not acknowledged, with the stream offset after it.
    private var outstanding: [Outstanding] = []
    private var pace: Pace
    /// When something was last sent while nothing was outstanding, or acknowledged.
    private(set) var progress = Instant()

    private struct Outstanding: Sendable {
        var end: UInt64
        var sentAt: Instant
    }

    init(kind: LogKind, limits: SessionLimits) {
        self.kind = kind
        self.limits = limits
        window = limits.window(for: kind, isWide: true)
        pace = Pace(start: Self.firstAllowance, least: Self.leastAllowance, greatest: window)
    }

    var isUnacknowledged: Bool { isOpen && acknowledged < sent }

    var position: PulseMessage.StreamPosition { .init(round: round, sent: sent) }

    // MARK: - Rounds

    /// Notes that the snapshot for the next round is about to be taken.
    mutating func noteSnapshot() { appendedSinceSnapshot = false }

    /// Begins the stream of a round.
    /// - Parameter position: up to where the peer is known to hold everything; nil when something before the snapshot's end
    ///   is lacking, somewhere.
    mutating func open(round: UInt64, known: VersionVector, position: Int64?) {
        isOpen = true
        self.round = round
        self.known = known
        cursor = position ?? 0
        hasMore = position == nil || appendedSinceSnapshot
        waiting = []
        sent = 0
        acknowledged = 0
        limit = limits.window(for: kind)
        outstanding = []
        context = PackingContext()
    }

    mutating func close() {
        isOpen = false
        waiting = []
        outstanding = []
    }

    /// Reads everything again that the peer does not hold, because earlier reads left things out.
    mutating func rewind() {
        cursor = 0
        hasMore = true
        appendedDuringRead = true
        rewound = isReading
    }

    // MARK: - Pushing and announcing

    /// Stops reading and sending, or goes on from where everything before is held by the peer. What is on its way is
    /// acknowledged as ever.
    mutating func setLazy(_ isLazy: Bool) {
        guard isLazy != self.isLazy else { return }
        self.isLazy = isLazy
        if !waiting.isEmpty { cursor = waitingFrom }
        waiting = []
        hasMore = true
        rewound = isReading
    }

    /// Notes that the peer holds everything up to a place of the apply order.
    mutating func skip(to position: Int64) { if isLazy { cursor = max(cursor, position) } }

    // MARK: - Inputs

    mutating func noticeNewEntries() {
        hasMore = true
        appendedDuringRead = true
        appendedSinceSnapshot = true
    }

    /// Notes that the peer holds the dots, and returns those that are news.
    @discardableResult
    mutating func notePeerHolds(_ dots: some Sequence<Dot>) throws(ProtocolViolation) -> VersionVector {
        var news = VersionVector()
        for dot in dots where !known.contains(dot) {
            known.insert(dot)
            news.insert(dot)
        }
        guard known.entries.count <= limits.replicas else {
            throw ProtocolViolation(.limitExceeded, "more replicas than a peer may name")
        }
        return news
    }

    /// Puts what the peer was found to hold of a log in the place of what was believed, and reads everything again that it lacks.
    ///
    /// - Parameter names: those under which changes of the log stand.
    mutating func correct(_ names: [ReplicaID], holding dots: [Dot]) {
        guard isOpen else { return }
        var entries = known.entries
        for name in names { entries[name] = nil }
        known = VersionVector(entries)
        for dot in dots { known.insert(dot) }
        rewind()
    }

    /// Takes the answer to a read in.
    mutating func receive(_ loaded: LoadedRuns) {
        isReading = false
        let wasRewound = rewound
        rewound = false
        guard isOpen, loaded.round == round, !wasRewound else { return }
        waitingFrom = cursor
        cursor = loaded.position
        if loaded.reachedEnd, !appendedDuringRead { hasMore = false }
        waiting = loaded.runs.filter { run in
            // What stands under a forked log's name may be of any of its branches.
            !run.entries.isEmpty
                && (loaded.forked.contains(run.replica) || !known.contains(Dot(run.replica, run.last)))
        }
    }

    /// Forgets an outstanding read that the store could not answer.
    mutating func abandonRead() { isReading = false }

    /// Takes an acknowledgement in, and returns what the peer is now known to hold.
    mutating func receive(_ ack: AckMessage, at now: Instant) throws(ProtocolViolation) -> VersionVector {
        guard isOpen, ack.round == round else { return VersionVector() }
        guard ack.received <= sent else {
            throw ProtocolViolation(.malformedFrame, "an acknowledgement of what was never sent")
        }
        if ack.received > acknowledged {
            acknowledged = ack.received
            progress = now
            let done = outstanding.prefix { $0.end <= ack.received }
            if let last = done.last { pace.noteAcknowledged(after: last.sentAt.duration(to: now)) }
            outstanding.removeFirst(done.count)
        }
        // However generous the peer is, no more than a window is ever outstanding.
        let (greatest, overflow) = acknowledged.addingReportingOverflow(window)
        limit = max(limit, min(ack.limit, overflow ? .max : greatest))
        return try notePeerHolds(ack.have.map(\.dot))
    }

    // MARK: - Output

    /// Sends what credit allows and asks for what to send next.
    mutating func advance(at now: Instant, audience: ReadRequest.Audience, into outbox: inout Outbox) {
        guard isOpen, !isHeldBack, !isLazy else { return }
        if !waiting.isEmpty, let batch = batchToSend(at: now) { outbox.send(message(batch)) }
        guard waiting.isEmpty, hasMore, !isReading, let bytes = readableBytes else { return }
        isReading = true
        appendedDuringRead = false
        outbox.add(
            .read(
                ReadRequest(
                    kind: kind, round: round, position: cursor, known: known, maximumBytes: bytes, audience: audience)))
    }

    private mutating func message(_ batch: BatchMessage) -> Message {
        guard packs, kind == .data, let pack = PackMessage(packing: batch, in: &context) else { return .batch(batch) }
        return .pack(pack)
    }

    private mutating func batchToSend(at now: Instant) -> BatchMessage? {
        let batch = BatchMessage(kind: kind, round: round, offset: sent, runs: waiting)
        let end = sent + batch.cost
        // A run longer than the whole window could never go otherwise: with nothing outstanding one batch always may.
        guard end <= limit || acknowledged == sent else { return nil }
        if acknowledged == sent { progress = now }
        waiting = []
        sent = end
        outstanding.append(Outstanding(end: end, sentAt: now))
        return batch
    }

    /// How much to read, or nil when it is better to wait for credit than to send crumbs.
    private var readableBytes: Int? {
        guard outstanding.count < limits.outstandingBatches else { return nil }
        let granted = limit > acknowledged ? limit - acknowledged : 0
        let full = max(1, min(UInt64(limits.batchBytes), min(pace.allowance, granted) / 2))
        let bound = acknowledged + min(granted, pace.allowance)
        guard acknowledged == sent || bound >= sent + full else { return nil }
        return Int(full)
    }
}
