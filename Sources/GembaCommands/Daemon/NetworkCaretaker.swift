import Logging
import Synchronization

/// Has a daemon's sockets made anew when the machine was asleep or its addresses changed.
final class NetworkCaretaker: Sendable {
    private struct State {
        var watch = MachineWatch()
        var calls = 0
    }

    private let supervisor: NodeSupervisor
    private let announcer: EndpointAnnouncer
    private let logger: Logger
    private let state = Mutex(State())

    /// Calls of ``tend()`` between two looks; it is called some twenty times a second.
    private static let interval = 40

    init(supervisor: NodeSupervisor, announcer: EndpointAnnouncer, logger: Logger) {
        self.supervisor = supervisor
        self.announcer = announcer
        self.logger = logger
    }

    /// Called several times a second.
    ///
    /// - Returns: whether it looked, which it does every other second or so.
    @discardableResult
    func tend() -> Bool {
        let isDue = state.withLock { state in
            defer { state.calls = (state.calls + 1) % Self.interval }
            return state.calls == 0
        }
        guard isDue else { return false }
        if let change = state.withLock({ $0.watch.look(.now()) }) { takeUp(change) }
        return true
    }

    private func takeUp(_ change: MachineWatch.Change) {
        logger.notice(
            "the machine's network is another",
            metadata: [
                "slept": "\(change.slept)", "lost": "\(change.lost.sorted())", "gained": "\(change.gained.sorted())",
            ])
        supervisor.takeUp(change)
        announcer.renew()
    }
}
