internal import GembaCausality
internal import GembaWire

/// The changes on their way from the peer in one round: received in order, held until they are applied, acknowledged.
struct IncomingStream: Sendable {
    let kind: LogKind
    private let limits: SessionLimits
    /// Whether this link has been given room.
    var isWide = false

    /// Whether batches of the round are taken in; what is queued is applied either way.
    private(set) var isOpen = false
    private(set) var round: UInt64 = 0

    /// The stream offset after what was received. Invariant: consumed ≤ received.
    private(set) var received: UInt64 = 0
    /// The stream offset after what was given to the store.
    private(set) var consumed: UInt64 = 0
    /// Up to where the peer was told that it may send. Never lowered within a round.
    private var granted: UInt64 = 0
    /// What this round's packs have said, to which later ones refer.
    private var context = PackingContext()
    private var queue: [Batch] = []
    private var queuedEntries = 0
    private var applying: Batch?
    /// When the oldest batch may be tried again, while the store is out of order.
    private var heldUntil: Instant?
    /// When a batch was last taken in.
    private var lastReceipt = Instant()
    /// Entries that changed lately, and how many more acknowledgements name each.
    private var changed: [ReplicaID: (reference: ChangeReference, mentions: Int)] = [:]

    /// Batches that were dropped because they belong to an earlier round or were taken in before.
    private(set) var repeatedBatches: UInt64 = 0

    private var lastAck = Instant()
    private var repeatedAcks = 0
    /// How much was received when a pulse last said that more had been sent.
    private var missingSince: UInt64?

    /// Received runs with the stream offset after them.
    private struct Batch: Sendable {
        var round: UInt64
        var end: UInt64
        var runs: [Run]
        var bytes: UInt64

        var entryCount: Int { runs.reduce(0) { $0 + $1.entries.count } }
    }

    enum Receipt: Sendable {
        /// The batch brings logs up to these entries.
        case queued([Dot])
        case duplicate
        /// Something before the batch was lost.
        case gap
        /// The batch belongs to another round.
        case stale
    }

    init(kind: LogKind, limits: SessionLimits) {
        self.kind = kind
        self.limits = limits
    }

    private var window: UInt64 { limits.window(for: kind, isWide: isWide) }
    /// Entries that may wait.
    private var greatestQueue: Int {
        let bytes = max(window, granted > consumed ? granted - consumed : 0)
        // A batch that is alone may be larger than the window.
        return max(Int(bytes) / limits.leastEntryBytes, Limits.commitGroupEntries)
    }
    /// Bytes that wait or are being applied.
    var waiting: UInt64 { received - consumed }

    /// Whether nothing is queued or being applied.
    var isDrained: Bool { queue.isEmpty && applying == nil }

    /// Whether nothing has come for a while, either.
    func isQuiet(at now: Instant) -> Bool { isDrained && lastReceipt.duration(to: now) >= limits.leftOutRetry }

    // MARK: - Rounds

    mutating func open(round: UInt64) {
        precondition(isDrained, "a round begins when what was received before is applied")
        isOpen = true
        self.round = round
        received = 0
        consumed = 0
        granted = limits.window(for: kind)
        context = PackingContext()
        changed = [:]
        repeatedAcks = 0
        missingSince = nil
    }

    /// Takes no more in. What was received in order stays and is applied, unless the store is out of order.
    mutating func close() {
        isOpen = false
        if heldUntil != nil { discardQueue() }
    }

    /// Drops what is queued, which the next round will bring again.
    private mutating func discardQueue() {
        queue = []
        queuedEntries = applying?.entryCount ?? 0
        heldUntil = nil
    }

    // MARK: - Batches

    mutating func receive(_ batch: BatchMessage, at now: Instant) throws(ProtocolViolation) -> Receipt {
        if let receipt = refusal(round: batch.round, offset: batch.offset) { return receipt }
        return try take(batch, at: now)
    }

    mutating func receive(_ pack: PackMessage, at now: Instant) throws(ProtocolViolation) -> Receipt {
        // Unless it is the next one of the round, it refers to what this end has not heard.
        if let receipt = refusal(round: pack.round, offset: pack.offset) { return receipt }
        guard pack.runs.reduce(queuedEntries, { $0 + $1.entryCount }) <= greatestQueue else {
            throw ProtocolViolation(.limitExceeded, "more entries than may wait")
        }
        var runs: [Run] = []
        do throws(WireError) {
            for run in pack.runs { runs.append(try run.unpacked(in: &context)) }
        } catch {
            throw ProtocolViolation(.malformedFrame, "a pack does not unpack: \(error.message)")
        }
        return try take(BatchMessage(kind: kind, round: pack.round, offset: pack.offset, runs: runs), at: now)
    }

