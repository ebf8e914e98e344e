import GembaCausality
import GembaWire
import Testing

@testable import GembaGossip

@Suite("Streams keep within their credit")
struct FlowTests {
    @Test("G14: a million changes are caught up with, and never more than a window is on its way")
    func million() {
        let simulation = GossipSimulation(seed: 1, nodes: 2)
        simulation.faults.usesCodec = false
        simulation.preload(ReplicaID(rawValue: 1), count: 1_000_000, at: [0])
        simulation.connect(0, 1)
        #expect(simulation.run(for: 60_000) { simulation.isConverged })
        let greatest = simulation.greatestOutstanding[.data] ?? 0
        #expect(greatest <= Limits.dataWindow)
        // The window is used, or the catch-up would be slow.
        #expect(greatest > Limits.dataWindow / 2)
        #expect(simulation.sent["pack", default: 0] < 430)
    }

    @Test("S8: a link with room has more on its way, and takes no more once the room is taken back")
    func room() {
        let simulation = GossipSimulation(seed: 6, nodes: 2)
        simulation.faults.usesCodec = false
        simulation.givesRoom = true
        simulation.preload(ReplicaID(rawValue: 1), count: 400_000, at: [0])
        simulation.connect(0, 1)
        #expect(simulation.run(for: 60_000) { simulation.isConverged })
        #expect(simulation.endings.isEmpty)
        let greatest = simulation.greatestOutstanding[.data] ?? 0
        #expect(greatest > Limits.dataWindow && greatest <= Limits.wideWindow, "\(greatest)")

        // What was granted before may still come.
        for end in simulation.ends.keys { simulation.ends[end]?.session.hasRoom = false }
        simulation.preload(ReplicaID(rawValue: 2), count: 100_000, at: [1])
        simulation.greatestOutstanding = [:]
        simulation.write(ReplicaID(rawValue: 2), at: 1)
        #expect(simulation.run(for: 60_000) { simulation.isConverged })
        #expect(simulation.endings.isEmpty)
    }

    @Test(
        "S1: two authors who answer each other get through the smallest window", arguments: [1, 100, 250] as [UInt64])
    func answers(window: UInt64) {
        let simulation = GossipSimulation(seed: 2, nodes: 2)
        simulation.limits.dataWindow = window
        for index in 0..<200 {
            let author = index % 2
            simulation.write(ReplicaID(rawValue: UInt128(author + 1)), at: 0)
        }
        simulation.connect(0, 1)
        simulation.run(for: 100)
        for index in 0..<50 {
            simulation.write(ReplicaID(rawValue: UInt128(index % 2 + 10)), at: index % 2)
            simulation.run(for: 20)
        }
        #expect(simulation.run(for: 30_000) { simulation.isConverged })
        #expect(simulation.endings.isEmpty)
        #expect(simulation.greatestOutstanding[.data] ?? 0 <= max(100, window))
    }

    @Test("S1: two authors who answered each other 100,000 times reach a third one through windows of 64 KiB")
    func longAnswers() {
        let simulation = GossipSimulation(seed: 8, nodes: 3)
        simulation.faults.usesCodec = false
        simulation.limits.dataWindow = 64 << 10
        for index in 0..<100_000 {
            let author = ReplicaID(rawValue: UInt128(index % 2 + 1))
            simulation.write(author, at: 0)
            simulation.nodes[1].update(.data) { $0.append(Dot(author, SequenceNumber(index / 2))) }
        }
        for source in [0, 1] { simulation.connect(source, 2) }
        // A window is used up every 10 ms, which makes less than two seconds, even if all of it comes twice.
        #expect(simulation.run(for: 10_000) { simulation.isConverged })
        #expect(simulation.endings.isEmpty)
        #expect(simulation.greatestOutstanding[.data] ?? 0 <= 64 << 10)
        // Nothing had to be asked for again.
        #expect(simulation.sent["root"] == 8)
    }

    @Test("An entry longer than the window still goes, alone")
    func longerThanWindow() {
        let simulation = GossipSimulation(seed: 3, nodes: 2)
        simulation.limits.rosterWindow = 500
        for size in [100, 900, 100, 900, 900] {
            simulation.write(ReplicaID(rawValue: 1), kind: .roster, at: 0, size: size)
        }
        simulation.connect(0, 1)
        #expect(simulation.run(for: 2000) { simulation.isConverged })
        #expect(simulation.endings.isEmpty)
    }

    @Test("A change travels at once when the link is idle")
    func latency() {
        let simulation = GossipSimulation(seed: 4, nodes: 3)
        simulation.connect(0, 1)
        simulation.connect(1, 2)
        simulation.run(for: 3333)
        let before = simulation.now
        simulation.write(ReplicaID(rawValue: 1), at: 0)
        #expect(simulation.run(for: 1000) { simulation.isConverged })
        #expect(simulation.now - before <= 10)
    }

