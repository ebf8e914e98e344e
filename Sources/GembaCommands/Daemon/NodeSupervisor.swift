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
    private let hasBeacons: Bool
    private let logger: Logger

    private struct State {
        var isStopping = false
        /// The transport is to be replaced without further waiting.
        var isHurried = false
        var node: Node?
    }
    private let state = Mutex(State())

    /// A transport that failed is started again after at least the first and at most the second.
    private static let restart = Duration.milliseconds(500)...Duration.seconds(30)
    /// A run that lasted this long was a success.
    private static let lasting = Duration.seconds(60)

    /// - Parameter hasBeacons: whether beacons are sent and heard.
    init(
        replica: Replica, listen: [String], peers: [PeerAddress], hasBeacons: Bool = false, logger: Logger
    ) {
        self.replica = replica
        self.listen = listen
        self.peers = peers
        self.hasBeacons = hasBeacons
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

    /// Takes up that the machine slept or has other addresses. Everything is dialled at once; and when an address is gone that
    /// was listened on, or one that could not be listened on is there, the sockets are bound anew.
    func takeUp(_ change: MachineWatch.Change) {
        let hosts = listen.compactMap(Self.host)
        let isBoundElsewhere = hosts.contains { change.lost.contains($0) || change.gained.contains($0) }
        let node = state.withLock { state in
            state.isHurried = isBoundElsewhere
            return state.node
        }
        if isBoundElsewhere { node?.stop() } else { node?.redial(cutting: change.breaksLinks) }
    }

    /// The host of an endpoint, such as an address that may come and go.
    private static func host(of endpoint: String) -> String? {
        guard endpoint.hasPrefix("tcp://"), let colon = endpoint.lastIndex(of: ":") else { return nil }
        return String(endpoint[..<colon].dropFirst(6))
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
        let node = Node(
            replica, transport: transport, peers: peers, logger: logger, radio: hasBeacons ? MulticastRadio() : nil)
        return state.withLock { state in
            if state.isStopping { return nil }
            state.node = node
            state.isHurried = false
            return node
        }
    }

    /// Waits, in steps so short that a stop is not held up.
    private func wait(_ duration: Duration) async throws {
        let end = ContinuousClock.now.advanced(by: duration)
        while ContinuousClock.now < end, !state.withLock({ $0.isStopping || $0.isHurried }) {
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}
