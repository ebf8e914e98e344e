public import GembaWire

/// Where members answered lately, as their beacons said: hints, which expire.
///
/// They are kept by station and never by endpoint, so that whatever is said about an endpoint, it is dialled with the key of
/// the station that signed for it.
public struct Neighbourhood: Sendable {
    /// How long a beacon counts: three may be lost on a busy network.
    public static let life = Duration.seconds(35)
    /// How often a station sends one.
    public static let period = Duration.seconds(10)

    private struct Neighbour: Sendable {
        /// Kept when the rest has expired, so that a beacon which is played again stays old.
        var counter: UInt64
        var endpoints: [String]
        var heard: Instant
    }

    private var neighbours: [StationKey: Neighbour] = [:]

    /// Knows nobody.
    public init() {}

    /// Takes in a beacon whose signature was verified and whose station is a member.
    ///
    /// - Returns: false for one that is not newer than what was heard of the station before.
    @discardableResult
    public mutating func hear(_ beacon: Beacon, at now: Instant) -> Bool {
        if let known = neighbours[beacon.station], beacon.counter <= known.counter { return false }
        neighbours[beacon.station] = Neighbour(counter: beacon.counter, endpoints: beacon.endpoints, heard: now)
        return true
    }

    /// Where a station says that it answers; empty when it has not said so lately.
    public func endpoints(of station: StationKey, at now: Instant) -> [String] {
        guard let neighbour = neighbours[station], neighbour.heard.duration(to: now) < Self.life else { return [] }
        return neighbour.endpoints
    }

    /// Whether nobody was ever heard.
    public var isEmpty: Bool { neighbours.isEmpty }

    /// All stations that were ever heard, in the order of their keys.
    public var stations: [StationKey] { neighbours.keys.sorted() }

    /// Forgets stations that are no members any more.
    public mutating func keep(_ isMember: (StationKey) -> Bool) {
        neighbours = neighbours.filter { isMember($0.key) }
    }
}
