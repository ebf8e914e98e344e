public import GembaWire
internal import Synchronization

/// The network that connects the ``InProcessTransport``s of one process.
///
/// A test cuts and heals it: ``cut(_:_:)`` closes the links between two keys and keeps them from opening.
public final class InProcessHub: Sendable {
    private let network = Mutex(InProcessNetwork())

    /// Creates a hub that connects nobody yet.
    public init() {}

    /// A transport that is known by `key` and, while it runs, accepts links at the endpoints `listen`, which are any
    /// text.
    public func transport(key: TransportKey, listen: [String] = []) -> InProcessTransport {
        let (wakeUps, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let node = network.withLock { $0.addNode(key: key, listen: listen, wake: wake) }
        return InProcessTransport(hub: self, node: node, key: key, wakeUps: wakeUps)
    }

    /// Closes the links between two keys, and keeps them from opening until ``heal(_:_:)``.
    public func cut(_ one: TransportKey, _ other: TransportKey) {
        network.withLock { $0.cut(one, other) }
    }

    /// Lets links between two keys open again.
    public func heal(_ one: TransportKey, _ other: TransportKey) {
        network.withLock { $0.heal(one, other) }
    }
}

// MARK: - What transports ask

extension InProcessHub {
    typealias NodeID = InProcessNetwork.NodeID

    func start(_ node: NodeID, admission: @escaping @Sendable (TransportKey) -> Admission) throws(TransportError) {
        try network.withLock { (network) throws(TransportError) in try network.start(node, admission: admission) }
    }

    /// Ends all that `node` has, and returns the last events it is due.
    func stop(_ node: NodeID) -> [TransportEvent] { network.withLock { $0.stop(node) } }

    func forget(_ node: NodeID) { network.withLock { $0.forget(node) } }

    func dial(_ endpoint: String, peer: TransportKey, from node: NodeID) {
        network.withLock { $0.dial(endpoint, peer: peer, from: node) }
    }

    func hangUp(_ endpoint: String, from node: NodeID) {
        network.withLock { $0.hangUp(endpoint, from: node) }
    }

    func wakeIfDialling(_ node: NodeID) { network.withLock { $0.wakeIfDialling(node) } }

    func nextEvent(of node: NodeID) -> TransportEvent? { network.withLock { $0.nextEvent(of: node) } }

    func send(_ frame: [UInt8], on link: LinkID, from node: NodeID) -> Bool {
        network.withLock { $0.send(frame, on: link, from: node) }
    }

    func close(_ link: LinkID, by node: NodeID) {
        network.withLock { network in
            guard network.holds(link, node) else { return }
            network.closeLink(link)
        }
    }

    /// Tries every endpoint that `node` dials and has no link to.
    ///
    /// The listener's admission is asked outside the lock, because it may itself call the hub.
    func connect(_ node: NodeID) {
        for call in network.withLock({ $0.calls(of: node) }) {
            let verdict = call.admission(call.key)
            if verdict == .lobby { promoteGuests(of: call) }
            network.withLock { $0.connect(call, verdict) }
        }
    }

    /// Frees the lobby places of those who have become members since they came.
    private func promoteGuests(of call: InProcessNetwork.Call) {
        for (link, key) in network.withLock({ $0.guests(of: call.listener) }) where call.admission(key) == .member {
            network.withLock { $0.promote(link) }
        }
    }
}
