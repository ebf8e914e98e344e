/// Lets something happen in bursts, but not more often than a rate in the long run.
public struct TokenBucket<Time: InstantProtocol>: Sendable where Time: Sendable, Time.Duration == Duration {
    private let capacity: Int
    private let refill: Duration
    private var tokens: Int
    private var refilled: Time?

    /// Creates a full bucket.
    ///
    /// - Parameters:
    ///   - capacity: what may happen in a burst; at least 1.
    ///   - refill: after which time each token comes back; more than none.
    public init(capacity: Int, refill: Duration) {
        precondition(capacity > 0 && refill > .zero, "a bucket holds at least one token and fills up")
        self.capacity = capacity
        self.refill = refill
        tokens = capacity
    }

    /// Takes a token; false when there is none at the time.
    public mutating func take(at now: Time) -> Bool {
        fill(at: now)
        guard tokens > 0 else { return false }
        tokens -= 1
        return true
    }

    /// Whether nothing of what was taken is still missing, so that a new bucket would be the same.
    public mutating func isFull(at now: Time) -> Bool {
        fill(at: now)
        return tokens == capacity
    }

    private mutating func fill(at now: Time) {
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
