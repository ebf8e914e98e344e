import GembaCausality
import GembaWire
import Testing

@testable import GembaGossip

/// Rules C20 to C27 of the specification, at the session.
@Suite("The exchange of bodies")
struct BackfillExchangeTests {
    private static let log = ReplicaID(rawValue: 5)
    private static let ranges = [
        BackfillRange(
            first: 1, last: ChangeReference(replica: log, sequence: 40, prefix: HashPrefix(rawValue: 3)))
    ]

    /// A session that found nothing to stream, with a peer that knows bodies.
    private func probe(_ capabilities: UInt64 = Hello.backfill) -> SessionProbe {
        var probe = SessionProbe()
        probe.start()
        var hello = SessionProbe.hello()
        hello.capabilities = capabilities
        probe.receive(.hello(hello))
        probe.agree(on: .roster)
        probe.agree(on: .data)
        return probe
    }

    private func questions(_ probe: SessionProbe) -> [BackfillMessage] {
        probe.messages.compactMap { if case .backfill(let question) = $0 { question } else { nil } }
    }

    private func fills(_ probe: SessionProbe) -> Int {
        probe.actions.count { if case .fill = $0 { true } else { false } }
    }

    private func ends(_ probe: SessionProbe) -> Int {
        probe.actions.count { if case .backfilled = $0 { true } else { false } }
    }

    private func answer(
        to question: BackfillMessage, position: UInt64, isLast: Bool = false, isEmpty: Bool = false
    ) throws -> Message {
        let run = Run(
            replica: Self.log, first: 1, previous: HashPrefix(rawValue: 1),
            entries: [Entry(deps: [], body: [1, 2, 3]).encoded()], signature: [UInt8](repeating: 0, count: 64))
        return .bodies(
            try BodiesMessage(
                answering: question, position: position, isLast: isLast,
                packing: isEmpty ? [] : [BodyRun(start: nil, run: run)]))
    }

    @Test("A peer that does not set the bit is asked nothing")
    func capability() {
        #expect(!probe(Hello.checkpoints | Hello.packs).session.mayBackfill(at: probe().moment))
        #expect(probe().session.mayBackfill(at: probe().moment))
    }

    @Test("One question is open at a time, each goes on where the answer ended, and the last answer ends it (C20, C22)")
    func course() throws {
        var probe = probe()
        probe.input { $0.beginBackfill(Self.ranges, at: $1) }
        #expect(questions(probe).count == 1 && questions(probe)[0].position == 0)
        #expect(questions(probe)[0].ranges == Self.ranges)
        probe.receive(try answer(to: questions(probe)[0], position: 17))
        #expect(questions(probe).count == 1 && fills(probe) == 1)
        probe.input { $0.onFilled(.filled(1), at: $1) }
        #expect(questions(probe).count == 2 && questions(probe)[1].position == 17)
        // A copy of the first answer, and one that nobody asked for, change nothing.
        probe.receive(try answer(to: questions(probe)[0], position: 17))
        #expect(fills(probe) == 1)
        probe.receive(try answer(to: questions(probe)[1], position: 17, isLast: true, isEmpty: true))
        #expect(ends(probe) == 1 && questions(probe).count == 2)
        probe.receive(try answer(to: questions(probe)[1], position: 30))
        #expect(fills(probe) == 1)
    }

    @Test("Who has no more is left alone until a new round, or for five minutes (C27)")
    func rest() throws {
        var probe = probe()
        probe.input { $0.beginBackfill(Self.ranges, at: $1) }
        probe.receive(try answer(to: questions(probe)[0], position: 0, isLast: true, isEmpty: true))
        #expect(ends(probe) == 1 && !probe.session.mayBackfill(at: probe.moment))
        let later = Moment(
            instant: probe.moment.instant.advanced(by: .seconds(300)), wallClock: probe.moment.wallClock)
        #expect(probe.session.mayBackfill(at: later))
        probe.receive(.root(RootMessage(kind: .data, round: 2, digest: probe.roots.last!.digest, count: 0)))
        probe.agree(on: .data)
        #expect(probe.session.mayBackfill(at: probe.moment))
    }

    @Test("A question whose answer is lost is asked again, and one that is never answered is given up")
    func loss() throws {
        var probe = probe()
        probe.input { $0.beginBackfill(Self.ranges, at: $1) }
        for _ in 0..<60 {
            probe.tick(after: 100)
            probe.receive(SessionProbe.pulse())
        }
        #expect(questions(probe).count == 2 && questions(probe)[0] == questions(probe)[1])
        for _ in 0..<700 {
            probe.tick(after: 200)
            probe.receive(SessionProbe.pulse())
        }
        #expect(ends(probe) == 1 && questions(probe).count < 10)
    }

    @Test("A new round begins a series anew (C21)")
    func newRound() throws {
        var probe = probe()
        probe.input { $0.beginBackfill(Self.ranges, at: $1) }
        probe.receive(.root(RootMessage(kind: .data, round: 2, digest: probe.roots.last!.digest, count: 0)))
        #expect(ends(probe) == 1)
        probe.agree(on: .data)
        probe.receive(try answer(to: questions(probe)[0], position: 17))
        #expect(fills(probe) == 0 && probe.session.mayBackfill(at: probe.moment))
    }

