/// How long to wait before the next attempt: each failure doubles the wait up to a bound, and chance spreads it so that
/// many diallers of one returning peer do not arrive together.
public struct Backoff: Sendable {
    /// Every wait lies between these.
    public let bounds: ClosedRange<Duration>
    /// Invariant: within twice the lower bound and the upper bound.
    private var ceiling: Duration

    /// Creates a back-off whose waits lie within `bounds`.
    public init(_ bounds: ClosedRange<Duration>) {
        precondition(bounds.lowerBound > .zero, "a wait of \(bounds.lowerBound) would be none")
        self.bounds = bounds
        ceiling = min(bounds.lowerBound * 2, bounds.upperBound)
    }

    /// The wait before the next attempt: at least half of what the failures so far allow, never outside the bounds.
    public mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
        let wait = ceiling * Double.random(in: 0.5...1, using: &generator)
        ceiling = min(ceiling * 2, bounds.upperBound)
        return min(max(wait, bounds.lowerBound), bounds.upperBound)
    }

    /// Starts over, after a success that lasted.
    public mutating func reset() {
        ceiling = min(bounds.lowerBound * 2, bounds.upperBound)
    }
}
