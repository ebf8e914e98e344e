internal import GembaCausality
internal import GembaNode
internal import GembaWire

/// Decides which handshakes succeed, and remembers those that did until their link ends.
///
/// Each success has a number of its own, which the library attaches to every message of that connection. A link is
/// known by it and by nothing that a peer may claim or that the system may use again, such as a descriptor.
struct Doorkeeper {
    /// The property of messages that carries the number of their handshake.
    static let handshakeProperty = "Gemba-Handshake"

    /// A handshake that succeeded.
    struct Guest {
        let key: TransportKey
        var isLobby: Bool
        /// When the guest is forgotten unless it has spoken; nil once it has.
        var expiry: ContinuousClock.Instant?
    }

    private let admission: @Sendable (TransportKey) -> Admission
    private var guests: [UInt64: Guest] = [:]
    private var lastHandshake: UInt64 = 0

    init(admission: @escaping @Sendable (TransportKey) -> Admission) {
        self.admission = admission
    }

    /// Judges a key that is shaking hands.
    /// - Returns: the number of the handshake, or nil when it must fail.
    mutating func admit(_ key: TransportKey, at now: ContinuousClock.Instant) -> UInt64? {
        let verdict = admission(key)
        guard verdict != .refused, verdict == .member || hasLobbyRoom(at: now) else { return nil }
        lastHandshake += 1
        guests[lastHandshake] = Guest(
            key: key, isLobby: verdict == .lobby, expiry: now.advanced(by: SocketProfile.silence))
        return lastHandshake
    }

    /// Lets a guest in that has spoken for the first time.
    /// - Returns: its key, or nil when the handshake is unknown or its key is no longer welcome.
    mutating func seat(_ handshake: UInt64) -> TransportKey? {
        guard let guest = guests[handshake], guest.expiry != nil else { return nil }
        guard admission(guest.key) != .refused else {
            guests[handshake] = nil
            return nil
        }
        guests[handshake]?.expiry = nil
        return guest.key
    }

    /// Forgets a guest whose link has ended.
    mutating func dismiss(_ handshake: UInt64) { guests[handshake] = nil }

    /// Forgets those who have not spoken in time.
    mutating func dismissSilent(at now: ContinuousClock.Instant) {
        guests = guests.filter { $0.value.expiry.map { $0 > now } ?? true }
    }

    /// Whether the lobby has a place: those who stayed silent, and those who have become members, take none.
    private mutating func hasLobbyRoom(at now: ContinuousClock.Instant) -> Bool {
        dismissSilent(at: now)
        for (handshake, guest) in guests where guest.isLobby && admission(guest.key) == .member {
            guests[handshake]?.isLobby = false
        }
        return guests.values.count { $0.isLobby } < TransportLimits.lobbyLinks
    }
}
