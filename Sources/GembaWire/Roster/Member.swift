/// What a member may do; see the table of rights in `GembaTrust`.
public enum Role: UInt8, Sendable, CaseIterable {
    /// A machine on the floor.
    case station = 0
    /// A laptop that travels.
    case liaison = 1
    /// A machine that stores and forwards, and writes no data.
    case relay = 2
    /// A station whose people decide on members.
    case admin = 3
}

/// A member as its founding or join act describes it; its signing key is the station key of its log.
public struct Member: Hashable, Sendable {
    /// The station's short code, by which people and ticket numbers name it.
    public var name: String
    /// What it may do.
    public var role: Role
    /// Its key for links.
    public var transport: TransportKey
    /// Its key for epoch keys.
    public var sealing: SealingKey

    /// Creates a member from its parts.
    public init(name: String, role: Role, transport: TransportKey, sealing: SealingKey) {
        self.name = name
        self.role = role
        self.transport = transport
        self.sealing = sealing
    }
}
