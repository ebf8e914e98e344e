public import GembaWire

/// What a session is given when a link comes up.
public struct SessionConfiguration: Hashable, Sendable {
    /// The station of this node.
    public var station: StationKey
    /// The plant that both ends must belong to.
    public var plant: PlantID
    /// Random for each process.
    public var nonce: UInt64
    /// Random for each session.
    public var session: SessionID
    /// Which end dialled.
    public var direction: LinkDirection
    /// How the ends stand to the roster.
    public var standing: SessionStanding
    /// The member to which the link's transport key belongs, or nil when the roster does not know the key.
    public var expectedStation: StationKey?
    /// The tip of this node's current data log, or nil before its first change.
    public var tip: ChangeReference?
    /// The newest signed heads held of the peer's data logs; those beyond ``Limits/heldHeads`` are left out.
    public var held: [SignedHead]
    /// Times, windows and budgets.
    public var limits: SessionLimits

    /// Creates a configuration.
    public init(
        station: StationKey, plant: PlantID, nonce: UInt64, session: SessionID, direction: LinkDirection,
        standing: SessionStanding, expectedStation: StationKey? = nil, tip: ChangeReference? = nil,
        held: [SignedHead] = [], limits: SessionLimits = SessionLimits()
    ) {
        self.station = station
        self.plant = plant
        self.nonce = nonce
        self.session = session
        self.direction = direction
        self.standing = standing
        self.expectedStation = expectedStation
        self.tip = tip
        self.held = held
        self.limits = limits
    }
}

/// Which end of a link dialled.
public enum LinkDirection: Hashable, Sendable {
    case dialled
    case accepted
}

/// How the two ends of a link stand to the roster, as this end knows it.
public enum SessionStanding: Hashable, Sendable {
    /// Both are members: everything flows.
    case members
    /// The peer is not known as a member: it is in the lobby and has to show a roster that admits it, within
    /// ``SessionLimits/lobbyTime`` and ``SessionLimits/lobbyBytes`` (T7). Becomes ``members`` by an upgrade.
    case strangerPeer
    /// This node is enrolling and the peer, whose key came with the invitation, is its host: only the roster flows, and
    /// the host sets the limits. Becomes ``members`` by an upgrade.
    case enrolling
}
