import GembaStore
import GembaTrust
import Logging
import Synchronization

/// Publishes where a daemon listens, as soon as it listens everywhere and the station is a member.
final class EndpointAnnouncer: Sendable {
    private let replica: Replica
    private let expected: Int
    private let logger: Logger

    private struct State {
        var listening: [String] = []
        var isDue = false
        /// Calls to skip before the next attempt: a station that waits to become a member asks its database seldom.
        var pause = 0
    }
    private let state = Mutex(State())

    /// Calls of ``publishIfPossible()`` between two attempts.
    private static let pause = 20

    init(replica: Replica, expected: Int, logger: Logger) {
        self.replica = replica
        self.expected = expected
        self.logger = logger
        // Who listens nowhere says so, or others would go on dialling where it listened before.
        if expected == 0 { state.withLock { $0.isDue = true } }
    }

    /// Notes an endpoint. Returns whether it was the last one that was waited for.
    func add(_ endpoint: String) -> Bool {
        state.withLock { state in
            if state.listening.count == expected { state.listening.removeAll() }
            state.listening.append(endpoint)
            state.isDue = state.listening.count == expected
            return state.isDue
        }
    }

    /// Publishes what is not published yet. Called several times a second.
    func publishIfPossible() {
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
}
