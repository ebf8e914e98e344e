public import GembaWire

/// A transport between nodes of one process, which an ``InProcessHub`` connects.
///
/// It behaves like a network: a dialled endpoint must be held by the expected key, the listener's admission decides at
/// each handshake, queues are bounded, links can be cut at any time, and diallers try again.
public final class InProcessTransport: Transport {
    /// The key that peers see.
    public let key: TransportKey

    private let hub: InProcessHub
    private let node: InProcessHub.NodeID
    private let wakeUps: AsyncStream<Void>

    /// How long a dialler waits before it tries again: long enough to leave others the processor, short in a test.
    private static let redialInterval = Duration.milliseconds(5)

    init(hub: InProcessHub, node: InProcessHub.NodeID, key: TransportKey, wakeUps: AsyncStream<Void>) {
        self.hub = hub
        self.node = node
        self.key = key
        self.wakeUps = wakeUps
    }

    deinit { hub.forget(node) }

    /// Accepts, dials and carries frames until the task is cancelled; called once.
    ///
    /// - Parameters:
    ///   - admission: decides about the keys of diallers; called on their tasks.
    ///   - onEvent: receives what happens, on this task.
    /// - Throws: ``TransportError`` when another transport listens at one of the endpoints.
    public func run(
        admission: @escaping @Sendable (TransportKey) -> Admission,
        onEvent: @escaping @Sendable (TransportEvent) -> Void
    ) async throws {
        try hub.start(node, admission: admission)
        await withTaskGroup { group in
            group.addTask { await self.redialUntilCancelled() }
            for await _ in wakeUps {
                hub.connect(node)
                while let event = hub.nextEvent(of: node) { onEvent(event) }
            }
            group.cancelAll()
        }
        for event in hub.stop(node) { onEvent(event) }
    }

    /// Keeps a link to an endpoint up until ``hangUp(endpoint:)``; see `Transport`.
    public func dial(endpoint: String, peer: TransportKey) { hub.dial(endpoint, peer: peer, from: node) }

    /// Stops dialling an endpoint, and closes its link.
    public func hangUp(endpoint: String) { hub.hangUp(endpoint, from: node) }

    /// Offers a frame to a link; false when nothing was sent.
    @discardableResult
    public func send(_ frame: [UInt8], on link: LinkID) -> Bool { hub.send(frame, on: link, from: node) }

    /// Ends a link now; see `Transport`.
    public func close(_ link: LinkID) { hub.close(link, by: node) }

    private func redialUntilCancelled() async {
        while (try? await Task.sleep(for: Self.redialInterval)) != nil {
            hub.wakeIfDialling(node)
        }
    }
}
