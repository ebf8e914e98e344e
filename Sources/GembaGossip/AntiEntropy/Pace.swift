/// How much may be outstanding so that an acknowledgement comes back in a second or two.
///
/// The credit window bounds memory; this bounds waiting. On a slow link a full window would sit in socket buffers for
/// minutes, and a revocation or a pulse behind it. The allowance doubles while acknowledgements are quick and halves
/// when one is slow, whether the link or the peer's disk makes it so.
///
/// Source: the idea, not the arithmetic, of delay-based congestion control as in RFC 6817 (LEDBAT).
struct Pace: Sendable {
    /// Quicker than this, more would fit.
    private static let quick = Duration.seconds(1)
    /// Slower than this, it was too much.
    private static let slow = Duration.seconds(4)

    private let least: UInt64
    private let greatest: UInt64
    /// Bytes that may be outstanding.
    private(set) var allowance: UInt64

    /// - Parameters:
    ///   - start: the first allowance, which a quick link outgrows within a few round trips.
    ///   - least: what may be outstanding on the slowest link.
    ///   - greatest: the credit window.
    init(start: UInt64, least: UInt64, greatest: UInt64) {
        self.least = min(least, greatest)
        self.greatest = greatest
        allowance = min(start, greatest)
    }

    /// Bytes that were sent this long ago have been acknowledged.
    mutating func noteAcknowledged(after delay: Duration) {
        if delay < Self.quick {
            allowance = min(allowance * 2, greatest)
        } else if delay > Self.slow {
            allowance = max(allowance / 2, least)
        }
    }
}
