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
    /// Invariant: how many of `guests` have each key.
    private var guestsOfKey: [TransportKey: Int] = [:]
    private var pace = HandshakePace()
    private var lastHandshake: UInt64 = 0

    init(admission: @escaping @Sendable (TransportKey) -> Admission) {
        self.admission = admission
    }

    /// Judges a key that is shaking hands.
    ///
    /// - Parameter address: where the connection comes from; empty where that cannot be told.
    /// - Returns: the number of the handshake, or nil when it must fail.
    mutating func admit(_ key: TransportKey, from address: String, at now: ContinuousClock.Instant) -> UInt64? {
        let verdict = admission(key)
        guard guestsOfKey[key, default: 0] < TransportLimits.linksPerKey else { return nil }
        switch verdict {
        case .refused: return nil
        case .member: guard hasMemberRoom(at: now), pace.admits(member: key, at: now) else { return nil }
        case .lobby: guard hasLobbyRoom(at: now), pace.admits(strangerFrom: address, at: now) else { return nil }
        }
        lastHandshake += 1
        guests[lastHandshake] = Guest(
            key: key, isLobby: verdict == .lobby, expiry: now.advanced(by: SocketProfile.silence))
        guestsOfKey[key, default: 0] += 1
        return lastHandshake
    }

    /// Lets a guest in that has spoken for the first time.
    /// - Returns: its key, or nil when the handshake is unknown or its key is no longer welcome.
    mutating func seat(_ handshake: UInt64) -> TransportKey? {
        guard let guest = guests[handshake], guest.expiry != nil else { return nil }
        guard admission(guest.key) != .refused else {
            dismiss(handshake)
            return nil
        }
        guests[handshake]?.expiry = nil
        return guest.key
    }

    /// Forgets a guest whose link has ended.
    mutating func dismiss(_ handshake: UInt64) {
        guard let guest = guests.removeValue(forKey: handshake) else { return }
        let remaining = guestsOfKey[guest.key, default: 1] - 1
        guestsOfKey[guest.key] = remaining > 0 ? remaining : nil
    }

    /// Forgets those who have not spoken in time.
    mutating func dismissSilent(at now: ContinuousClock.Instant) {
        for (handshake, guest) in guests where guest.expiry.map({ $0 <= now }) ?? false { dismiss(handshake) }
    }

    /// Whether there is a place for a member.
    private mutating func hasMemberRoom(at now: ContinuousClock.Instant) -> Bool {
        if guests.count < TransportLimits.memberLinks { return true }
        dismissSilent(at: now)
        return guests.values.count { !$0.isLobby } < TransportLimits.memberLinks
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
