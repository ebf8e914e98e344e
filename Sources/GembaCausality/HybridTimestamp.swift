/// A reading of a hybrid logical clock: 48 bits of milliseconds since 1970-01-01T00:00:00Z, then a 16-bit counter.
///
/// The first bit is never set, so that a reading is a signed integer to a database and on the wire. That lasts until
/// the year 6429.
///
/// A timestamp is shown to people and chooses among concurrent writes. It never decides whether one write knew
/// another.
///
/// Source: Kulkarni, Demirbas, Madeppa, Avva, Leone, "Logical Physical Clocks" (OPODIS 2014), section 6 for the
/// packing into 64 bits.
public struct HybridTimestamp: Hashable, Comparable, Sendable, RawRepresentable {
    /// Milliseconds in the upper 48 bits, the counter in the lower 16.
    public var rawValue: UInt64

    /// Creates a timestamp from its 64 bits.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The last reading that there is.
    public static let last = HybridTimestamp(rawValue: UInt64(Int64.max))

    /// Creates a reading from milliseconds, saturated to 2^47 - 1, and a counter.
    public init(milliseconds: UInt64, counter: UInt16) {
        rawValue = min(milliseconds, Self.last.milliseconds) << 16 | UInt64(counter)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    public var milliseconds: UInt64 { rawValue >> 16 }
    /// Tells readings within one millisecond apart.
    public var counter: UInt16 { UInt16(truncatingIfNeeded: rawValue) }

    /// Orders by time, then by counter.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// The clock that stamps changes: follows the wall, runs ahead of it by what it has seen, but never far.
///
/// A reading is greater than every earlier one and every observed one, unless those lie more than ``maximumLead``
/// past the wall: then the clock falls back to the wall. A peer whose clock says 2099 can therefore not drag others
/// along, and a machine whose own clock was wrong recovers by itself. Causality does not depend on it.
public struct HybridClock: Sendable {
    /// How far a reading may run ahead of the wall, in milliseconds.
    public static let maximumLead: UInt64 = 60_000

    /// The greatest reading given or observed.
    public private(set) var latest: HybridTimestamp

    /// Creates a clock that goes on after `latest`.
    public init(latest: HybridTimestamp = HybridTimestamp(rawValue: 0)) { self.latest = latest }

    /// Takes notice of a timestamp made elsewhere; one too far past the wall is ignored.
    public mutating func observe(_ timestamp: HybridTimestamp, wall: UInt64) {
        guard timestamp.milliseconds <= Self.horizon(wall: wall), timestamp <= .last else { return }
        latest = max(latest, timestamp)
    }

    /// The next reading, with `wall` in milliseconds since 1970.
    public mutating func next(wall: UInt64) -> HybridTimestamp {
        let current = HybridTimestamp(milliseconds: wall, counter: 0)
        let successor = HybridTimestamp(rawValue: latest.rawValue &+ 1)
        let leads = successor.milliseconds > Self.horizon(wall: wall)
        // At the end of time readings repeat: causality does not depend on them.
        latest = leads ? current : min(max(current, successor), .last)
        return latest
    }

    /// The latest time that the clock follows.
    private static func horizon(wall: UInt64) -> UInt64 {
        wall.addingReportingOverflow(maximumLead).overflow ? .max : wall + maximumLead
    }
}
