import GembaCausality
import GembaWire
import Testing

@testable import GembaGossip

@Suite("T7: the lobby")
struct LobbyTests {
    private static let joiner = ReplicaID(rawValue: 1)
    private static let plant = ReplicaID(rawValue: 2)

    /// Node 0 is the host, node 1 joins. The host shows its roster only to members.
    private static func enrolment() -> GossipSimulation {
        let simulation = GossipSimulation(seed: 1, nodes: 2)
        simulation.redials = false
        simulation.standings = [0: .strangerPeer, 1: .enrolling]
        simulation.preload(plant, count: 50, kind: .roster, at: [0])
        simulation.preload(plant, count: 50, at: [0])
        simulation.preload(joiner, count: 2, kind: .roster, at: [1])
        return simulation
    }

    private func upgrade(_ simulation: GossipSimulation, _ node: Int) {
        for id in simulation.ends.keys.sorted() where simulation.ends[id]?.node == node {
            simulation.input(id) { $0.onUpgrade(at: $1) }
        }
    }

    @Test("A joiner shows its roster log, is upgraded, and gets everything without a new link")
    func enrols() {
        let simulation = Self.enrolment()
        simulation.withholdsRosterFromStrangers = true
        simulation.connect(1, 0)
        #expect(simulation.run(for: 1000) { simulation.nodes[0].roster.vector[Self.joiner] == 1 })
        #expect(simulation.nodes[1].roster.vector[Self.plant] == nil, "a stranger is shown nothing")
        simulation.run(for: 2000)
        upgrade(simulation, 0)
        #expect(simulation.run(for: 1000) { simulation.nodes[1].roster.vector[Self.plant] == 49 })
        simulation.run(for: 1000)
        #expect(simulation.nodes[1].data.vector.isEmpty, "not before it knows itself to be a member")
        upgrade(simulation, 1)
        #expect(simulation.run(for: 2000) { simulation.isConverged })
        simulation.run(for: 20_000)
        #expect(simulation.endings.isEmpty)
    }

    @Test("It does not matter which side leaves the lobby first", arguments: [0, 1], [0, 40, 900])
    func order(first: Int, gap: Int) {
        let simulation = Self.enrolment()
        simulation.faults.storeLatency = 0...5
        simulation.connect(1, 0)
        simulation.run(for: 500)
        upgrade(simulation, first)
        simulation.run(for: gap)
        upgrade(simulation, 1 - first)
        #expect(simulation.run(for: 4000) { simulation.isConverged })
        #expect(simulation.endings.isEmpty)
    }

    @Test("Who does not show membership in five seconds is shown out; the host is not")
    func timeout() {
        let simulation = Self.enrolment()
        simulation.connect(1, 0)
        simulation.run(for: 4800)
        #expect(simulation.endings.isEmpty)
        simulation.run(for: 500)
        #expect(simulation.endings.first { $0.node == 0 }?.end.code == .lobbyTimeout)
        #expect(simulation.endings.first { $0.node == 0 }?.end.byPeer == false)
        #expect(simulation.endings.first { $0.node == 1 }?.end.byPeer == true)
    }

    @Test("Who never says hello is shown out as well")
    func mute() {
        var probe = SessionProbe(standing: .strangerPeer)
        probe.start()
        for _ in 0..<51 { probe.tick(after: 100) }
        #expect(probe.byes.map(\.code) == [.lobbyTimeout])
    }

    @Test("A stranger may send 64 KiB, of whatever kind, and not a byte more")
    func bytes() {
        var probe = SessionProbe(standing: .strangerPeer)
        probe.start()
        probe.receive(.hello(SessionProbe.hello()), bytes: 1 << 10)
        probe.receive(SessionProbe.batch(), bytes: 63 << 10)
        #expect(probe.session.end == nil)
        probe.receive(SessionProbe.pulse(), bytes: 1)
        #expect(probe.byes.map(\.code) == [.lobbyTimeout])

        probe = SessionProbe(standing: .strangerPeer)
        probe.start()
        probe.receive(.hello(SessionProbe.hello()), bytes: 1 << 10)
        probe.input { $0.onUpgrade(at: $1) }
        probe.receive(SessionProbe.pulse(), bytes: 1 << 20)
        for _ in 0..<80 { probe.tick(after: 100) }
        #expect(probe.session.end == nil)
    }

    @Test(
        "In the lobby nothing about data is said, asked or taken",
        arguments: [SessionStanding.strangerPeer, .enrolling])
    func noData(standing: SessionStanding) {
        var probe = SessionProbe(standing: standing)
        probe.settle()
        probe.receive(.root(RootMessage(kind: .data, round: 1, digest: HashPrefix(rawValue: 0), count: 0)))
        probe.receive(SessionProbe.batch())
        probe.tick(after: 3000)
        #expect(probe.roots.allSatisfy { $0.kind == .roster })
        #expect(probe.applied == 0)
        #expect(!probe.actions.contains(.requestSnapshot(.data)))
        #expect(probe.session.end == nil)
        probe.input { $0.onUpgrade(at: $1) }
        #expect(probe.roots.last?.kind == .data)
    }

    @Test("What a stranger is shown is read for a stranger, and read again once it is a member")
    func audience() {
        var probe = SessionProbe(standing: .strangerPeer)
        probe.roster = VectorSnapshot(
            references: [
                ChangeReference(replica: ReplicaID(rawValue: 1), sequence: 3, prefix: HashPrefix(rawValue: 1))
            ], position: 4)
        probe.start()
        probe.receive(.hello(SessionProbe.hello()))
        probe.agree(on: .roster)
        probe.input { $0.onChangesAvailable(.roster, tips: [], at: $1) }
        probe.input { $0.onUpgrade(at: $1) }
        let reads = probe.actions.compactMap { if case .read(let request) = $0 { request } else { nil } }
        #expect(reads.filter { $0.kind == .roster }.map(\.audience) == [.stranger, .member])
        #expect(reads.filter { $0.kind == .roster }.map(\.position) == [4, 0])
    }
}
