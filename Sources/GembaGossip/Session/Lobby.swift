internal import GembaWire

/// What a stranger has used up of its stay.
///
/// Source: the bounds of unauthenticated state are those that RULES T7 sets for all links together, applied to one.
struct Lobby: Sendable {
    private let deadline: Instant
    private var remainingBytes: Int

    init(since now: Instant, limits: SessionLimits) {
        deadline = now.advanced(by: limits.lobbyTime)
        remainingBytes = limits.lobbyBytes
    }

    /// Counts a frame.
    mutating func admit(bytes: Int) throws(ProtocolViolation) {
        remainingBytes -= bytes
        guard remainingBytes >= 0 else {
            throw ProtocolViolation(.lobbyTimeout, "too many bytes before membership was shown")
        }
    }

    func check(at now: Instant) throws(ProtocolViolation) {
        guard now < deadline else { throw ProtocolViolation(.lobbyTimeout, "membership was not shown in time") }
    }
}
