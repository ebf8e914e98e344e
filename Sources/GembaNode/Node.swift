import Dispatch
public import GembaGossip
public import GembaStore
import GembaTrust
import GembaWire
public import Logging
import Synchronization

/// Runs a replica on a network: drives an ``Engine`` with real time and a real transport.
///
/// The engine belongs to one serial queue, on which its reads and writes of the database may block; no thread of Swift's
/// cooperative pool ever waits for a disk or a socket.
///
/// ```swift
/// let node = try Node(replica, transport: ZeroMQTransport(listen: ["tcp://*:7700"], …), peers: [])
/// try await node.run()
/// ```
public final class Node: Sendable {
    private let replica: Replica
    private let transport: any Transport
    private let peers: [PeerAddress]
    private let logger: Logger
    private let limits: SessionLimits
    private let radio: (any Radio)?
    private let queue = DispatchQueue(label: "gemba.node", qos: .userInitiated)
    private let intake = NodeIntake()
    private let isStopping = Mutex(false)

    /// How often the database is asked whether another process wrote to it.
    private static let poll = Duration.milliseconds(50)
    /// How often peers' status is written down for other processes to show.
    private static let statusPeriod = Duration.seconds(1)
    /// How long good-byes may take to leave the machine.
    private static let farewell = Duration.milliseconds(100)

    /// - Parameters:
    ///   - peers: who is dialled; empty dials the endpoints that members publish.
    ///   - limits: what sessions wait for and bear.
    ///   - radio: by which beacons go and come; nil for none.
    public init(
        _ replica: Replica, transport: any Transport, peers: [PeerAddress], logger: Logger,
        limits: SessionLimits = SessionLimits(), radio: (any Radio)? = nil
    ) {
        self.replica = replica
        self.transport = transport
        self.peers = peers
        self.logger = logger
        self.limits = limits
        self.radio = radio
    }

    /// Has all endpoints dialled at once, as after the machine's sleep or when its addresses changed; see
    /// ``Transport/redial(cutting:)``.
    public func redial(cutting: Bool) { transport.redial(cutting: cutting) }

    /// Has ``run(onListening:observe:)`` take leave of all peers and return.
    public func stop() { isStopping.withLock { $0 = true } }

    /// Runs until ``stop()``, until the task is cancelled, or until the transport fails for good.
    ///
    /// - Parameters:
    ///   - onListening: told each endpoint on which links are accepted.
    ///   - observe: called on the engine's own queue several times a second; must not block.
    public func run(
        onListening: @escaping @Sendable (String) -> Void = { _ in },
        observe: @escaping @Sendable (Engine) -> Void = { _ in }
    ) async throws {
        let driver = try EngineDriver(
            queue: queue, intake: intake, replica: replica, transport: transport, radio: radio, peers: peers,
            logger: logger, limits: limits)
        let subscription = replica.onCommit { driver.noticeCommit() }
        defer { withExtendedLifetime(subscription) {} }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [transport, intake] in
                try await transport.run(
                    admission: { driver.admissions.admission(of: $0) },
                    onEvent: { event in
                        if case .listening(let endpoint) = event { onListening(endpoint) }
                        if let crowded = intake.add(event) { transport.close(crowded) }
                        driver.wake()
                    })
            }
            group.addTask { [self] in
                var elapsed = Duration.zero
                while !isStopping.withLock({ $0 }) {
                    try await Task.sleep(for: Self.poll)
                    elapsed += Self.poll
                    let isStatusDue = elapsed >= Self.statusPeriod
                    if isStatusDue { elapsed = .zero }
                    await driver.tick(savingStatus: isStatusDue, observe: observe)
                }
                await driver.stop()
                try await Task.sleep(for: Self.farewell)
            }
            if let radio {
                group.addTask { [logger] in
                    do {
                        try await radio.run(onDatagram: { driver.hear($0) })
                    } catch {
                        logger.warning("no beacons are heard or sent", metadata: ["error": "\(error)"])
                        while !Task.isCancelled { try await Task.sleep(for: .seconds(3600)) }
                    }
                }
            }
            if replica.isSearchable {
                group.addTask { [replica, logger] in
                    try await replica.keepSearchIndex(onFailure: { error in
                        logger.error("the search index could not be kept", metadata: ["error": "\(error)"])
                    })
                }
            }
            defer { group.cancelAll() }
            do {
                try await group.next()
            } catch is CancellationError {
                await driver.stop()
                throw CancellationError()
            }
        }
    }
}

