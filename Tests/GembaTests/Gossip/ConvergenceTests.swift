import GembaCausality
import GembaSimulation
import GembaWire
import Testing

@testable import GembaGossip

@Suite("Sessions bring nodes together")
struct ConvergenceTests {
    @Test("Equal vectors cost one hello and one root for each kind in each direction")
    func equal() {
        let simulation = GossipSimulation(seed: 1, nodes: 2)
        for _ in 0..<20 { simulation.preload(simulation.randomReplica(), count: 3, at: [0, 1]) }
        simulation.preload(simulation.randomReplica(), count: 3, kind: .roster, at: [0, 1])
        simulation.connect(0, 1)
        simulation.run(for: 1500)
        #expect(simulation.sent == ["hello": 2, "root": 4])
        #expect(simulation.sentBytes < 600)
        #expect(simulation.session(of: 0)?.isSettled(.data) == true)
        #expect(simulation.session(of: 1)?.isSettled(.data) == true)
    }

    @Test("200 replicas take one round trip of vectors", arguments: [1, 50, 200])
    func oneRoundTrip(differing: Int) {
        let simulation = GossipSimulation(seed: 2, nodes: 2)
        for index in 0..<200 {
            let replica = simulation.randomReplica()
            simulation.preload(replica, count: 2, at: [0, 1])
            if index < differing { simulation.preload(replica, count: 1, at: [index % 2]) }
        }
        simulation.connect(0, 1)
        #expect(simulation.run(for: 1500) { simulation.isConverged })
        // The question, its answer, and the differences that the answer asked for.
        #expect(simulation.sent["vector", default: 0] <= 3)
        #expect(simulation.now <= 60)
    }

    @Test("5,000 replicas of which few differ take a walk that is logarithmic in them")
    func tree() {
        let simulation = GossipSimulation(seed: 3, nodes: 2)
        for index in 0..<5000 {
            let replica = simulation.randomReplica()
            simulation.preload(replica, count: 1, at: [0, 1])
            if index < 10 { simulation.preload(replica, count: 1, at: [index % 2]) }
        }
        simulation.connect(0, 1)
        #expect(simulation.run(for: 1500) { simulation.isConverged })
        #expect(simulation.sent["vector", default: 0] <= 5)
        #expect(simulation.sentBytes < 30_000)
    }

    @Test("Any difference converges in few frames when nothing is lost", arguments: UInt64(0)..<50)
    func difference(seed: UInt64) {
        let simulation = GossipSimulation.randomPlant(seed: seed, nodes: 2)
        simulation.connect(0, 1)
        #expect(simulation.run(for: 3000) { simulation.isConverged }, "seed \(seed)")
        simulation.run(for: 1000)
        #expect(simulation.endings.isEmpty)
        #expect(simulation.sent.values.reduce(0, +) < 40, "seed \(seed): \(simulation.sent)")
    }

    @Test("S1: under loss, duplication and reordering everything arrives in bounded time", arguments: 0..<20)
    func lossy(block: UInt64) {
        for seed in (block * 100)..<(block * 100 + 100) {
            var random = SeededGenerator(seed: seed)
            let simulation = GossipSimulation.randomPlant(seed: seed, nodes: Int.random(in: 2...3, using: &random))
            simulation.faults = SimulatedFaults(
                loss: 0.2, duplication: 0.1, reordering: random.chance(0.5) ? 0.1 : 0, latency: 1...40,
                storeLatency: 0...20, usesCodec: seed % 10 == 0)
            for node in simulation.nodes.indices.dropFirst() { simulation.connect(node - 1, node) }
            for _ in 0..<10 {
                simulation.run(for: 100)
                let node = Int.random(in: simulation.nodes.indices, using: &random)
                simulation.write(ReplicaID(rawValue: UInt128(1000 + node)), at: node)
            }
            let converged = simulation.run(for: 120_000) { simulation.isConverged }
            #expect(converged, "seed \(seed)")
            #expect(simulation.endings.allSatisfy { $0.end.code == nil }, "seed \(seed)")
            guard converged else { return }
        }
    }
}
