import Foundation
import GembaGossip
import GembaNode
import GembaStore
import GembaTrust
import GembaWire
import Logging
import Synchronization

/// A machine with a folder, a clock and, while its process runs, a replica and an engine.
final class SimulatedNode {
    let index: Int
    let name: String
    let role: Role
    let folder: String
    let endpoint: String
    let clock: WallClock
    let random: NodeRandomness
    let log: NodeLog
    var schema: Schema
    /// Whether it keeps and passes on what it cannot read.
    let isBlind: Bool

    /// The process; nil while the machine is down or not yet set up.
    var process: Process?
    /// Counts the processes, so that what was scheduled for an earlier one is recognised.
    var generation = 0
    /// Whom the next process dials; empty for the published endpoints.
    var peers: [PeerAddress] = []
    /// The public halves of the station's keys, from its enrolment on.
    var keys: (station: StationKey, transport: TransportKey)?
    /// Nothing is written until the station holds again what others hold of it.
    var awaitsEvidence = false
    /// Whether its program takes no roster entry that removes its own station.
    var isStubborn = false
    /// Whether the machine takes a copied disk for its own.
    var trustsItsDisk = false
    /// Whether the station goes on under a name although it knows that others write under it.
    var isHostile = false
    /// Whether the folder was set up.
    var isSetUp: Bool { keys != nil }

    /// A running process.
    struct Process {
        let replica: Replica
        let engine: Engine
        let transport: SimulatedTransport
    }

    init(
        index: Int, name: String, role: Role, isBlind: Bool, folder: String, clock: WallClock, random: NodeRandomness,
        schema: Schema, log: NodeLog
    ) {
        self.isBlind = isBlind
        self.index = index
        self.name = name
        self.role = role
        self.folder = folder
        self.clock = clock
        self.random = random
        self.schema = schema
        self.log = log
        endpoint = "sim://\(index)"
    }

    func sources(_ calibration: StoreCalibration) -> ReplicaSources {
        var sources = ReplicaSources(
            wallClock: { [clock] in clock.reading }, randomBytes: { [random] in random.bytes($0) }, isDurable: false,
            machine: "machine \(index)")
        sources.calibration = calibration
        if isStubborn { sources.calibration.insert(.keepsOwnMembership) }
        if trustsItsDisk { sources.calibration.insert(.ignoresSideFile) }
        if isHostile { sources.calibration.insert(.keepsForkedName) }
        return sources
    }

    /// Starts a process on a replica that is open.
    ///
    /// - Parameter limits: what sessions wait for and bear.
    func start(_ replica: Replica, on network: SimulatedNetwork, limits: SessionLimits) throws {
        precondition(process == nil, "\(name) runs already")
        generation += 1
        let transport = SimulatedTransport(network: network, node: index)
        let configuration = EngineConfiguration(
            peers: peers, nonce: random.next(), randomNumber: { [random] in random.next() }, limits: limits)
        let engine = try Engine(
            replica: replica, transport: transport, configuration: configuration,
            logger: Logger(label: name) { [log] _ in NodeLogHandler(log) })
        keys = (replica.identity.stationKey, replica.identity.transportKey)
        process = Process(replica: replica, engine: engine, transport: transport)
        let admissions = engine.admissions
        network.attach(index, key: replica.identity.transportKey, endpoint: endpoint) { admissions.admission(of: $0) }
    }

    /// Ends the process without a word. Its connections to the database are closed when this returns.
    func kill(on network: SimulatedNetwork, isSilent: Bool, forgetsFrames: Bool) {
        guard process != nil else { return }
        network.detach(index, isSilent: isSilent, isForgotten: forgetsFrames)
        process?.transport.silence()
        process = nil
        precondition(
            !FileManager.default.fileExists(atPath: folder + "/replica.sqlite-wal"),
            "\(name) still holds its database open")
    }
}

/// The random numbers of one machine. They go on when its disk is put back: chance is not restored.
final class NodeRandomness: Sendable {
    private let generator: Mutex<SeededGenerator>

    init(_ generator: SeededGenerator) { self.generator = Mutex(generator) }

    func next() -> UInt64 { generator.withLock { $0.next() } }
    func bytes(_ count: Int) -> [UInt8] { generator.withLock { $0.bytes(count) } }
}
