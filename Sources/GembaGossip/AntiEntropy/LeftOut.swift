/// Whether runs had to be left out of a round's stream, and when the next round asks for them again.
///
/// A run whose author or dependencies are unknown holds nobody else up: the runs around it are applied, its place in the
/// window is given back, and a later round brings it again.
struct LeftOut: Sendable {
    private(set) var waitsForRoster = false
    private var retry: Instant?
    private var wait: Patience
    private var noted = Instant()
    /// Whether the latest round began after the whole wait, and not sooner for another reason.
    private var hasWaited = false

    init(limits: SessionLimits) { wait = Patience(from: limits.leftOutRetry, to: limits.greatestPatience) }

    mutating func note(_ lack: ApplyOutcome.Lack, at now: Instant) {
        if lack == .roster { waitsForRoster = true }
        guard retry == nil else { return }
        // Trouble that returns as soon as it was given another chance is the same trouble.
        if noted.duration(to: now) > wait.current * 4 {
            wait.reset()
        } else if hasWaited {
            wait.grow()
        }
        noted = now
        retry = now.advanced(by: wait.current)
    }

    func isDue(at now: Instant) -> Bool { retry.map { $0 <= now } ?? false }

    /// A round has begun, which brings everything again.
    mutating func noteBeginning(at now: Instant) {
        hasWaited = isDue(at: now)
        waitsForRoster = false
        retry = nil
    }
}
