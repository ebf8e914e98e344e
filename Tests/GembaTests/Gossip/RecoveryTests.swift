import GembaCausality
import GembaWire
import Testing

@testable import GembaGossip

@Suite("Sessions recover from what the wire does")
struct RecoveryTests {
    private static let replica = ReplicaID(rawValue: 42)

    /// Two nodes, of which the first has something to send of both kinds.
    private static func pair(seed: UInt64 = 1) -> GossipSimulation {
        let simulation = GossipSimulation(seed: seed, nodes: 2)
        simulation.preload(ReplicaID(rawValue: 7 << 100), count: 3, kind: .roster, at: [0])
        for index in 0..<80 {
            simulation.preload(ReplicaID(rawValue: UInt128(index + 1) << 120), count: 2, at: [0, 1])
        }
        simulation.preload(ReplicaID(rawValue: 3 << 120), count: 5, at: [0])
        simulation.preload(ReplicaID(rawValue: 4 << 120), count: 5, at: [1])
        return simulation
    }

    @Test("The loss of any single frame is made good within seconds")
    func anySingleLoss() {
        var frame = 0
        while true {
            let simulation = Self.pair()
            var count = 0
            simulation.filter = { _, action in
                guard case .send = action else { return true }
                defer { count += 1 }
                return count != frame
            }
            simulation.connect(0, 1)
            simulation.run(for: 300)
            simulation.write(Self.replica, at: 0)
            #expect(simulation.run(for: 8000) { simulation.isConverged }, "without frame \(frame)")
            simulation.run(for: 4000)
            #expect(simulation.endings.isEmpty)
            let ends = simulation.ends.values
            #expect(ends.allSatisfy { !$0.session.data.outgoing.isUnacknowledged }, "without frame \(frame)")
            #expect(
                ends.allSatisfy { $0.session.data.isSettled },
                "without frame \(frame): \(ends.map { "\($0.session.data.phase) \($0.session.data.round)" })")
            guard count > frame else { break }
            frame += 1
        }
        #expect(frame > 15)
    }

    @Test("The loss of any two frames is made good, too", arguments: 0..<16)
    func anyTwoLosses(first: Int) {
        for second in (first + 1)..<18 {
            let simulation = Self.pair()
            var count = 0
            simulation.filter = { _, action in
                guard case .send = action else { return true }
                defer { count += 1 }
                return count != first && count != second
            }
            simulation.connect(0, 1)
            simulation.run(for: 300)
            simulation.write(Self.replica, at: 0)
            #expect(simulation.run(for: 15_000) { simulation.isConverged }, "without frames \(first) and \(second)")
            #expect(simulation.endings.isEmpty)
        }
    }

    @Test("Any single frame that comes twice, or late, changes nothing", arguments: [0, 30, 700])
    func anySingleRepetition(delay: Int) {
        for frame in 0..<20 {
            let simulation = Self.pair()
            var count = 0
            simulation.filter = { [unowned simulation] end, action in
                guard case .send(let sent) = action, let peer = simulation.ends[end]?.peer else { return true }
                if count == frame { simulation.schedule(.frame(sent, bytes: 100, to: peer), in: 5 + delay) }
                count += 1
                return true
            }
            simulation.connect(0, 1)
            #expect(simulation.run(for: 3000) { simulation.isConverged })
            simulation.run(for: 5000)
            #expect(simulation.endings.isEmpty, "with frame \(frame) twice")
            #expect(simulation.sent["root", default: 0] <= 8)
        }
    }

    @Test("A lost last batch is noticed by the pulses that follow it")
    func lostTail() {
        let simulation = Self.pair()
        simulation.connect(0, 1)
        #expect(simulation.run(for: 1000) { simulation.isConverged })
        simulation.run(for: 1000)
        simulation.faults.loss = 1
        simulation.write(Self.replica, at: 0)
        simulation.run(for: 1)
        simulation.faults.loss = 0
        #expect(!simulation.isConverged)
        let before = simulation.now
        #expect(simulation.run(for: 10_000) { simulation.isConverged })
        #expect(simulation.now - before < 4000)
    }

    @Test("Canary: without pulses and patience a lost tail stays lost")
    func canary() {
        let simulation = Self.pair()
        simulation.limits.probe = .seconds(3600)
        simulation.limits.idlePulse = .seconds(3600)
        simulation.limits.busyPulse = .seconds(3600)
        simulation.limits.silence = .seconds(3600)
        simulation.limits.stall = .seconds(3600)
        simulation.connect(0, 1)
        simulation.run(for: 1000)
        simulation.faults.loss = 1
        simulation.write(Self.replica, at: 0)
        simulation.run(for: 1)
        simulation.faults.loss = 0
        #expect(!simulation.run(for: 60_000) { simulation.isConverged })
    }

    @Test("A link that is cut at any frame resumes under a new session")
    func cutAnywhere() {
        var frame = 0
        while true {
            let simulation = Self.pair()
            simulation.limits.batchBytes = 300
            var count = 0
            simulation.filter = { [unowned simulation] end, action in
                guard case .send = action else { return true }
                if count == frame { simulation.schedule(.script { simulation.cut(end) }, in: 0) }
                count += 1
                return true
            }
            simulation.connect(0, 1)
            #expect(simulation.run(for: 8000) { simulation.isConverged }, "cut at frame \(frame)")
            guard count > frame else { break }
            frame += 1
        }
        #expect(frame > 15)
    }

    @Test("Links that are cut again and again make progress", arguments: UInt64(0)..<30)
    func cutOften(seed: UInt64) {
        let simulation = GossipSimulation.randomPlant(seed: seed, nodes: 3)
        simulation.faults = SimulatedFaults(loss: 0.05, latency: 1...30, storeLatency: 0...10)
        simulation.limits.batchBytes = 500
        simulation.connect(0, 1)
        simulation.connect(1, 2)
        for _ in 0..<40 {
            simulation.run(for: Int.random(in: 50...600, using: &simulation.random))
            simulation.cutAll()
        }
        #expect(simulation.run(for: 60_000) { simulation.isConverged }, "seed \(seed)")
    }

    @Test("A peer that restarts on the same link is compared with anew, roster first")
    func restart() {
        let simulation = Self.pair()
        simulation.connect(0, 1)
        #expect(simulation.run(for: 1000) { simulation.isConverged })
        // Node 1 comes back from an older image, under another session id, without the link being noticed.
        guard let id = simulation.ends.keys.sorted().last, let end = simulation.ends[id] else { return }
        simulation.nodes[1].data = ModelLog(kind: .data, truth: simulation.truth)
        simulation.nodes[1].roster = ModelLog(kind: .roster, truth: simulation.truth)
        var configuration = end.session.configuration
        configuration.session = SessionID(rawValue: 99)
        configuration.nonce = 99
        simulation.ends[id]?.session = Session(configuration)
        simulation.input(id) { $0.start(at: $1) }
        #expect(simulation.run(for: 2000) { simulation.isConverged })
        #expect(simulation.endings.isEmpty)
    }

    @Test("A peer of whom nothing is heard is given up after ten seconds, not before")
    func silence() {
        let simulation = Self.pair()
        simulation.redials = false
        simulation.connect(0, 1)
        simulation.run(for: 5000)
        simulation.faults.loss = 1
        simulation.run(for: 7000)
        #expect(simulation.endings.isEmpty)
        simulation.run(for: 4000)
        #expect(simulation.endings.count == 2)
        #expect(simulation.endings.allSatisfy { $0.end.code == nil })
    }

    @Test("G20: one seed gives one run")
    func determinism() {
        func trace() -> [String] {
            let simulation = GossipSimulation.randomPlant(seed: 5, nodes: 3)
            simulation.faults = SimulatedFaults(loss: 0.2, duplication: 0.1, reordering: 0.1, latency: 1...40)
            simulation.trace = []
            simulation.connect(0, 1)
            simulation.connect(1, 2)
            simulation.run(for: 5000)
            return simulation.trace ?? []
        }
        let first = trace()
        #expect(first.count > 20)
        #expect(zip(first, trace()).first { $0 != $1 } == nil)
    }
}
