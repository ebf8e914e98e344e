import GembaGossip
public import GembaWire

/// How often handshakes may succeed: each costs a session, a look at the roster and an exchange of hellos, so that whoever
/// shakes hands and leaves, again and again, costs more than it pays.
///
/// Members have a pace each, so that none is held up by another or by strangers. Strangers have one for each address and one
/// for all. A handshake that comes too soon is refused as one in a full lobby is, and its dialler comes back.
public struct HandshakePace: Sendable {
    private typealias Bucket = TokenBucket<ContinuousClock.Instant>

    private var members: [TransportKey: Bucket] = [:]
    private var addresses: [String: Bucket] = [:]
    private var strangers = Bucket(
        capacity: TransportLimits.strangerHandshakes, refill: TransportLimits.strangerHandshakeRefill)

    /// Keys or addresses that are remembered. Those that were quiet for some seconds are forgotten before another is added.
    static let remembered = 4096

    /// Creates a pace at which nobody has shaken hands.
    public init() {}

    /// Whether a member's handshake may succeed now.
    public mutating func admits(member key: TransportKey, at now: ContinuousClock.Instant) -> Bool {
        let full = Bucket(capacity: TransportLimits.memberHandshakes, refill: TransportLimits.memberHandshakeRefill)
        return Self.take(&members, key, full, at: now)
    }

    /// Whether the handshake of a stranger may succeed now.
    ///
    /// - Parameter address: where it comes from; empty where the transport cannot tell.
    public mutating func admits(strangerFrom address: String, at now: ContinuousClock.Instant) -> Bool {
        let full = Bucket(capacity: TransportLimits.addressHandshakes, refill: TransportLimits.addressHandshakeRefill)
        return Self.take(&addresses, address, full, at: now) && strangers.take(at: now)
    }

    private static func take<Key: Hashable>(
        _ buckets: inout [Key: Bucket], _ key: Key, _ full: Bucket, at now: ContinuousClock.Instant
    ) -> Bool {
        if buckets[key] == nil {
            if buckets.count >= remembered {
                buckets = buckets.filter { entry in
                    var bucket = entry.value
                    return !bucket.isFull(at: now)
                }
            }
            guard buckets.count < remembered else { return false }
            buckets[key] = full
        }
        return buckets[key]?.take(at: now) ?? false
    }
}
