/// A wait that doubles with every disappointment, up to a bound. The arithmetic saturates, so that a month of failures
/// is no different from an hour of them.
struct Patience: Sendable {
    private let shortest: Duration
    private let longest: Duration
    /// How long to wait now.
    private(set) var current: Duration

    init(from shortest: Duration, to longest: Duration) {
        self.shortest = shortest
        self.longest = max(shortest, longest)
        current = shortest
    }

    mutating func grow() { current = min(current * 2, longest) }

    mutating func reset() { current = shortest }
}
