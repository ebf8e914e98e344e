import GembaCausality
import GembaWire
import Testing

@testable import GembaGossip

@Suite("The exchange of checkpoints")
struct CheckpointExchangeTests {
    /// Two nodes of which the first holds a long log, and what it offers instead.
    private func simulation(seed: UInt64, chunks: Int) -> GossipSimulation {
        let simulation = GossipSimulation(seed: seed, nodes: 2)
        simulation.limits.checkpointChanges = 100
        simulation.preload(simulation.randomReplica(), count: 500, at: [0])
        simulation.checkpoint = (manifest(chunks: chunks), simulation.nodes[0].data)
        return simulation
    }

    private func manifest(chunks: Int, version: UInt128 = 1) -> SignedManifest {
        let hashes = (0..<chunks).map { ChunkHash(rawValue: .init(high: UInt128($0), low: version)) }
        return SignedManifest(
            manifest: CheckpointManifest(
                plant: PlantID(rawValue: .init(high: 7, low: 7)), maker: StationKey(rawValue: .init(high: 1, low: 0)),
                made: .init(milliseconds: 1, counter: 0), roster: [], entries: 500, rows: 500,
                state: StateDigest(rawValue: .init(high: 1, low: 1)), chunkBytes: 64 << 10,
                bytes: UInt64(chunks) << 16, chunks: hashes),
            signature: [UInt8](repeating: 0, count: 64))
    }

    @Test(
        "who is far behind gets a checkpoint, then the tail, and its own changes go the other way meanwhile (C9, C16)")
    func farBehind() {
        let simulation = simulation(seed: 1, chunks: 40)
        let own = simulation.randomReplica()
        simulation.preload(own, count: 5, at: [1])
        simulation.preload(simulation.randomReplica(), count: 10, at: [0])
        simulation.connect(0, 1)
        // The checkpoint holds nothing of what the taker wrote.
        simulation.run(for: 60_000) { simulation.nodes[0].data.vector[own] != nil }
        #expect(simulation.nodes[0].data.vector[own] == 4)
        #expect(simulation.run(for: 60_000) { simulation.nodes[1].chunks.count == 40 })
        #expect(simulation.sent["chunk"] == 40)
        #expect(simulation.endings.isEmpty)
    }

    @Test("who is near is streamed to (C9)")
    func near() {
        let simulation = GossipSimulation(seed: 2, nodes: 2)
        simulation.limits.checkpointChanges = 100
        let replica = simulation.randomReplica()
        simulation.preload(replica, count: 500, at: [0, 1])
        simulation.preload(replica, count: 99, at: [0])
        simulation.checkpoint = (manifest(chunks: 4), simulation.nodes[0].data)
        simulation.connect(0, 1)
        #expect(simulation.run(for: 60_000) { simulation.isConverged })
        #expect(simulation.sent["offer"] == nil)
    }

    @Test("who cannot make a checkpoint streams")
    func withoutCheckpoint() {
        let simulation = simulation(seed: 3, chunks: 4)
        simulation.checkpoint = nil
        simulation.connect(0, 1)
        #expect(simulation.run(for: 60_000) { simulation.isConverged })
    }

    @Test("loss, repetition and broken links only delay, and no chunk that is kept is fetched again", arguments: 1...20)
    func faults(seed: Int) {
        let simulation = simulation(seed: UInt64(seed), chunks: 120)
        simulation.faults.loss = 0.15
        simulation.faults.duplication = 0.1
        simulation.faults.reordering = 0.1
        for time in stride(from: 3_000, to: 30_000, by: 4_000) {
            simulation.schedule(.script { simulation.cutAll() }, in: time)
        }
        simulation.connect(0, 1)
        #expect(simulation.run(for: 900_000) { simulation.isConverged }, "seed \(seed)")
        let fetched = simulation.sent["chunk"] ?? 0
        #expect(fetched >= 120 && fetched < 400, "seed \(seed): \(fetched) chunks were sent")
        #expect(simulation.endings.isEmpty, "seed \(seed): \(simulation.endings)")
    }

    @Test("a checkpoint that its giver has no more gives way to the one that it has (C11a)", arguments: 1...10)
    func replaced(seed: Int) {
        let simulation = simulation(seed: UInt64(seed), chunks: 120)
        simulation.faults.loss = 0.05
        simulation.connect(0, 1)
        #expect(simulation.run(for: 120_000) { simulation.nodes[1].chunks.count >= 20 }, "seed \(seed)")
        let newer = manifest(chunks: 130, version: 2)
        simulation.checkpoint = (newer, simulation.nodes[0].data)
        #expect(simulation.run(for: 900_000) { simulation.isConverged }, "seed \(seed)")
        #expect(simulation.nodes[1].taken == newer.manifest.id && simulation.nodes[1].chunks.count == 130)
        #expect(simulation.endings.isEmpty, "seed \(seed): \(simulation.endings)")
    }

    @Test("when its giver has a checkpoint no more and no other, it streams (C11a)")
    func vanished() {
        let simulation = simulation(seed: 4, chunks: 120)
        simulation.connect(0, 1)
        #expect(simulation.run(for: 60_000) { simulation.nodes[1].chunks.count >= 20 })
        simulation.checkpoint = nil
        #expect(simulation.run(for: 60_000) { simulation.isConverged })
    }

    @Test("a peer that does not know checkpoints is streamed to")
    func capability() {
        #expect(!Hello.unaware.knowsCheckpoints)
    }
}

extension Hello {
    fileprivate static var unaware: Hello {
        Hello(
            lowestVersion: 1, highestVersion: 1, plant: PlantID(rawValue: .init(high: 7, low: 7)),
            station: StationKey(rawValue: .init(high: 1, low: 0)), nonce: 1, wallClock: 0, tip: nil, held: [])
    }
}