/// Brings events and time to the engine, on the engine's queue.
///
/// `@unchecked Sendable`: the engine is touched only in closures on `queue`.
private final class EngineDriver: @unchecked Sendable {
    let admissions: AdmissionTable
    private let engine: Engine
    private let queue: DispatchQueue
    /// Where jobs of the engine run, one at a time.
    private let workshop = DispatchQueue(label: "gemba.node.workshop", qos: .utility)
    private let intake: NodeIntake
    private let replica: Replica
    private let radio: (any Radio)?
    private let logger: Logger
    private let start = ContinuousClock.now
    /// Datagrams that wait for the engine. More than it opens in a second are dropped.
    private let datagrams = Atomic(0)
    private static let mostDatagrams = 64
    /// Whether a look at what this process wrote is on its way.
    private let isCommitNoticed = Atomic(false)
    /// When this station last acknowledged what it holds, so that others may fold it.
    private var acknowledged: ContinuousClock.Instant
    /// How many refusals were written down; a new node writes its zero.
    private var savedRefusals: UInt64?

    init(
        queue: DispatchQueue, intake: NodeIntake, replica: Replica, transport: any Transport, radio: (any Radio)?,
        peers: [PeerAddress], logger: Logger, limits: SessionLimits
    ) throws {
        self.radio = radio
        self.queue = queue
        self.intake = intake
        self.replica = replica
        self.logger = logger
        let nonce = UInt64.random(in: .min ... .max)
        engine = try Engine(
            replica: replica, transport: transport,
            configuration: EngineConfiguration(
                peers: peers, nonce: nonce, randomNumber: { UInt64.random(in: .min ... .max) }, limits: limits,
                caresForPages: true),
            logger: logger)
        admissions = engine.admissions
        acknowledged = start - Self.acknowledgement + Self.firstAcknowledgement
    }

    /// How often a station acknowledges what it holds, unless it writes anyway.
    private static let acknowledgement = Duration.seconds(86_400)
    /// A machine that runs for a shift acknowledges within it.
    private static let firstAcknowledgement = Duration.seconds(3_600)

    private func acknowledge() {
        guard start.duration(to: .now) > start.duration(to: acknowledged) + Self.acknowledgement else { return }
        acknowledged = .now
        do {
            guard try replica.roster().members[replica.identity.stationKey]?.may(.writeData) == true else { return }
            try replica.acknowledge()
        } catch {
            logger.warning("what is held could not be acknowledged", metadata: ["error": "\(error)"])
        }
    }

    private var now: Moment {
        Moment(instant: Instant(start.duration(to: .now)), wallClock: replica.wallClock)
    }

    /// Has the engine take in a datagram of the radio.
    func hear(_ datagram: [UInt8]) {
        guard datagrams.add(1, ordering: .relaxed).newValue <= Self.mostDatagrams else {
            datagrams.subtract(1, ordering: .relaxed)
            return
        }
        queue.async { [self] in
            datagrams.subtract(1, ordering: .relaxed)
            engine.hear(datagram, at: now)
        }
    }

    /// Has the engine take in what has arrived.
    func wake() {
        guard intake.claimWakeUp() else { return }
        queue.async { [self] in
            intake.endWakeUp()
            while let event = intake.next() { engine.take(event, at: now) }
            while engine.applyNext(at: now) {}
            startJobs()
        }
    }

    /// Has the jobs that the engine wants done run beside it. On `queue`.
    private func startJobs() {
        for job in engine.takeJobs() {
            workshop.async { [self] in
                let result = job.run(on: replica)
                queue.async { [self] in
                    engine.finish(result, at: now)
                    startJobs()
                }
            }
        }
    }

    /// Has the engine send what this process has just written.
    func noticeCommit() {
        guard !isCommitNoticed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        queue.async { [self] in
            isCommitNoticed.store(false, ordering: .releasing)
            engine.noticeLocalChanges(at: now)
        }
    }

    func tick(savingStatus: Bool, observe: @escaping @Sendable (Engine) -> Void) async {
        await withCheckedContinuation { continuation in
            queue.async { [self] in
                engine.tick(at: now)
                startJobs()
                observe(engine)
                if let radio, let beacon = engine.beacon(at: now) { radio.send(beacon) }
                if savingStatus, !engine.isInstalling {
                    saveStatus()
                    acknowledge()
                }
                continuation.resume()
            }
        }
    }

    func stop() async {
        await withCheckedContinuation { continuation in
            queue.async { [self] in
                engine.stop(at: now)
                saveStatus()
                continuation.resume()
            }
        }
    }

    private func saveStatus() {
        let changed = engine.takeChangedPeers()
        let refusals = engine.counts.refusals
        if changed.isEmpty, refusals == savedRefusals { return }
        do {
            try replica.save(engine.counts, changed)
            savedRefusals = refusals
        } catch {
            logger.error("the peers' status could not be saved", metadata: ["error": "\(error)"])
        }
    }
}
