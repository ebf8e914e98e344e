/// The first frame of a session in each direction.
public struct Hello: Hashable, Sendable {
    /// The lowest protocol version that the sender speaks.
    public var lowestVersion: UInt64
    /// The highest protocol version that the sender speaks.
    public var highestVersion: UInt64
    /// The sender's plant.
    public var plant: PlantID
    /// The sender's station.
    public var station: StationKey
    /// Random for each process: tells two processes of one station apart.
    public var nonce: UInt64
    /// What the sender can do beyond the version, bit by bit as listed in the registry; unknown bits are ignored.
    public var capabilities: UInt64
    /// Milliseconds since 1970 by the sender's wall clock, for display only.
    public var wallClock: UInt64
    /// The tip of the sender's current data log, or nil before its first change.
    public var tip: ChangeReference?
    /// The newest signed heads that the sender holds of the receiver's own data logs; at most ``Limits/heldHeads``.
    public var held: [SignedHead]
    /// What later versions say in a hello beyond this, as encoded items.
    public var extensions: [[UInt8]]

    /// Creates a hello from its parts.
    public init(
        lowestVersion: UInt64, highestVersion: UInt64, plant: PlantID, station: StationKey, nonce: UInt64,
        capabilities: UInt64 = 0, wallClock: UInt64, tip: ChangeReference?, held: [SignedHead],
        extensions: [[UInt8]] = []
    ) {
        self.lowestVersion = lowestVersion
        self.highestVersion = highestVersion
        self.plant = plant
        self.station = station
        self.nonce = nonce
        self.capabilities = capabilities
        self.wallClock = wallClock
        self.tip = tip
        self.held = held
        self.extensions = extensions
    }

    /// The capability to offer and to take checkpoints.
    public static let checkpoints: UInt64 = 1 << 0

    /// The capability to take packs.
    public static let packs: UInt64 = 1 << 1

    /// The capability to ask for bodies and to give them.
    public static let backfill: UInt64 = 1 << 2

    /// The capability to compare rows, by the first version of their digest.
    public static let agreement: UInt64 = 1 << 3

    /// Whether the sender compares rows.
    public var knowsAgreement: Bool { capabilities & Self.agreement != 0 }

    /// The capability to be announced changes, and to take part in the tree along which they are sent.
    public static let dissemination: UInt64 = 1 << 5

    /// Whether the sender understands announcements and beacons.
    public var knowsDissemination: Bool { capabilities & Self.dissemination != 0 }

    /// The capability to hold several branches of one log, and to speak of them.
    public static let branches: UInt64 = 1 << 4

    /// Whether the sender holds several branches of one log.
    public var knowsBranches: Bool { capabilities & Self.branches != 0 }

    /// Whether the sender understands the messages about bodies.
    public var knowsBackfill: Bool { capabilities & Self.backfill != 0 }

    /// Whether the sender understands packs.
    public var knowsPacks: Bool { capabilities & Self.packs != 0 }

    /// Whether the sender understands the messages about checkpoints.
    public var knowsCheckpoints: Bool { capabilities & Self.checkpoints != 0 }
}