    @Test("While changes of the peer wait to be applied nothing is asked (C26)")
    func priority() throws {
        var probe = probe()
        probe.outcome = nil
        probe.receive(SessionProbe.batch())
        #expect(probe.applied == 1)
        probe.input { $0.beginBackfill(Self.ranges, at: $1) }
        #expect(questions(probe).isEmpty)
        probe.input { $0.onApplied(.advanced([]), of: .data, at: $1) }
        #expect(questions(probe).count == 1)
    }

    @Test("Answers that bring nothing end it, and so do bodies that do not verify")
    func fruitless() throws {
        var probe = probe()
        probe.input { $0.beginBackfill(Self.ranges, at: $1) }
        for position in 1...UInt64(SessionLimits().fruitlessAnswers) {
            #expect(ends(probe) == 0)
            probe.receive(try answer(to: questions(probe).last!, position: position))
            probe.input { $0.onFilled(.filled(0), at: $1) }
        }
        #expect(ends(probe) == 1 && !probe.session.mayBackfill(at: probe.moment))
        var other = self.probe()
        other.input { $0.beginBackfill(Self.ranges, at: $1) }
        other.receive(try answer(to: questions(other)[0], position: 17))
        other.input { $0.onFilled(.invalid("not signed"), at: $1) }
        #expect(other.byes.map(\.code) == [.invalidChange])
    }

    @Test("Questions are answered one at a time, no faster than the pace, and not while changes wait to be sent (C26)")
    func serving() {
        var probe = probe()
        let limits = SessionLimits()
        func reads() -> Int { probe.actions.count { if case .readBodies = $0 { true } else { false } } }
        let question = BackfillMessage(round: 1, position: 0, maximumBytes: 1000, ranges: Self.ranges)
        for _ in 0..<100 { probe.receive(.backfill(question)) }
        #expect(reads() == 1)
        for _ in 0..<100 {
            probe.input { $0.onBodies(LoadedBodies(runs: [], position: 9, reachedEnd: false), at: $1) }
            probe.receive(.backfill(question))
        }
        #expect(reads() == limits.backfillBurst)
        probe.tick(after: 1000)
        for _ in 0..<100 {
            probe.input { $0.onBodies(LoadedBodies(runs: [], position: 9, reachedEnd: false), at: $1) }
            probe.receive(.backfill(question))
        }
        #expect(reads() == limits.backfillBurst + 10)
        let answers = probe.messages.count { if case .bodies = $0 { true } else { false } }
        #expect(answers == reads() || answers == reads() - 1)
        // Another round's question is none.
        var stale = self.probe()
        stale.receive(.backfill(BackfillMessage(round: 0, position: 0, maximumBytes: 1, ranges: Self.ranges)))
        #expect(!stale.actions.contains { if case .readBodies = $0 { true } else { false } })
    }

    @Test("A live change that is being read goes before an answer (C26)")
    func liveFirst() {
        var probe = probe()
        probe.runs = [SessionProbe.run(entries: 1, of: Entry(deps: [], body: [7]).encoded())]
        probe.session.onLinkBlocked()
        probe.input { $0.onChangesAvailable(.data, tips: [], at: $1) }
        probe.receive(.backfill(BackfillMessage(round: 1, position: 0, maximumBytes: 1000, ranges: Self.ranges)))
        #expect(!probe.actions.contains { if case .readBodies = $0 { true } else { false } })
        probe.runs = []
        probe.input { $0.onLinkWritable(at: $1) }
        let order = probe.actions.compactMap { action -> String? in
            switch action {
            case .read: "read"
            case .readBodies: "bodies"
            default: nil
            }
        }
        #expect(order.last == "bodies" && order.contains("read"))
    }

    @Test("A stranger is told nothing")
    func lobby() {
        var probe = SessionProbe(standing: .strangerPeer)
        probe.start()
        var hello = SessionProbe.hello()
        hello.capabilities = Hello.backfill
        probe.receive(.hello(hello))
        probe.receive(.backfill(BackfillMessage(round: 0, position: 0, maximumBytes: 1, ranges: Self.ranges)))
        #expect(!probe.actions.contains { if case .readBodies = $0 { true } else { false } })
        #expect(!probe.session.mayBackfill(at: probe.moment))
    }

    @Test("A question for the greatest number of ranges fits a frame; one more is refused (C20)")
    func ranges() throws {
        var ranges = (0..<Limits.backfillRanges).map { index in
            BackfillRange(
                first: 1 << 40,
                last: ChangeReference(
                    replica: ReplicaID(rawValue: UInt128(index) << 64), sequence: 1 << 50,
                    prefix: HashPrefix(rawValue: 1)))
        }
        func frame() -> Frame {
            Frame(
                session: SessionID(rawValue: 1),
                message: .backfill(
                    BackfillMessage(round: 1 << 32, position: 1 << 40, maximumBytes: 1, ranges: ranges)))
        }
        let encoded = frame().encoded()
        #expect(encoded.count <= Limits.frameBytes)
        #expect(try Frame(decoding: encoded) == frame())
        ranges[0].first = 5
        ranges[0].last.sequence = 9
        #expect(try Frame(decoding: frame().encoded()) == frame())
    }
}
