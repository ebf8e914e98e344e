/// A point on the node's monotonic clock, which every input of a state machine brings along.
///
/// It is a type of its own so that the pure code can neither read a clock nor mix up monotonic and wall time.
public struct Instant: InstantProtocol, Hashable, Sendable, CustomStringConvertible {
    /// The time since an arbitrary but fixed origin, such as the start of the process.
    public let sinceOrigin: Duration

    /// Creates the instant that lies `sinceOrigin` after the clock's origin.
    public init(_ sinceOrigin: Duration = .zero) { self.sinceOrigin = sinceOrigin }

    /// The instant `duration` later.
    public func advanced(by duration: Duration) -> Instant { Instant(sinceOrigin + duration) }

    /// The time from this instant to `other`; negative when `other` is earlier.
    public func duration(to other: Instant) -> Duration { other.sinceOrigin - sinceOrigin }

    /// Orders by time.
    public static func < (left: Instant, right: Instant) -> Bool { left.sinceOrigin < right.sinceOrigin }

    /// The time since the origin, for logs.
    public var description: String { "\(sinceOrigin)" }
}

/// When an input reaches a state machine, by both clocks of the node.
public struct Moment: Hashable, Sendable {
    /// Never runs backwards; everything that the protocol decides by time uses it.
    public var instant: Instant
    /// Milliseconds since 1970 by the wall clock, which may be wrong or jump: it is passed on and shown, never trusted.
    public var wallClock: UInt64

    /// Creates a moment.
    public init(instant: Instant, wallClock: UInt64) {
        self.instant = instant
        self.wallClock = wallClock
    }
}
