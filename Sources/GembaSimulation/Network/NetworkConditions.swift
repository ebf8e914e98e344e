/// What the network does to frames that pass through it, and how soon a broken link is noticed. All times are in
/// milliseconds.
struct NetworkConditions: Sendable {
    var latency: ClosedRange<Int> = 1...5
    var loss = 0.0
    var duplication = 0.0
    var reordering = 0.0
    /// How often the runs of a batch change places, as a broken sender would make them.
    var scrambling = 0.0
    /// How long the transport takes to notice a dead link; nil when only the sessions notice.
    var heartbeat: ClosedRange<Int>? = 3_000...6_000
    /// Whether frames that were on their way when a sender closed its end still arrive.
    var deliversAfterClose = false

    /// A network without faults.
    static let perfect = NetworkConditions()
}
