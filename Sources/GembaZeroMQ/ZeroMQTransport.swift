internal import Foundation
public import GembaNode
public import GembaWire
internal import Synchronization

/// Links over ZeroMQ (libzmq 4.3), encrypted and authenticated by CURVE (RFC 26).
///
/// All sockets belong to one thread, which exists while ``run(admission:onEvent:)`` does. Other threads leave their
/// wishes in a mailbox and ring a bell. A peer is known by the key it proved to hold at the handshake, never by a name
/// it claims. Each attempt to dial has a socket of its own and waits are spread by chance; the library's own dialling
/// again is off.
public final class ZeroMQTransport: Transport {
    private let listen: [String]
    private let secret: [UInt8]
    private let publicKey: TransportKey
    private let plant: PlantID?
    private let mailbox = Mailbox()
    private let desk = Mutex<KeyDesk?>(nil)

    /// Creates a transport that does nothing before it runs.
    ///
    /// - Parameters:
    ///   - listen: where to accept links: `tcp://ADDRESS:PORT`, where port 0 lets the system choose, or `ipc://PATH`.
    ///     May be empty. The event ``TransportEvent/listening(_:)`` tells each actual endpoint.
    ///   - secret: the private half of the station's transport key, 32 bytes.
    ///   - publicKey: the public half, by which peers know this node.
    ///   - plant: whose members are told, on the UDP port beside each TCP endpoint, which key answers there, and are
    ///     asked the same; nil neither tells nor asks.
    public init(listen: [String], secret: [UInt8], publicKey: TransportKey, plant: PlantID? = nil) {
        precondition(secret.count == 32, "a CURVE secret has 32 bytes, not \(secret.count)")
        self.listen = listen
        self.secret = secret
        self.publicKey = publicKey
        self.plant = plant
    }

    /// Listens, dials and carries frames until the task is cancelled; called once.
    ///
    /// Ends with a ``TransportEvent/closed(_:)`` for every link, and leaves no socket open.
    ///
    /// - Parameters:
    ///   - admission: decides about the keys of diallers; called on the socket thread, so it must not block.
    ///   - onEvent: receives what happens; called on the socket thread. While it blocks, no link is served.
    /// - Throws: ``TransportError`` when an endpoint cannot be listened on, or the sockets fail for good. Nothing is
    ///   left open then, and a new transport may be tried.
    public func run(
        admission: @escaping @Sendable (TransportKey) -> Admission,
        onEvent: @escaping @Sendable (TransportEvent) -> Void
    ) async throws {
        precondition(mailbox.start(), "a transport runs once")
        let configuration = Configuration(
            listen: try listen.map(Self.endpoint), secret: secret, publicKey: publicKey)
        let desk = plant.map { KeyDesk(plant: $0, key: publicKey, report: onEvent) }
        self.desk.withLock { $0 = desk }
        defer {
            desk?.close()
            // What it reports to may hold this transport.
            self.desk.withLock { $0 = nil }
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let thread = Thread { [mailbox] in
                    continuation.resume(
                        with: Result {
                            try SocketLoop.run(
                                configuration, mailbox: mailbox, admission: admission,
                                report: { event in
                                    if case .listening(let endpoint) = event { desk?.open(at: endpoint) }
                                    onEvent(event)
                                })
                        })
                }
                thread.name = "gemba-sockets"
                thread.start()
            }
        } onCancel: {
            mailbox.stop()
        }
    }

    /// Keeps a link to an endpoint up until ``hangUp(endpoint:)``; see `Transport`.
    public func dial(endpoint: String, peer: TransportKey) { mailbox.dial(endpoint, peer) }

    /// Stops dialling an endpoint, and closes its link.
    public func hangUp(endpoint: String) { mailbox.hangUp(endpoint) }

    /// Makes the next attempt to every dialled endpoint now; see `Transport`.
    public func redial(cutting: Bool) { mailbox.redial(cutting ? .all : .waiting) }

    /// Asks at the UDP port beside a TCP endpoint which key answers there.
    public func inquire(endpoint: String) { desk.withLock { $0 }?.inquire(endpoint: endpoint) }

    /// Offers a frame to a link; false when nothing was sent.
    @discardableResult
    public func send(_ frame: [UInt8], on link: LinkID) -> Bool { mailbox.send(frame, on: link) }

    /// Cuts a link now.
    public func close(_ link: LinkID) { mailbox.close(link) }

    private static func endpoint(_ text: String) throws -> Endpoint {
        guard let endpoint = Endpoint(text) else {
            throw TransportError(
                code: .invalidEndpoint,
                message: "cannot listen at \(text); an endpoint is tcp://ADDRESS:PORT or ipc://PATH")
        }
        return endpoint
    }
}
