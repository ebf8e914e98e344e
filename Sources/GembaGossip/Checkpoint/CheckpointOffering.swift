internal import GembaCausality
internal import GembaWire

/// The giving end of a checkpoint: notices that the peer is far behind, offers it a checkpoint instead of a stream, and
/// serves chunks of it.
///
/// ```
///                          ┌───── gone ─────┐
///                          ▼                │
/// idle ─ far behind ─► preparing ─ ready ─► offered ─ declined, silent ─► streaming
///   ▲                                          │                              │
///   └───────────── a comparison shows that the peer is near ──────────────────┘
/// ```
///
/// It remembers nothing of what the peer has: the peer asks for the chunks that it lacks.
struct CheckpointOffering: Sendable {
    enum Phase: Hashable, Sendable {
        case idle
        /// The shell makes or finds a checkpoint.
        case preparing
        /// The peer was told, and may ask for chunks.
        case offered(SignedManifest)
        /// The peer does not want one, or there is none: whatever can be streamed is streamed.
        case streaming
    }

    private let limits: SessionLimits
    private(set) var phase = Phase.idle
    private var isOnlyWay = false
    /// The round of the comparison that was last considered.
    private var considered: UInt64 = 0
    private var repeatAt = Instant()
    private var repetition: Patience
    /// When the peer last said anything about the offer.
    private var answered = Instant()

    init(limits: SessionLimits) {
        self.limits = limits
        repetition = Patience(from: limits.offerRepetition, to: limits.greatestPatience)
    }

    /// Whether the stream of changes waits for what becomes of the offer.
    var holdsBack: Bool {
        switch phase {
        case .preparing, .offered: true
        case .idle, .streaming: false
        }
    }

    /// Takes a comparison in.
    mutating func consider(_ lag: PeerLag, at now: Instant, into outbox: inout Outbox) {
        guard lag.round != considered else { return }
        considered = lag.round
        guard lag.warrantsCheckpoint(limits) else {
            phase = .idle
            return
        }
        isOnlyWay = lag.isBelowFloor
        guard phase == .idle || (phase == .streaming && isOnlyWay) else { return }
        prepare(into: &outbox)
    }

    private mutating func prepare(into outbox: inout Outbox) {
        phase = .preparing
        outbox.add(.prepareCheckpoint(isOnlyWay: isOnlyWay))
    }

    /// The shell found or made a checkpoint, or cannot.
    mutating func receive(prepared: SignedManifest?, at now: Instant, into outbox: inout Outbox) {
        guard phase == .preparing else { return }
        guard let prepared else {
            phase = .streaming
            return
        }
        phase = .offered(prepared)
        answered = now
        repetition.reset()
        offer(prepared, at: now, into: &outbox)
    }

    private mutating func offer(_ signed: SignedManifest, at now: Instant, into outbox: inout Outbox) {
        repeatAt = now.advanced(by: repetition.current)
        repetition.grow()
        outbox.send(.offer(OfferMessage(signed: signed, isOnlyWay: isOnlyWay)))
    }

    /// The peer answered.
    mutating func receive(_ answer: AnswerMessage, at now: Instant) {
        guard case .offered(let signed) = phase, signed.manifest.id == answer.checkpoint else { return }
        answered = now
        switch answer.verdict {
        case .declined: phase = .streaming
        case .later: repeatAt = now.advanced(by: limits.offerRepetition)
        }
    }

    /// The peer asks for chunks.
    mutating func receive(_ fetch: FetchMessage, at now: Instant, into outbox: inout Outbox) {
        guard case .offered(let signed) = phase, signed.manifest.id == fetch.checkpoint else { return }
        answered = now
        repetition.reset()
        repeatAt = now.advanced(by: repetition.current)
        let count = signed.manifest.chunks.count
        guard fetch.first < UInt64(count) else { return }
        // The peer has no more than its window on the way, in honesty.
        let most = max(1, limits.chunkWindow / signed.manifest.chunkBytes)
        let end = min(Int(fetch.first) + Int(min(fetch.count, most)), count)
        outbox.add(.readChunks(fetch.checkpoint, Int(fetch.first)..<end))
    }

    /// The shell has the checkpoint no more, as when it has made a newer one for another peer: what it has now takes its place.
    mutating func receive(gone id: CheckpointID, into outbox: inout Outbox) {
        guard case .offered(let signed) = phase, signed.manifest.id == id else { return }
        prepare(into: &outbox)
    }

    mutating func tick(at now: Instant, into outbox: inout Outbox) {
        guard case .offered(let signed) = phase else { return }
        if answered.duration(to: now) >= limits.offerPatience {
            phase = .streaming
        } else if now >= repeatAt {
            offer(signed, at: now, into: &outbox)
        }
    }
}
