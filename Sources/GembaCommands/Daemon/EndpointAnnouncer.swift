import GembaStore
import GembaTrust
import Logging
import Synchronization

/// Publishes where a daemon listens, as soon as it listens everywhere, the station is a member, and it has met another one.
///
/// A machine that was put back to an earlier state learns of what it lost from whom it meets. What it wrote into its roster log before
/// would be a second history of that. Where nobody is met the statement serves nobody, either; after ten minutes it is made.
///
/// It says here that it listens after the first attempt: who reads that may invite somebody, and the invitation names what is
/// published.
final class EndpointAnnouncer: Sendable {
    private let replica: Replica
    private let expected: Int
    private let logger: Logger
    private let announce: @Sendable ([String]) -> Void

    private struct State {
        var listening: [String] = []
        var isDue = false
        var isAnnounced = true
        /// Calls to skip before the next attempt: a station that waits to become a member asks its database seldom.
        var pause = 0
    }
    private let state = Mutex(State())

    /// Calls of ``publishIfPossible(hasMetMember:)`` between two attempts.
    private static let pause = 20
    private static let patience = Duration.seconds(600)
    private let start = ContinuousClock.now

    /// - Parameter announce: told all endpoints once they are published, or cannot be yet.
    init(replica: Replica, expected: Int, logger: Logger, announce: @escaping @Sendable ([String]) -> Void) {
        self.replica = replica
        self.expected = expected
        self.logger = logger
        self.announce = announce
        // Who listens nowhere says so, or others would go on dialling where it listened before.
        if expected == 0 { state.withLock { $0.isDue = true } }
    }

    /// Notes an endpoint.
    func add(_ endpoint: String) {
        state.withLock { state in
            if state.listening.count == expected { state.listening.removeAll() }
            state.listening.append(endpoint)
            state.isDue = state.listening.count == expected
            state.isAnnounced = !state.isDue
            state.pause = 0
        }
    }

    /// Has what is listened on published again: the addresses behind it may be others.
    func renew() {
        state.withLock { state in
            state.isDue = state.listening.count == expected
            state.pause = 0
        }
    }

    /// Where others reach what is listened on now, as far as it is known.
    var reachable: [String] {
        state.withLock { $0.listening }.flatMap(MachineAddresses.reachable)
    }

    /// Publishes what is not published yet. Called several times a second.
    ///
    /// - Parameter hasMetMember: see `Engine.hasMetMember`.
    func publishIfPossible(hasMetMember: Bool) {
        let endpoints = state.withLock { state -> [String]? in
            guard state.isDue else { return nil }
            guard state.pause == 0 else {
                state.pause -= 1
                return nil
            }
            state.pause = Self.pause
            return state.listening
        }
        guard let endpoints else { return }
        defer { announceOnce(endpoints) }
        guard hasMetMember || start.duration(to: .now) > Self.patience else { return }
        let reachable = endpoints.flatMap(MachineAddresses.reachable).filter {
            $0.utf8.count <= RosterMember.maximumEndpointBytes
        }
        do {
            guard try replica.roster().members[replica.identity.stationKey] != nil else { return }
            try replica.publish(endpoints: Array(reachable.prefix(RosterMember.maximumEndpoints)))
            state.withLock { $0.isDue = false }
        } catch {
            logger.error("the endpoints could not be published", metadata: ["error": "\(error)"])
        }
    }

    private func announceOnce(_ endpoints: [String]) {
        let isNew = state.withLock { state in
            defer { state.isAnnounced = true }
            return !state.isAnnounced
        }
        if isNew { announce(endpoints) }
    }
}
