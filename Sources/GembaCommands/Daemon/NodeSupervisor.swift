import GembaNode
import GembaStore
import GembaTrust
import GembaWire
import GembaZeroMQ
import Logging
import Synchronization

/// Keeps a node running on a replica until it is told to stop: a transport that fails is replaced after a while.
final class NodeSupervisor: Sendable {
    private let replica: Replica
    private let listen: [String]
    private let peers: [PeerAddress]
    private let logger: Logger

    private struct State {
        var isStopping = false
        var node: Node?
    }
    private let state = Mutex(State())

    /// A transport that failed is started again after at least the first and at most the second.
    private static let restart = Duration.milliseconds(500)...Duration.seconds(30)
    /// A run that lasted this long was a success.
    private static let lasting = Duration.seconds(60)

    init(replica: Replica, listen: [String], peers: [PeerAddress], logger: Logger) {
        self.replica = replica
        self.listen = listen
        self.peers = peers
        self.logger = logger
    }

    /// Has ``run(onListening:observe:)`` end its sessions and return.
    func stop() {
        let node = state.withLock { state in
            state.isStopping = true
            return state.node
        }
        node?.stop()
    }

    /// Runs until ``stop()``.
    ///
    /// - Throws: an error when the first transport cannot start: then the endpoints are wrong and not the network.
    func run(
        onListening: @escaping @Sendable (String) -> Void = { _ in },
        observe: @escaping @Sendable (Engine) -> Void = { _ in }
    ) async throws {
        var backoff = Backoff(Self.restart)
        var generator = SystemRandomNumberGenerator()
        let hasStarted = Mutex(listen.isEmpty)
        while let node = nextNode() {
            let start = ContinuousClock.now
            do {
                try await node.run(
                    onListening: { endpoint in
                        hasStarted.withLock { $0 = true }
                        onListening(endpoint)
                    }, observe: observe)
                if state.withLock({ $0.isStopping }) { return }
                logger.error("the transport ended; it is started again")
            } catch let error where hasStarted.withLock({ $0 }) && !(error is CancellationError) {
                logger.error("the transport failed; it is started again", metadata: ["error": "\(error)"])
            }
            if start.duration(to: .now) >= Self.lasting { backoff.reset() }
            try await wait(backoff.next(using: &generator))
        }
    }

    /// A node with a transport of its own, for a transport runs once; nil when it is time to stop.
    private func nextNode() -> Node? {
        let transport = ZeroMQTransport(
            listen: listen, secret: replica.identity.transportSecret, publicKey: replica.identity.transportKey,
            plant: replica.plant)
        let node = Node(replica, transport: transport, peers: peers, logger: logger)
        return state.withLock { state in
            if state.isStopping { return nil }
            state.node = node
            return node
        }
    }

    /// Waits, in steps so short that a stop is not held up.
    private func wait(_ duration: Duration) async throws {
        let end = ContinuousClock.now.advanced(by: duration)
        while ContinuousClock.now < end, !state.withLock({ $0.isStopping }) {
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}
