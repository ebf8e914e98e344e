internal import GembaWire

/// How often a peer may say what takes this node more work than it takes the peer.
///
/// Roots and questions for bodies have paces of their own (``RoundSchedule``, ``BackfillServing``), which answer the last of
/// many; batches are held to their credit. What is left are steps of a comparison and traces, offers and requests for chunks. One that
/// comes too soon is dropped, as the wire might have lost it: whoever meant it says it again. A peer that goes on all the
/// same is not lossy but a flood, and its session ends. What comes a second time costs little each, and is counted in the
/// same way with a greater measure.
struct FramePace: Sendable {
    private var steps: TokenBucket<Instant>
    private var offers: TokenBucket<Instant>
    private var fetches: TokenBucket<Instant>
    private var tolerance: TokenBucket<Instant>
    private var repetitions: TokenBucket<Instant>
    /// Frames that were dropped.
    private(set) var excess: UInt64 = 0

    init(limits: SessionLimits) {
        steps = TokenBucket(capacity: limits.stepBurst, refill: limits.stepRefill)
        offers = TokenBucket(capacity: limits.offerBurst, refill: limits.offerRefill)
        fetches = TokenBucket(capacity: limits.fetchBurst, refill: limits.fetchRefill)
        tolerance = TokenBucket(capacity: limits.excessBurst, refill: limits.excessRefill)
        repetitions = TokenBucket(capacity: limits.repeatBurst, refill: limits.repeatRefill)
    }

    /// Whether a message is taken in.
    ///
    /// - Throws: a violation when the peer has been dropped from too often.
    mutating func admits(_ message: Message, at now: Instant) throws(ProtocolViolation) -> Bool {
        let isInTime =
            switch message {
            case .vector, .trace: steps.take(at: now)
            case .offer: offers.take(at: now)
            case .fetch: fetches.take(at: now)
            case .hello, .root, .batch, .pack, .ack, .pulse, .bye, .answer, .chunk, .backfill, .bodies, .compare,
                .statement,
                .announce, .tree:
                true
            }
        guard !isInTime else { return true }
        excess += 1
        guard tolerance.take(at: now) else {
            throw ProtocolViolation(.limitExceeded, "more costly frames than anybody needs")
        }
        return false
    }

    /// Notes frames that had no effect because they came before.
    ///
    /// - Throws: a violation when there were more than a lossy wire brings.
    mutating func noteRepeated(_ count: UInt64, at now: Instant) throws(ProtocolViolation) {
        for _ in 0..<count where !repetitions.take(at: now) {
            throw ProtocolViolation(.limitExceeded, "more repeated frames than any wire brings")
        }
    }
}