    @Test("What the peer sent is not sent back to it")
    func noEcho() {
        let simulation = GossipSimulation(seed: 5, nodes: 2)
        simulation.preload(ReplicaID(rawValue: 1), count: 500, at: [0])
        simulation.preload(ReplicaID(rawValue: 2), count: 500, at: [1])
        var bytes = 0
        simulation.filter = { _, action in
            if case .send(let frame) = action, case .pack(let pack) = frame.message {
                bytes += pack.runs.reduce(0) { $0 + $1.entryCount * 100 }
            }
            return true
        }
        simulation.connect(0, 1)
        #expect(simulation.run(for: 3000) { simulation.isConverged })
        simulation.run(for: 3000)
        #expect(bytes == 1000 * 100)
    }

    @Test("A slow link stays responsive: a roster change passes a long catch-up within seconds")
    func slowLink() {
        let simulation = GossipSimulation(seed: 6, nodes: 2)
        // 256 kbit/s.
        simulation.faults.bytesPerMillisecond = 32
        simulation.preload(ReplicaID(rawValue: 1), count: 40_000, at: [0])
        simulation.connect(0, 1)
        simulation.run(for: 60_000)
        let before = simulation.now
        simulation.write(ReplicaID(rawValue: 2), kind: .roster, at: 0)
        #expect(simulation.run(for: 20_000) { simulation.nodes[1].roster.vector == simulation.nodes[0].roster.vector })
        #expect(simulation.now - before < 5000)
        #expect(!simulation.isConverged)
        #expect(simulation.run(for: 600_000) { simulation.isConverged })
        #expect(simulation.endings.isEmpty)
    }

    @Test("On the slowest links a catch-up still ends", arguments: [4, 8])
    func slowestLink(bytesPerMillisecond: Int) {
        let simulation = GossipSimulation(seed: 7, nodes: 2)
        simulation.faults.bytesPerMillisecond = bytesPerMillisecond
        simulation.preload(ReplicaID(rawValue: 1), count: 5000, at: [0])
        simulation.connect(0, 1)
        #expect(simulation.run(for: 3_600_000) { simulation.isConverged })
    }

    @Test("Where the vectors are equal nothing is read until something is announced")
    func readsNothingInVain() {
        var probe = SessionProbe()
        probe.settle()
        func reads() -> Int { probe.actions.count { if case .read = $0 { true } else { false } } }
        #expect(reads() == 0)
        probe.input { $0.onChangesAvailable(.data, tips: [], at: $1) }
        #expect(reads() == 1)
        probe.receive(SessionProbe.pulse(data: 1))
        probe.tick(after: 100)
        probe.receive(SessionProbe.pulse(data: 1))
        probe.input { $0.onChangesAvailable(.data, tips: [], at: $1) }
        probe.agree(on: .data)
        #expect(probe.roots.filter { $0.kind == .data }.map(\.round) == [1, 2])
        #expect(reads() == 2)
    }

    @Test("S15: packs are sent to those who take them, and batches to others")
    func packs() {
        for knowsPacks in [true, false] {
            var probe = SessionProbe()
            probe.runs = [SessionProbe.run(entries: 2, of: Entry(deps: [], body: [1, 2, 3]).encoded())]
            probe.start()
            var hello = SessionProbe.hello()
            hello.capabilities = knowsPacks ? Hello.packs : Hello.checkpoints
            probe.receive(.hello(hello))
            probe.agree(on: .roster)
            probe.agree(on: .data)
            probe.input { $0.onChangesAvailable(.data, tips: [], at: $1) }
            let packs = probe.messages.count { if case .pack = $0 { true } else { false } }
            let batches = probe.messages.count { if case .batch = $0 { true } else { false } }
            #expect((packs, batches) == (knowsPacks ? (1, 0) : (0, 1)))
        }
    }

    @Test("S4, S15: a pack that is not the next one is not read, and its names count for nothing")
    func lostPacks() throws {
        var context = PackingContext()
        let entry = Entry(deps: [], body: [UInt8](repeating: 7, count: 95)).encoded()
        func pack(_ offset: UInt64) throws -> PackMessage {
            let run = SessionProbe.run(entries: 1, of: entry)
            return try #require(
                PackMessage(packing: .init(kind: .data, round: 1, offset: offset, runs: [run]), in: &context))
        }
        let (first, second) = (try pack(0), try pack(UInt64(entry.count)))
        var probe = SessionProbe()
        probe.settle()
        probe.receive(.pack(second))
        #expect(probe.applied == 0)
        #expect(probe.session.end == nil)
        probe = SessionProbe()
        probe.settle()
        for message in [first, first, second] { probe.receive(.pack(message)) }
        #expect(probe.applied == 2)
        #expect(probe.session.end == nil)
        probe.receive(.pack(PackMessage(round: 1, offset: 2 * UInt64(entry.count), runs: [try pack(0).runs[0]])))
        #expect(probe.applied == 3)
        var stranger = second.runs[0]
        stranger.log = .known(9)
        probe.receive(.pack(PackMessage(round: 1, offset: 3 * UInt64(entry.count), runs: [stranger])))
        #expect(probe.session.end?.code == .malformedFrame)
    }
}
