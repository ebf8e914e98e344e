/// The body of entry 0: it makes the replica's identity self-certifying.
public struct Genesis: Hashable, Sendable {
    /// What the log holds.
    public var kind: LogKind
    /// Nil only in the founder's roster log, whose hash is the plant's name.
    public var plant: PlantID?
    /// The station whose key signs the log.
    public var station: StationKey
    /// 16 random bytes: two clones that open an incarnation in the same state get different names.
    public var random: [UInt8]
    /// Counts the databases of a station, for people; 1 is the first.
    public var incarnation: UInt64
    /// The tips of earlier replicas of the same station that this one continues, sorted by replica.
    public var predecessors: [ChangeReference]
    /// Entries of roster logs that admit the station, sorted by replica; empty when it founds the plant.
    public var rosterFrontier: [ChangeReference]
    /// Present exactly when `plant` is nil.
    public var founding: Founding?

    /// Creates a genesis from its parts.
    public init(
        kind: LogKind, plant: PlantID?, station: StationKey, random: [UInt8], incarnation: UInt64,
        predecessors: [ChangeReference] = [], rosterFrontier: [ChangeReference] = [], founding: Founding? = nil
    ) {
        self.kind = kind
        self.plant = plant
        self.station = station
        self.random = random
        self.incarnation = incarnation
        self.predecessors = predecessors
        self.rosterFrontier = rosterFrontier
        self.founding = founding
    }
}

/// What kind of log a genesis opens.
public enum LogKind: UInt8, Sendable, CaseIterable {
    /// The changes of one replica.
    case data = 0
    /// The acts of membership of one station.
    case roster = 1
}

/// What founds a plant.
public struct Founding: Hashable, Sendable {
    /// The plant's name, for people.
    public var plantName: String
    /// The Ed25519 public key that outranks every member; its private half is kept offline.
    public var recovery: StationKey
    /// The first member, an admin.
    public var founder: Member

    /// Creates a founding from its parts.
    public init(plantName: String, recovery: StationKey, founder: Member) {
        self.plantName = plantName
        self.recovery = recovery
        self.founder = founder
    }
}