    /// What becomes of a batch that is not the next one of the round; nil for the next one.
    private mutating func refusal(round: UInt64, offset: UInt64) -> Receipt? {
        guard isOpen, round == self.round else {
            repeatedBatches += 1
            return .stale
        }
        guard offset >= received else {
            repeatedBatches += 1
            return .duplicate
        }
        return offset == received ? nil : .gap
    }

    private mutating func take(_ batch: BatchMessage, at now: Instant) throws(ProtocolViolation) -> Receipt {
        guard !batch.runs.isEmpty, batch.runs.allSatisfy(\.isWellFormed), batch.cost > 0 else {
            throw ProtocolViolation(.malformedFrame, "a batch without entries, or with entries out of range")
        }
        let (end, overflow) = received.addingReportingOverflow(batch.cost)
        guard !overflow, end <= granted || consumed == received else {
            throw ProtocolViolation(.limitExceeded, "more than the credit window")
        }
        queuedEntries += batch.runs.reduce(0) { $0 + $1.entries.count }
        guard queuedEntries <= greatestQueue else {
            throw ProtocolViolation(.limitExceeded, "more entries than may wait")
        }
        received = end
        lastReceipt = now
        repeatedAcks = 0
        missingSince = nil
        queue.append(Batch(round: round, end: end, runs: batch.runs, bytes: batch.cost))
        return .queued(batch.runs.map { Dot($0.replica, $0.last) })
    }

    /// The runs to apply next: the oldest batch, joined by those that wait behind it.
    mutating func takeNext(at now: Instant) -> [Run]? {
        guard applying == nil, !queue.isEmpty else { return nil }
        if let heldUntil, now < heldUntil { return nil }
        heldUntil = nil
        var batch = queue.removeFirst()
        var joined = 0
        for next in queue {
            guard batch.bytes + next.bytes <= UInt64(limits.appliedBytes), next.round == batch.round else { break }
            batch.runs += next.runs
            batch.bytes += next.bytes
            batch.end = next.end
            joined += 1
        }
        queue.removeFirst(joined)
        applying = batch
        return batch.runs
    }

    /// Notes that the store is done with the runs last taken, and returns them and whether an acknowledgement is due.
    /// - Parameter advanced: the new tips of the logs that grew.
    mutating func finishApply(advanced: [ChangeReference]) -> (runs: [Run], acknowledges: Bool) {
        guard let batch = applying else { return ([], false) }
        applying = nil
        queuedEntries -= batch.entryCount
        guard isOpen, batch.round == round else { return (batch.runs, false) }
        consumed = batch.end
        for reference in advanced { changed[reference.replica] = (reference, limits.mentions) }
        return (batch.runs, true)
    }

    /// Puts the runs last taken back, to be tried again later.
    mutating func hold(until instant: Instant) {
        guard let batch = applying else { return }
        applying = nil
        queue.insert(batch, at: 0)
        heldUntil = instant
        if !isOpen { discardQueue() }
    }

    // MARK: - Acknowledgements

    mutating func acknowledgement(at now: Instant) -> AckMessage {
        lastAck = now
        granted = max(granted, consumed + window)
        return AckMessage(kind: kind, round: round, received: consumed, limit: granted, have: mentions())
    }

    /// The entries to name this time. The freshest go first when there are too many.
    private mutating func mentions() -> [ChangeReference] {
        let named = changed.values.sorted { ($1.mentions, $0.reference.replica) < ($0.mentions, $1.reference.replica) }
            .prefix(limits.mentionedEntries).map(\.reference)
        for reference in named {
            guard let left = changed[reference.replica]?.mentions, left > 1 else {
                changed[reference.replica] = nil
                continue
            }
            changed[reference.replica]?.mentions = left - 1
        }
        return named.sorted { $0.replica < $1.replica }
    }

    /// What a pulse shows about the stream.
    enum PulseFinding: Sendable {
        case nothing
        /// The last acknowledgement may have been lost.
        case acknowledge
        /// The last batches were lost.
        case tailLost
    }

    mutating func receivePulse(sent: UInt64, at now: Instant) -> PulseFinding {
        guard isOpen else { return .nothing }
        if sent > received {
            // On a wire that reorders, a pulse may overtake a batch; a second pulse settles it.
            defer { missingSince = received }
            return missingSince == received ? .tailLost : .nothing
        }
        missingSince = nil
        guard sent == consumed, sent > 0, repeatedAcks < limits.repeatedAcks,
            lastAck.duration(to: now) >= limits.repetition
        else { return .nothing }
        repeatedAcks += 1
        return .acknowledge
    }
}

extension Run {
    /// Whether there are entries and their sequence numbers are numbers that a log can reach.
    fileprivate var isWellFormed: Bool { !entries.isEmpty && first <= SequenceNumber(Int64.max) }
}
