import GembaCausality
import GembaGossip
import GembaStore
import GembaTrust
import GembaWire
import Logging
import Synchronization
import Testing

@testable import GembaNode

/// Engines joined by links on which a test loses what it likes, in virtual time.
private final class EngineBench {
    /// Keeps what one engine sends until the bench delivers it.
    private final class Outbox: Transport {
        private let frames = Mutex<[(link: LinkID, bytes: [UInt8])]>([])

        func run(
            admission: @escaping @Sendable (TransportKey) -> Admission,
            onEvent: @escaping @Sendable (TransportEvent) -> Void
        ) async throws {}
        func dial(endpoint: String, peer: TransportKey) {}
        func hangUp(endpoint: String) {}
        func close(_ link: LinkID) {}
        func send(_ frame: [UInt8], on link: LinkID) -> Bool {
            frames.withLock { $0.append((link, frame)) }
            return true
        }

        func take() -> [(link: LinkID, bytes: [UInt8])] {
            frames.withLock { frames in
                defer { frames = [] }
                return frames
            }
        }
    }

    let engines: [Engine]
    private let outboxes: [Outbox]
    /// The other end of each link.
    private var peers: [LinkID: (engine: Int, link: LinkID)] = [:]
    private var elapsed = Duration.zero
    /// Whether a message from an engine is lost.
    var loses: (Int, Message) -> Bool = { _, _ in false }

    init(_ replicas: [Replica], limits: SessionLimits) throws {
        let outboxes = replicas.map { _ in Outbox() }
        self.outboxes = outboxes
        engines = try replicas.indices.map { index in
            let numbers = Atomic<UInt64>(UInt64(index) << 32)
            return try Engine(
                replica: replicas[index], transport: outboxes[index],
                configuration: EngineConfiguration(
                    peers: [], nonce: UInt64(index), randomNumber: { numbers.add(1, ordering: .relaxed).newValue },
                    limits: limits),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        }
    }

    private var moment: Moment {
        Moment(instant: Instant(elapsed), wallClock: 1_760_000_000_000 + UInt64(elapsed / .milliseconds(1)))
    }

    func connect(_ dialler: Int, _ listener: Int) {
        let (near, far) = (LinkID.unused(), LinkID.unused())
        peers[near] = (listener, far)
        peers[far] = (dialler, near)
        let keys = engines.map(\.replica.identity.transportKey)
        engines[dialler].handle(
            .opened(near, peer: keys[listener], direction: .dialled("\(listener)")), at: moment)
        engines[listener].handle(.opened(far, peer: keys[dialler], direction: .accepted), at: moment)
    }

    /// Lets time pass until the condition holds, for so long at most.
    func run(for duration: Duration, until condition: () throws -> Bool) throws -> Bool {
        let end = elapsed + duration
        while elapsed < end {
            elapsed += .milliseconds(250)
            for engine in engines {
                engine.tick(at: moment)
                for job in engine.takeJobs() { engine.finish(job.run(on: engine.replica), at: moment) }
            }
            try deliver()
            if try condition() { return true }
        }
        return false
    }

    private func deliver() throws {
        for (index, outbox) in outboxes.enumerated() {
            for (link, bytes) in outbox.take() {
                guard let peer = peers[link], !loses(index, try Frame(decoding: bytes).message) else { continue }
                engines[peer.engine].handle(.received(peer.link, bytes), at: moment)
            }
        }
    }
}

@Suite("Where a checkpoint is taken from")
struct CheckpointSourceTests {
    /// A plant with a founder who wrote a lot, and how much that is.
    private func plant() throws -> (TestPlant, SessionLimits) {
        let plant = try TestPlant()
        for number in 0..<60 {
            try plant.founder.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("part \(number)")]) }
        }
        var limits = SessionLimits()
        limits.checkpointChanges = 20
        return (plant, limits)
    }

    @Test("A newer checkpoint takes the place of the one whose chunks were on their way (C11a)")
    func replaced() throws {
        let (plant, limits) = try plant()
        let (a, b) = (plant.founder, try plant.enrol("L3"))
        let bench = try EngineBench([a, b], limits: limits)
        var lost = 0
        bench.loses = { _, message in
            guard case .chunk = message, lost == 0 else { return false }
            lost += 1
            return true
        }
        bench.connect(1, 0)
        #expect(try bench.run(for: .seconds(20)) { lost == 1 })
        // As for another peer, which is below a floor that has risen since.
        try a.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("one more")]) }
        let newer = try a.makeCheckpoint()
        #expect(try bench.run(for: .seconds(60)) { try a.digest() == b.digest() })
        #expect(try b.checkpoint()?.signed.manifest.id == newer.manifest.id)
    }

    @Test("Who gets no chunks from one member takes a checkpoint from another in the end")
    func silent() throws {
        let (plant, limits) = try plant()
        let (a, b, c) = (plant.founder, try plant.enrol("L3"), try plant.enrol("L4"))
        try b.pull(.roster, from: a)
        try b.pull(.data, from: a)
        let bench = try EngineBench([a, b, c], limits: limits)
        bench.loses = { sender, message in if case .chunk = message { sender == 0 } else { false } }
        bench.connect(2, 0)
        #expect(try bench.run(for: .seconds(20)) { bench.engines[2].checkpointSource != nil })
        bench.connect(2, 1)
        #expect(try bench.run(for: .seconds(900)) { try b.digest() == c.digest() })
        #expect(bench.engines[2].checkpointSource == nil)
    }
}
