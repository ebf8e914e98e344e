public import GembaGossip
import GembaStore
import GembaTrust
import GembaWire
import Logging

/// What is known of the neighbourhood, and what this node tells it.
struct DiscoveryDesk {
    let seal: BeaconSeal
    var neighbourhood = Neighbourhood()
    /// Where this node answers, for its own beacons.
    var endpoints: [String] = []
    var nextBeacon: Instant?
    var lastCounter: UInt64 = 0
    /// Opening a beacon costs a signature to be verified; a plant of some hundred stations sends fewer.
    var pace = TokenBucket<Instant>(capacity: 128, refill: .milliseconds(20))
}

extension Engine {
    /// Where this node answers, as its beacons say; empty sends none.
    public var announcedEndpoints: [String] {
        get { discovery.endpoints }
        set {
            let endpoints = Array(
                newValue.filter { (1...Limits.endpointBytes).contains($0.utf8.count) }.prefix(Limits.beaconEndpoints))
            guard endpoints != discovery.endpoints else { return }
            discovery.endpoints = endpoints
            discovery.nextBeacon = nil
        }
    }

    /// Takes in a datagram that a radio brought. Whoever sent it, it changes nothing but where a member is looked for.
    public func hear(_ datagram: [UInt8], at moment: Moment) {
        guard discovery.pace.take(at: moment.instant), let beacon = discovery.seal.open(datagram),
            beacon.station != replica.identity.stationKey, roster.members[beacon.station] != nil,
            discovery.neighbourhood.hear(beacon, at: moment.instant)
        else { return }
        logger.debug("a neighbour was heard", metadata: ["station": "\(beacon.station)"])
        dial(at: moment)
    }

    /// The datagram that a radio should send now, or nil when none is due.
    public func beacon(at moment: Moment) -> [UInt8]? {
        guard !discovery.endpoints.isEmpty, roster.members[replica.identity.stationKey] != nil,
            discovery.nextBeacon.map({ $0 <= moment.instant }) ?? true
        else { return nil }
        discovery.nextBeacon = moment.instant.advanced(by: Neighbourhood.period)
        // A wall clock that was put back must not make beacons old.
        discovery.lastCounter = max(discovery.lastCounter + 1, min(moment.wallClock, UInt64(Int64.max) / 2))
        let beacon = replica.identity.makeBeacon(
            counter: discovery.lastCounter, endpoints: discovery.endpoints, plant: replica.plant)
        let nonce = (0..<2).flatMap { _ in withUnsafeBytes(of: configuration.randomNumber()) { Array($0) } }
        return discovery.seal.seal(beacon, nonce: Array(nonce.prefix(BeaconSeal.nonceBytes)))
    }

    /// Where members were heard lately, with their keys. One that is reached already is not dialled a second time; a link that
    /// was dialled there is kept when beacons cease.
    func neighbours(at moment: Moment) -> [PeerAddress] {
        discovery.neighbourhood.keep { roster.members[$0] != nil }
        guard !discovery.neighbourhood.isEmpty else { return [] }
        let dialled = Set(links.values.map(\.direction))
        var found = discovered.filter { dialled.contains(.dialled($0.key)) }
        let connected = connectedStations
        for station in discovery.neighbourhood.stations {
            guard let member = roster.members[station] else { continue }
            for endpoint in discovery.neighbourhood.endpoints(of: station, at: moment.instant) {
                if connected.contains(station), targets[endpoint] == nil { continue }
                found[endpoint] = found[endpoint] ?? member.transport
            }
        }
        return found.sorted { $0.key < $1.key }.map { PeerAddress(endpoint: $0.key, transport: $0.value) }
    }
}
