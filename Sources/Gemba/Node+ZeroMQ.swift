public import GembaNode
public import GembaStore
import GembaTrust
import GembaZeroMQ
public import Logging

/// How a node reaches others; it is bound to the station's keys when the node is made.
public struct NodeTransport: Sendable {
    let make: @Sendable (StationIdentity) -> any Transport

    /// Links over ZeroMQ, encrypted and authenticated by CURVE.
    ///
    /// - Parameter endpoints: where to accept links, such as `tcp://*:7700`; without any, links are only dialled.
    public static func zeroMQ(listen endpoints: String...) -> NodeTransport {
        NodeTransport { identity in
            ZeroMQTransport(
                listen: endpoints, secret: identity.transportSecret, publicKey: identity.transportKey)
        }
    }
}

extension Node {
    /// Creates a node that uses the replica's own keys.
    ///
    /// ```swift
    /// try await Node(replica, transport: .zeroMQ(listen: "tcp://*:7700")).run()
    /// ```
    ///
    /// - Parameter peers: who is dialled; empty dials the endpoints that members publish.
    public convenience init(
        _ replica: Replica, transport: NodeTransport, peers: [PeerAddress] = [],
        logger: Logger = Logger(label: "gemba")
    ) {
        self.init(replica, transport: transport.make(replica.identity), peers: peers, logger: logger)
    }
}
