import GembaCausality
public import GembaGossip
public import GembaWire

/// Where a peer can be dialled.
public struct PeerAddress: Hashable, Sendable {
    /// A ZeroMQ endpoint such as `tcp://relay.example:7700`.
    public var endpoint: String
    /// The key that the peer must prove, or nil to find it among the members.
    public var transport: TransportKey?

    /// Creates an address.
    public init(endpoint: String, transport: TransportKey? = nil) {
        self.endpoint = endpoint
        self.transport = transport
    }

    /// Reads `ENDPOINT` or `ENDPOINT#KEY`, with the key in hexadecimal; nil when the key is malformed.
    public init?(_ text: String) {
        let parts = text.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        endpoint = String(parts[0])
        if parts.count == 2 {
            guard let key = TransportKey(hexadecimal: parts[1]) else { return nil }
            transport = key
        }
    }
}

/// How an engine is set up.
public struct EngineConfiguration: Sendable {
    /// Who is dialled. Empty: the endpoints that members publish in the roster.
    public var peers: [PeerAddress]
    /// Random for each process; tells two processes of one station apart.
    public var nonce: UInt64
    /// Fresh random numbers for session ids.
    public var randomNumber: @Sendable () -> UInt64
    /// What sessions wait for and bear.
    public var limits: SessionLimits
    /// Whether the engine has the replica's pages looked through once a day, and damaged ones mended.
    public var caresForPages: Bool

    /// Creates a configuration.
    public init(
        peers: [PeerAddress], nonce: UInt64, randomNumber: @escaping @Sendable () -> UInt64,
        limits: SessionLimits = SessionLimits(), caresForPages: Bool = false
    ) {
        self.peers = peers
        self.nonce = nonce
        self.randomNumber = randomNumber
        self.limits = limits
        self.caresForPages = caresForPages
    }
}
