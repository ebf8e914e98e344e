/// When a round may begin, and how long it may take.
struct RoundSchedule: Sendable {
    /// Whether this side wants a round as soon as the rate allows.
    private(set) var isWanted = false
    /// How long a comparison may take.
    private(set) var comparison: Patience
    /// How long a stream may go without an acknowledgement.
    private(set) var stall: Patience
    /// The pace of rounds that this side opens.
    private var opening: Patience
    private var mayOpen = Instant()
    /// The pace of rounds that the peer opens.
    private var adoptions: TokenBucket<Instant>

    init(limits: SessionLimits) {
        comparison = Patience(from: limits.comparison, to: limits.greatestPatience)
        stall = Patience(from: limits.stall, to: limits.greatestPatience)
        opening = Patience(from: limits.opening, to: limits.slowestOpening)
        adoptions = TokenBucket(capacity: limits.roundBurst, refill: limits.roundRefill)
    }

    /// Whether a round may be opened now; if not, it stays wanted.
    mutating func opens(at now: Instant) -> Bool {
        isWanted = now < mayOpen
        guard !isWanted else { return false }
        mayOpen = now.advanced(by: opening.current)
        opening.grow()
        return true
    }

    /// Whether a round that the peer opened may begin now; if not, it has to be asked for again later.
    mutating func adopts(at now: Instant) -> Bool { adoptions.take(at: now) }

    /// A round has begun, whoever opened it.
    mutating func noteBeginning() { isWanted = false }

    mutating func noteComparisonFailed() { comparison.grow() }

    mutating func noteCompared() { comparison.reset() }

    mutating func noteStalled() { stall.grow() }

    mutating func noteAcknowledged() { stall.reset() }

    /// Something arrived for good: the next mishap may be answered quickly.
    mutating func noteArrival() { opening.reset() }
}
