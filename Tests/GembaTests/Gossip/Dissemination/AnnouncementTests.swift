import GembaCausality
import GembaSimulation
import GembaWire
import Testing

@testable import GembaGossip

/// Cites `Protocol/12-dissemination.md`, and Leitão, Pereira, Rodrigues, "Epidemic Broadcast Trees" (SRDS 2007).
@Suite("Announcements in place of what is new (section 3.2, lazy push)")
struct AnnouncementTests {
    static let a = reference(1, 4)
    static let b = reference(2, 7)

    static func reference(_ replica: UInt128, _ sequence: SequenceNumber) -> ChangeReference {
        ChangeReference(
            replica: ReplicaID(rawValue: replica), sequence: sequence, prefix: HashPrefix(rawValue: UInt128(sequence)))
    }

    /// A session that has compared everything with its peer and announces from now on.
    static func lazyProbe(holding references: [ChangeReference] = []) -> SessionProbe {
        var probe = SessionProbe()
        probe.data = VectorSnapshot(references: references, position: Int64(references.count))
        probe.settle(capabilities: Hello.dissemination)
        probe.input { $0.setPush(false, at: $1) }
        probe.now = 1_000
        return probe
    }

    static func announce(new: [ChangeReference] = [], held: [ChangeReference] = []) -> Message {
        .announce(AnnounceMessage(new: new, held: held))
    }

    @Test("T1: over a lazy link nothing is read and sent, but named")
    func naming() {
        var probe = Self.lazyProbe()
        let reads = probe.reads.count
        probe.input { $0.onChangesAvailable(.data, tips: [Self.a], upTo: 1, at: $1) }
        probe.tick(after: 100)
        #expect(probe.announcements == [AnnounceMessage(new: [Self.a], held: [])])
        #expect(probe.reads.count == reads)
    }

    @Test("T1: to a peer that does not understand announcements everything is sent")
    func incapable() {
        var probe = SessionProbe()
        probe.settle()
        #expect(!probe.session.disseminates)
        probe.input { $0.onChangesAvailable(.data, tips: [Self.a], upTo: 1, at: $1) }
        probe.tick(after: 5_000)
        #expect(probe.reads.count { $0.kind == .data } == 1)
        #expect(probe.announcements.isEmpty)
    }

    @Test("T3: changes that follow each other within 100 ms are named together, each log once")
    func together() {
        var probe = Self.lazyProbe()
        probe.input { $0.onChangesAvailable(.data, tips: [Self.a], upTo: 1, at: $1) }
        probe.tick(after: 10)
        for tip in [Self.reference(2, 6), Self.b, Self.reference(1, 5)] {
            probe.input { $0.onChangesAvailable(.data, tips: [tip], at: $1) }
        }
        for _ in 0..<5 { probe.tick(after: 10) }
        #expect(probe.announcements == [AnnounceMessage(new: [Self.a], held: [])])
        probe.tick(after: 50)
        #expect(probe.announcements.last == AnnounceMessage(new: [Self.reference(1, 5), Self.b], held: []))
    }

    @Test("T3: a comparison that finds the peer behind leads to announcements, too")
    func compared() {
        var probe = SessionProbe()
        probe.data = VectorSnapshot(references: [Self.a, Self.b], position: 12)
        probe.start()
        probe.receive(.hello(SessionProbe.hello(capabilities: Hello.dissemination)))
        probe.agree(on: .roster)
        probe.input { $0.setPush(false, at: $1) }
        let empty = VectorDigest.root([])
        probe.receive(.root(RootMessage(kind: .data, round: 1, digest: empty, count: 0)))
        // This end speaks first, and the peer answers that it holds neither.
        let lacking = [Self.a, Self.b].map { VectorMessage.DifferingEntry(replica: $0.replica, tip: nil) }
        let answer = VectorMessage.PrefixedPart(prefix: [], part: .difference(lacking))
        probe.receive(.vector(VectorMessage(kind: .data, round: 1, parts: [answer])))
        probe.tick(after: 100)
        #expect(probe.announcements == [AnnounceMessage(new: [Self.a, Self.b], held: [])])
        #expect(!probe.reads.contains { $0.kind == .data })
    }

    @Test("T4: what nobody confirms is named again after 3 s, then after 6, until the peer is known to hold it")
    func repetition() {
        var probe = Self.lazyProbe()
        probe.input { $0.onChangesAvailable(.data, tips: [Self.a, Self.b], upTo: 2, at: $1) }
        var times: [Int] = []
        for _ in 0..<120 {
            let count = probe.announcements.count
            probe.tick(after: 100)
            probe.receive(SessionProbe.pulse())
            if probe.announcements.count > count { times.append(probe.now) }
        }
        #expect(times == [1_100, 4_100, 10_100])
        probe.receive(Self.announce(held: [Self.a]))
        for _ in 0..<40 {
            probe.tick(after: 100)
            probe.receive(SessionProbe.pulse())
        }
        #expect(probe.announcements.last == AnnounceMessage(new: [Self.b], held: []))
        let count = probe.announcements.count
        probe.receive(Self.announce(held: [Self.b]))
        for _ in 0..<200 {
            probe.tick(after: 100)
            probe.receive(SessionProbe.pulse())
        }
        #expect(probe.announcements.count == count)
    }

    @Test("T4: what the peer announces is confirmed when it is held, once for each time")
    func confirmation() {
        var probe = Self.lazyProbe()
        probe.receive(Self.announce(new: [Self.a]))
        #expect(probe.actions.last == .announced([Self.a]))
        probe.tick(after: 2_000)
        #expect(probe.announcements.isEmpty)
        // It came over another link.
        probe.input { $0.onChangesAvailable(.data, tips: [Self.a], at: $1) }
        probe.tick(after: 1_000)
        #expect(probe.announcements == [AnnounceMessage(new: [], held: [Self.a])])
        probe.receive(Self.announce(new: [Self.a]))
        probe.input { $0.onExamined(held: [Self.a], at: $1) }
        probe.tick(after: 1_000)
        #expect(probe.announcements.count == 2)
        probe.tick(after: 5_000)
        #expect(probe.announcements.count == 2)
    }

