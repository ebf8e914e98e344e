/// Lets something happen in bursts, but not more often than a rate in the long run.
struct TokenBucket: Sendable {
    private let capacity: Int
    private let refill: Duration
    private var tokens: Int
    private var refilled: Instant?

    init(capacity: Int, refill: Duration) {
        precondition(capacity > 0 && refill > .zero, "a bucket holds at least one token and fills up")
        self.capacity = capacity
        self.refill = refill
        tokens = capacity
    }

    /// Takes a token; false when there is none at the time.
    mutating func take(at now: Instant) -> Bool {
        fill(at: now)
        guard tokens > 0 else { return false }
        tokens -= 1
        return true
    }

    private mutating func fill(at now: Instant) {
        guard tokens < capacity, var time = refilled else {
            refilled = now
            return
        }
        while tokens < capacity, time.advanced(by: refill) <= now {
            time = time.advanced(by: refill)
            tokens += 1
        }
        refilled = tokens < capacity ? time : now
    }
}
