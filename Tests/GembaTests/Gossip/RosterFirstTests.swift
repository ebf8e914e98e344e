import GembaCausality
import GembaWire
import Testing

@testable import GembaGossip

@Suite("T1: the roster goes before the data")
struct RosterFirstTests {
    private static let author = ReplicaID(rawValue: 1)
    private static let admission = ReplicaID(rawValue: 1 << 64)

    /// A node with data whose authors the other node learns of only by the roster.
    private static func plant(authors: Int = 1) -> GossipSimulation {
        let simulation = GossipSimulation(seed: 1, nodes: 2)
        for index in 0..<authors {
            // Spread over all prefixes, as hashes are.
            let author = ReplicaID(rawValue: author.rawValue + UInt128(index) << 112)
            let admission = ReplicaID(rawValue: admission.rawValue + UInt128(index) << 112)
            simulation.truth.admission[author] = admission
            simulation.preload(admission, count: 2, kind: .roster, at: [0])
            simulation.preload(author, count: 10, at: [0])
        }
        return simulation
    }

    @Test("No author is unknown when both kinds are new, however long the roster is")
    func order() {
        let simulation = Self.plant(authors: 2000)
        simulation.faults.storeLatency = 0...5
        simulation.filter = { [unowned simulation] end, action in
            if end == 1, case .apply(.data, _) = action { #expect(simulation.nodes[1].roster.vector.count == 2000) }
            return true
        }
        simulation.connect(0, 1)
        #expect(simulation.run(for: 5000) { simulation.isConverged })
    }

    @Test("Data flows although the roster never comes to rest")
    func restlessRoster() {
        let simulation = Self.plant()
        simulation.connect(0, 1)
        for _ in 0..<50 {
            simulation.write(Self.admission, kind: .roster, at: 0)
            simulation.run(for: 3)
        }
        #expect(simulation.nodes[1].data.vector == simulation.nodes[0].data.vector)
    }

    @Test("Data waits no longer than ten seconds for a roster that was announced and does not come")
    func withheldRoster() {
        let simulation = Self.plant()
        simulation.truth.admission = [:]
        simulation.filter = { _, action in
            if case .send(let frame) = action, case .batch(let batch) = frame.message { return batch.kind == .data }
            return true
        }
        simulation.connect(0, 1)
        simulation.run(for: 9000)
        #expect(simulation.nodes[1].data.vector.isEmpty)
        #expect(simulation.run(for: 60_000) { !simulation.nodes[1].data.vector.isEmpty })
    }

    @Test("T4: changes of an unknown author wait for the roster that explains them")
    func unknownAuthor() {
        let simulation = GossipSimulation(seed: 1, nodes: 2)
        simulation.connect(0, 1)
        simulation.run(for: 1000)
        // The roster batch that admits the author is lost, and the data overtakes its repetition.
        var isLossy = true
        simulation.filter = { _, action in
            guard isLossy, case .send(let frame) = action, case .batch(let batch) = frame.message else { return true }
            return batch.kind == .data
        }
        simulation.truth.admission[Self.author] = Self.admission
        simulation.write(Self.admission, kind: .roster, at: 0)
        simulation.write(Self.author, at: 0)
        simulation.run(for: 5)
        isLossy = false
        #expect(simulation.run(for: 1000) { simulation.isConverged })
        #expect(simulation.endings.isEmpty)
    }

    @Test("T4: a roster that comes by another link lets waiting changes through at once")
    func otherLink() {
        let simulation = GossipSimulation(seed: 1, nodes: 2)
        simulation.connect(0, 1)
        simulation.run(for: 1000)
        simulation.truth.admission[Self.author] = Self.admission
        simulation.write(Self.author, at: 0)
        simulation.run(for: 400)
        #expect(!simulation.isConverged)
        simulation.write(Self.admission, kind: .roster, at: 1)
        #expect(simulation.run(for: 30) { simulation.nodes[1].data.vector == simulation.nodes[0].data.vector })
    }

    @Test("T4: an author whom nobody explains holds nobody else up, and is asked about ever more rarely")
    func neverExplained() {
        let simulation = GossipSimulation(seed: 1, nodes: 2)
        simulation.limits.batchBytes = 300
        simulation.truth.admission[Self.author] = Self.admission
        simulation.write(Self.author, at: 0)
        for index in 0..<30 { simulation.preload(ReplicaID(rawValue: UInt128(index + 100)), count: 2, at: [0]) }
        var attempts = 0
        simulation.filter = { _, action in
            if case .apply(.data, let runs) = action, runs.contains(where: { $0.replica == Self.author }) {
                attempts += 1
            }
            return true
        }
        simulation.connect(0, 1)
        simulation.run(for: 500)
        #expect(simulation.nodes[1].data.vector.count == 30)
        simulation.run(for: 600_000)
        #expect(simulation.endings.isEmpty)
        #expect((5...20).contains(attempts), "\(attempts)")
        simulation.write(Self.admission, kind: .roster, at: 0)
        #expect(simulation.run(for: 200) { simulation.isConverged })
    }

    @Test("A roster log that one side does not recognise does not delay the data")
    func contested() {
        let simulation = Self.plant()
        // Node 1 will never take this one, as when two stations joined by one invitation.
        let contested = ReplicaID(rawValue: 77)
        simulation.truth.dependencies[Dot(contested, 0)] = [Dot(ReplicaID(rawValue: 78), 0)]
        simulation.preload(contested, count: 1, kind: .roster, at: [0])
        simulation.connect(0, 1)
        #expect(simulation.run(for: 300) { simulation.nodes[1].data.vector == simulation.nodes[0].data.vector })
        simulation.run(for: 100_000)
        #expect(simulation.endings.isEmpty)
    }
}