    @Test("T4: two ends that announce the same to each other leave it at that")
    func crossing() {
        var probe = Self.lazyProbe()
        probe.input { $0.onChangesAvailable(.data, tips: [Self.a], at: $1) }
        probe.tick(after: 100)
        probe.receive(Self.announce(new: [Self.a]))
        probe.input { $0.onExamined(held: [Self.a], at: $1) }
        probe.receive(Self.announce(held: [Self.a]))
        probe.tick(after: 5_000)
        #expect(probe.announcements.count == 1)
    }

    @Test("T5: announcements and pulses open no round on a lazy link")
    func calm() {
        var probe = Self.lazyProbe()
        let roots = probe.roots.count
        for step in UInt64(0)..<300 {
            probe.input { $0.onChangesAvailable(.data, tips: [Self.reference(1, step)], at: $1) }
            probe.receive(Self.announce(new: [Self.reference(3, step)]))
            probe.receive(SessionProbe.pulse())
            probe.tick(after: 200)
        }
        #expect(probe.roots.count == roots)
        #expect(probe.byes.isEmpty)
    }

    @Test("T2: an end that pushes again leaves out what the peer holds, and looks no further back than it must")
    func resumption() throws {
        var probe = Self.lazyProbe()
        probe.input { $0.onChangesAvailable(.data, tips: [Self.a], upTo: 5, at: $1) }
        probe.receive(Self.announce(held: [Self.a]))
        probe.input { $0.onChangesAvailable(.data, tips: [Self.b], upTo: 9, at: $1) }
        probe.input { $0.setPush(true, at: $1) }
        let read = try #require(probe.reads.last)
        #expect(read.position == 5)
        #expect(read.known.contains(Self.a.dot))
        #expect(!read.known.contains(Self.b.dot))
    }

    @Test("T2: what was read and not sent when an end becomes lazy is read again")
    func dropping() throws {
        var outbox = Outbox(session: SessionID(rawValue: 1))
        var stream = OutgoingStream(kind: .data, limits: SessionLimits())
        let run = SessionProbe.run(1, entries: 2)
        func loaded(at position: Int64) -> LoadedRuns {
            LoadedRuns(kind: .data, round: 1, runs: [run], position: position, reachedEnd: true)
        }
        stream.open(round: 1, known: VersionVector(), position: nil)
        stream.advance(at: Instant(), audience: .member, into: &outbox)
        stream.receive(loaded(at: 2))
        stream.setLazy(true)
        stream.noticeNewEntries()
        stream.advance(at: Instant(), audience: .member, into: &outbox)
        #expect(outbox.actions.count == 1)
        #expect(stream.sent == 0)
        stream.setLazy(false)
        stream.advance(at: Instant(), audience: .member, into: &outbox)
        guard case .read(let request)? = outbox.actions.last else {
            Issue.record("nothing is read")
            return
        }
        #expect(request.position == 0)
        // An answer that was on its way when the end became lazy counts as little.
        stream.setLazy(true)
        stream.setLazy(false)
        stream.receive(loaded(at: 2))
        stream.advance(at: Instant(), audience: .member, into: &outbox)
        #expect(outbox.actions.count == 3)
        stream.receive(loaded(at: 2))
        stream.advance(at: Instant(), audience: .member, into: &outbox)
        #expect(stream.sent > 0)
    }

    @Test("N1, N8: in the lobby announcements and beacons mean nothing")
    func lobby() {
        var probe = SessionProbe(standing: .strangerPeer)
        probe.start()
        probe.receive(.hello(SessionProbe.hello(capabilities: Hello.dissemination)))
        let count = probe.actions.count
        probe.receive(Self.announce(new: [Self.a]))
        probe.receive(.tree(TreeMessage(root: 1, number: 1, hops: 0, wantsPush: true)))
        #expect(!probe.actions[count...].contains(.announced([Self.a])))
        #expect(probe.actions.count == count)
    }

    @Test("S1: however links turn lazy and push again under loss, everything arrives in causal order", arguments: 0..<8)
    func turning(block: UInt64) {
        for seed in (block * 10)..<(block * 10 + 10) {
            var random = SeededGenerator(seed: seed)
            let simulation = GossipSimulation.randomPlant(seed: seed, nodes: 4)
            simulation.faults = SimulatedFaults(
                loss: seed % 2 == 0 ? 0 : 0.1, latency: 1...40, storeLatency: 0...20, usesCodec: seed % 5 == 0)
            for (one, other) in [(0, 1), (1, 2), (2, 3), (3, 0)] { simulation.connect(one, other) }
            for _ in 0..<60 {
                simulation.run(for: 100)
                let node = Int.random(in: simulation.nodes.indices, using: &random)
                simulation.write(ReplicaID(rawValue: UInt128(1000 + node)), at: node)
                if let end = random.pick(simulation.ends.keys.sorted()) {
                    let isPushing = random.chance(0.5)
                    simulation.input(end) { $0.setPush(isPushing, at: $1) }
                }
            }
            for end in simulation.ends.keys.sorted() { simulation.input(end) { $0.setPush(true, at: $1) } }
            #expect(simulation.run(for: 120_000) { simulation.isConverged }, "seed \(seed)")
            #expect(simulation.endings.allSatisfy { $0.end.code == nil }, "seed \(seed)")
        }
    }
}
