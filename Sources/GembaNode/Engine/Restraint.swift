import GembaGossip
import GembaWire

/// Holds members off for a while whose sessions end again and again because of what they send: each new session has all its
/// budgets anew, and whoever uses them up on purpose would come back at once.
///
/// It only delays. A member is let in again after ``time``, and needs as long without a fault for each one to be forgotten.
struct Restraint {
    /// Sessions that may end so before a member is held off: a fault of a program, or of somebody in between, ends every one.
    static let faults = 8
    /// How long a member is held off, and until a fault is forgotten.
    static let time = Duration.seconds(10)

    private var faults: [TransportKey: TokenBucket<Instant>] = [:]
    private var ends: [TransportKey: Instant] = [:]

    /// Who is held off now.
    var heldOff: Set<TransportKey> { Set(ends.keys) }

    /// Notes that a member's session ended because of what it sent.
    mutating func noteFault(of key: TransportKey, at now: Instant) {
        var bucket = faults[key] ?? TokenBucket(capacity: Self.faults, refill: Self.time)
        if !bucket.take(at: now) { ends[key] = now.advanced(by: Self.time) }
        faults[key] = bucket
    }

    /// Lets those in whose time is over; false when there are none.
    mutating func release(at now: Instant) -> Bool {
        let remaining = ends.filter { $0.value > now }
        defer { ends = remaining }
        return remaining.count < ends.count
    }
}
