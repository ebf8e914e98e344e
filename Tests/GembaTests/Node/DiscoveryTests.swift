import GembaCausality
import GembaGossip
import GembaStore
import GembaTrust
import GembaWire
import Logging
import Synchronization
import Testing

@testable import GembaNode

/// A transport that does nothing and remembers what it was asked to dial.
private final class DialLog: Transport {
    private let state = Mutex<[String: TransportKey]>([:])

    var dialled: [String: TransportKey] { state.withLock { $0 } }

    func run(
        admission: @escaping @Sendable (TransportKey) -> Admission,
        onEvent: @escaping @Sendable (TransportEvent) -> Void
    ) async throws {}
    func dial(endpoint: String, peer: TransportKey) { state.withLock { $0[endpoint] = peer } }
    func hangUp(endpoint: String) { state.withLock { $0[endpoint] = nil } }
    func send(_ frame: [UInt8], on link: LinkID) -> Bool { true }
    func close(_ link: LinkID) {}
}

@Suite("11-discovery: a beacon moves where a member is looked for, and nothing else")
struct DiscoveryTests {
    private let plant: TestPlant
    private let near: Replica
    private let seal: BeaconSeal
    private let log = DialLog()
    private let engine: Engine

    init() throws {
        plant = try TestPlant()
        near = try plant.enrol("L3")
        seal = BeaconSeal(of: plant.founder.plant)
        engine = try Engine(
            replica: plant.founder, transport: log,
            configuration: EngineConfiguration(peers: [], nonce: 1, randomNumber: { 7 }),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func moment(_ seconds: Int = 0) -> Moment {
        Moment(instant: Instant(.seconds(seconds)), wallClock: 1_760_000_000_000 + UInt64(seconds) * 1000)
    }

    private func datagram(
        from identity: StationIdentity, at endpoint: String, counter: UInt64 = 1, plant other: PlantID? = nil
    ) throws -> [UInt8] {
        let plant = other ?? plant.founder.plant
        let beacon = identity.makeBeacon(counter: counter, endpoints: [endpoint], plant: plant)
        return try #require(BeaconSeal(of: plant).seal(beacon, nonce: [UInt8](repeating: 1, count: 12)))
    }

    @Test("B5: a member is dialled where it was heard, with the key that the roster has; then no more")
    func heard() throws {
        engine.tick(at: moment())
        #expect(log.dialled.isEmpty)
        engine.hear(try datagram(from: near.identity, at: "tcp://10.0.0.9:7700"), at: moment(1))
        #expect(log.dialled == ["tcp://10.0.0.9:7700": near.identity.transportKey])
        engine.hear(try datagram(from: near.identity, at: "tcp://10.0.0.10:7700", counter: 2), at: moment(2))
        #expect(log.dialled == ["tcp://10.0.0.10:7700": near.identity.transportKey])
        engine.tick(at: moment(40))
        #expect(log.dialled.isEmpty)
    }

    @Test("A forged, foreign, replayed or damaged one changes nothing")
    func harmless() throws {
        let stranger = StationIdentity.generate()
        let whole = try datagram(from: near.identity, at: "tcp://10.0.0.9:7700", counter: 5)
        var flipped = whole
        flipped[30] ^= 1
        let other = PlantID(rawValue: .init(high: 1, low: 2))
        let beacon = near.identity.makeBeacon(counter: 9, endpoints: ["tcp://10.6.6.6:1"], plant: plant.founder.plant)
        let forged = Beacon(
            station: beacon.station, counter: beacon.counter, endpoints: ["tcp://10.6.6.7:1"],
            signature: beacon.signature)
        let hostile = [
            try datagram(from: stranger, at: "tcp://10.6.6.6:1"), flipped, Array(whole.dropLast()), [],
            try datagram(from: near.identity, at: "tcp://10.6.6.6:1", plant: other),
            try #require(seal.seal(forged, nonce: [UInt8](repeating: 2, count: 12))),
        ]
        for datagram in hostile { engine.hear(datagram, at: moment(1)) }
        #expect(log.dialled.isEmpty)
        engine.hear(whole, at: moment(2))
        engine.hear(try datagram(from: near.identity, at: "tcp://10.0.0.1:7700", counter: 4), at: moment(3))
        #expect(Array(log.dialled.keys) == ["tcp://10.0.0.9:7700"])
    }

    @Test("B7: a flood of datagrams is opened at a pace")
    func flood() throws {
        for counter in 1...UInt64(1000) {
            let endpoint = "tcp://10.0.0.9:\(counter)"
            engine.hear(try datagram(from: near.identity, at: endpoint, counter: counter), at: moment(1))
        }
        #expect(log.dialled.count == 1)
        #expect(log.dialled["tcp://10.0.0.9:1000"] == nil)
    }

    @Test("A node that answers somewhere says so at once, then every ten seconds, and others understand it")
    func sending() throws {
        #expect(engine.beacon(at: moment()) == nil)
        engine.announcedEndpoints = ["tcp://10.0.0.1:7700"]
        let first = try #require(engine.beacon(at: moment(1)))
        #expect(engine.beacon(at: moment(2)) == nil)
        let second = try #require(engine.beacon(at: moment(11)))
        engine.announcedEndpoints = ["tcp://10.0.0.2:7700"]
        let third = try #require(engine.beacon(at: moment(12)))
        let beacons = [first, second, third].compactMap(seal.open)
        #expect(beacons.map(\.endpoints) == [1, 1, 2].map { ["tcp://10.0.0.\($0):7700"] })
        #expect(zip(beacons, beacons.dropFirst()).allSatisfy { $0.counter < $1.counter })
        #expect(beacons.allSatisfy { $0.station == plant.founder.identity.stationKey })
    }

    @Test("B2: of a datagram, strangers see neither plant nor station nor endpoint")
    func hidden() throws {
        let whole = try datagram(from: near.identity, at: "tcp://10.0.0.9:7700")
        let secrets = [plant.founder.plant.bytes, near.identity.stationKey.bytes, Array("10.0.0.9".utf8)]
        for secret in secrets {
            let places = 0...whole.count - secret.count
            let isSeen = places.contains { whole[$0..<$0 + secret.count].elementsEqual(secret) }
            #expect(!isSeen)
        }
        #expect(BeaconSeal(of: PlantID(rawValue: .init(high: 1, low: 2))).open(whole) == nil)
    }
}
