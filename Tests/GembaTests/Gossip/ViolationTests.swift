import GembaCausality
import GembaWire
import Testing

@testable import GembaGossip

@Suite("G14: what a peer may not do ends its session with the right bye, and what is only late does not")
struct ViolationTests {
    /// A settled session after which the peer says something.
    private func codes(_ limits: SessionLimits = .init(), _ messages: Message...) -> [ByeMessage.Code] {
        var probe = SessionProbe(limits: limits)
        probe.outcome = nil
        probe.settle()
        for message in messages { probe.receive(message) }
        return probe.byes.map(\.code)
    }

    private func root(_ round: UInt64, count: UInt64 = 0, digest: UInt128 = 1) -> Message {
        .root(RootMessage(kind: .data, round: round, digest: HashPrefix(rawValue: digest), count: count))
    }

    private func ack(_ received: UInt64, limit: UInt64 = .max, have: [ChangeReference] = []) -> Message {
        .ack(AckMessage(kind: .data, round: 1, received: received, limit: limit, have: have))
    }

    private func vector(_ prefix: [UInt8], _ part: VectorMessage.Part, round: UInt64 = 2) -> Message {
        .vector(VectorMessage(kind: .data, round: round, parts: [.init(prefix: prefix, part: part)]))
    }

    private func reference(_ replica: UInt128, _ sequence: SequenceNumber = 0) -> ChangeReference {
        ChangeReference(replica: ReplicaID(rawValue: replica), sequence: sequence, prefix: HashPrefix(rawValue: 1))
    }

    @Test("Batches: none without entries, none beyond the credit, none out of range")
    func batches() {
        #expect(codes(.init(), SessionProbe.batch(runs: [])) == [.malformedFrame])
        #expect(codes(.init(), SessionProbe.batch(runs: [SessionProbe.run(entries: 0)])) == [.malformedFrame])
        #expect(codes(.init(), SessionProbe.batch(runs: [SessionProbe.run(bytes: 0)])) == [.malformedFrame])
        #expect(codes(.init(), SessionProbe.batch(runs: [SessionProbe.run(first: .max)])) == [.malformedFrame])
        let megabyte = SessionProbe.run(entries: 1, bytes: 1_000_000)
        #expect(
            codes(
                .init(), SessionProbe.batch(runs: [megabyte]), SessionProbe.batch(offset: 1_000_000, runs: [megabyte]))
                == [])
        #expect(
            codes(
                .init(), SessionProbe.batch(runs: [megabyte]), SessionProbe.batch(offset: 1_000_000, runs: [megabyte]),
                SessionProbe.batch(offset: 2_000_000, runs: [megabyte])) == [.limitExceeded])
    }

    @Test("Batches: entries of a few bytes do not get around the bound on memory")
    func tinyEntries() {
        let tiny = SessionProbe.run(entries: 10_000, bytes: 1)
        var messages: [Message] = []
        for index in 0..<4 { messages.append(SessionProbe.batch(offset: UInt64(index) * 10_000, runs: [tiny])) }
        var probe = SessionProbe()
        probe.outcome = nil
        probe.settle()
        for message in messages { probe.receive(message) }
        #expect(probe.byes.map(\.code) == [.limitExceeded])
    }

    @Test("Roots: neither rounds nor replicas beyond the limits")
    func roots() {
        #expect(codes(.init(), root(.max)) == [.limitExceeded])
        #expect(codes(.init(), root(0)) == [.limitExceeded])
        #expect(codes(.init(), root(2, count: .max)) == [.limitExceeded])
        #expect(codes(.init(), root(2, count: 5)) == [])
    }

    @Test("Acknowledgements: only of what was sent, and of no more replicas than a vector may have")
    func acks() {
        #expect(codes(.init(), ack(0)) == [])
        #expect(codes(.init(), ack(1)) == [.malformedFrame])
        var limits = SessionLimits()
        limits.replicas = 10
        #expect(codes(limits, ack(0, have: (0..<10).map { reference($0) })) == [])
        #expect(codes(limits, ack(0, have: (0..<11).map { reference($0) })) == [.limitExceeded])
    }

    @Test("Vectors: malformed steps of the walk")
    func vectors() {
        let under = reference(0x1 << 124)
        let malformed: [(prefix: [UInt8], part: VectorMessage.Part)] = [
            ([16], .entries([])),
            ([UInt8](repeating: 0, count: 33), .entries([])),
            ([2], .entries([under])),
            ([], .entries([under, reference(1)])),
            ([], .entries([under, under])),
            ([], .entries((0..<65).map { reference($0) })),
            ([], .digests([1, 2, 3])),
            ([UInt8](repeating: 1, count: 32), .digests([UInt64](repeating: 0, count: 16))),
            ([], .difference([.init(replica: ReplicaID(rawValue: 0x1 << 124), tip: nil)])),
            ([], .children([.init(digit: 16, part: .entries([]))])),
            ([], .children([.init(digit: 1, part: .entries([])), .init(digit: 1, part: .entries([]))])),
            ([], .children([.init(digit: 1, part: .difference([]))])),
            ([], .children([.init(digit: 1, part: .children([]))])),
        ]
        for (index, (prefix, part)) in malformed.enumerated() {
            let found = codes(.init(), root(2, count: 1), vector(prefix, part))
            // What answers no question is ignored; a difference that does is taken at its word.
            let isAccepted = part == .difference([.init(replica: ReplicaID(rawValue: 0x1 << 124), tip: nil)])
            #expect(found == (isAccepted ? [] : [.malformedFrame]), "case \(index)")
        }
    }

    @Test("Vectors: a walk that never ends is ended")
    func endlessWalk() {
        var probe = SessionProbe()
        probe.settle()
        probe.receive(root(2, count: 1))
        let question = vector([], .digests([UInt64](repeating: 1, count: 16)))
        var count = 0
        while probe.session.end == nil, count < 100_000 {
            probe.receive(question)
            count += 1
        }
        #expect(probe.byes.map(\.code) == [.limitExceeded])
        #expect(count < 10_000)
    }

    @Test("Vectors: a peer whose answers contradict its digest is left after a few rounds")
    func contradiction() {
        var probe = SessionProbe()
        probe.settle()
        var round: UInt64 = 2
        while probe.session.end == nil, round < 50 {
            probe.receive(root(round, count: 1))
            probe.receive(vector([], .difference([]), round: round))
            for _ in 0..<200 {
                probe.tick(after: 100)
                probe.receive(SessionProbe.pulse())
            }
            round = (probe.roots.last { $0.kind == .data }?.round ?? round) + 1
        }
        #expect(probe.byes.map(\.code) == [.malformedFrame])
    }

    @Test("Changes: an invalid one ends the session")
    func invalidChange() {
        var probe = SessionProbe()
        probe.outcome = .invalid("a forged signature")
        probe.settle()
        probe.receive(SessionProbe.batch())
        #expect(probe.byes == [ByeMessage(code: .invalidChange, text: "a forged signature")])
    }

    @Test("Changes: those before what they depend on are asked for again, with waits that grow")
    func missingDependency() {
        var probe = SessionProbe()
        probe.outcome = .incomplete(advanced: [], lacking: .dependency)
        probe.settle()
        var seen: UInt64 = 0
        for _ in 0..<6000 {
            let round = probe.roots.last { $0.kind == .data }?.round ?? 0
            if round > seen {
                seen = round
                probe.agree(on: .data)
                probe.receive(SessionProbe.batch(round: round))
            }
            probe.tick(after: 100)
            probe.receive(SessionProbe.pulse())
        }
        #expect(probe.byes.isEmpty)
        #expect(probe.acks.allSatisfy { $0.received == 100 && $0.have.isEmpty }, "what is left out is not held")
        #expect((7...14).contains(seen), "rounds in ten minutes: \(seen)")
    }

    @Test("A local failure is not the peer's fault: the batch is tried again until there is room")
    func storeTrouble() {
        var probe = SessionProbe()
        probe.outcome = .unavailable
        probe.settle()
        probe.receive(SessionProbe.batch())
        for _ in 0..<600 {
            probe.tick(after: 100)
            probe.receive(SessionProbe.pulse(data: 100))
        }
        #expect(probe.byes.isEmpty)
        #expect(probe.applied > 50)
        #expect(probe.acks.isEmpty)
        probe.outcome = .advanced([reference(1)])
        for _ in 0..<20 {
            probe.tick(after: 100)
            probe.receive(SessionProbe.pulse(data: 100))
        }
        #expect(probe.acks.first?.received == 100)
        #expect(probe.acks.first?.have == [reference(1)])
    }

    @Test("Late, repeated and foreign frames are ignored")
    func ignored() {
        var probe = SessionProbe()
        probe.settle()
        let before = probe.messages.count
        probe.receive(SessionProbe.batch(round: 0))
        probe.receive(SessionProbe.batch(round: 7))
        probe.receive(.ack(AckMessage(kind: .data, round: 9, received: 5, limit: 5, have: [])))
        probe.receive(vector([], .entries([]), round: 9))
        probe.receive(vector([], .entries([]), round: 1))
        probe.receive(vector([], .difference([]), round: 1))
        #expect(probe.messages.count == before)
        #expect(probe.session.end == nil)
    }

    @Test("A repeated batch is acknowledged again, a gap opens one new round however many frames follow it")
    func gap() {
        var probe = SessionProbe()
        probe.settle()
        probe.receive(SessionProbe.batch())
        probe.receive(SessionProbe.batch())
        #expect(probe.acks.map(\.received) == [100, 100])
        #expect(probe.applied == 1)
        probe.tick(after: 100)
        for index in 2..<40 { probe.receive(SessionProbe.batch(offset: UInt64(index) * 100)) }
        #expect(probe.roots.filter { $0.kind == .data }.map(\.round) == [1, 2])
    }

    @Test("Rounds that a peer opens in a flood are taken up at a bounded rate")
    func roundFlood() {
        var probe = SessionProbe()
        probe.settle()
        for round in UInt64(2)..<2000 { probe.receive(root(round)) }
        #expect(probe.roots.count <= SessionLimits().roundBurst + 3)
        // The last one gets its turn.
        for _ in 0..<20 { probe.tick(after: 100) }
        #expect(probe.roots.last?.round == 1999)
    }

    @Test("A repeated root is answered a bounded number of times")
    func rootFlood() {
        var probe = SessionProbe()
        probe.settle()
        for _ in 0..<1000 { probe.agree(on: .data) }
        #expect(probe.roots.count { $0.kind == .data } <= SessionLimits().rootAnswers + 1)
    }

    @Test("Steps of a comparison and requests for chunks are taken at a pace, and a flood of them ends the session")
    func costlyFrames() {
        let limits = SessionLimits()
        let id = CheckpointID(rawValue: 1)
        let floods: [(message: Message, burst: Int)] = [
            (vector([], .entries([])), limits.stepBurst),
            (.fetch(FetchMessage(checkpoint: id, first: 0, count: 1)), limits.fetchBurst),
        ]
        for (message, burst) in floods {
            var probe = SessionProbe()
            probe.settle()
            for _ in 0..<burst { probe.receive(message) }
            #expect(probe.session.excessFrames == 0)
            for _ in 0..<limits.excessBurst { probe.receive(message) }
            #expect(probe.session.excessFrames == UInt64(limits.excessBurst))
            #expect(probe.session.end == nil)
            probe.receive(message)
            #expect(probe.byes.map(\.code) == [.limitExceeded])
        }
    }

    @Test("A peer whose costly frames come at an honest pace loses none")
    func honestPace() {
        var probe = SessionProbe()
        probe.settle()
        for _ in 0..<2000 {
            probe.receive(vector([], .entries([])))
            probe.now += 20
        }
        #expect(probe.session.excessFrames == 0)
    }

    @Test("Repeated frames are borne as far as any wire repeats, and no further")
    func repeatedFrames() {
        let limits = SessionLimits()
        var probe = SessionProbe()
        probe.settle()
        for _ in 0..<limits.repeatBurst { probe.receive(SessionProbe.batch(round: 7)) }
        #expect(probe.session.end == nil)
        probe.receive(SessionProbe.batch(round: 7))
        #expect(probe.byes.map(\.code) == [.limitExceeded])
    }

    @Test("One step of a comparison is not answered with more than a few times what a plant has")
    func greatAnswers() {
        var probe = SessionProbe()
        probe.data = VectorSnapshot(
            references: (0..<1000).map { reference(UInt128($0) << 118) }, position: 1000)
        probe.settle()
        probe.receive(root(2, count: 30_000))
        let question = VectorMessage.PrefixedPart(prefix: [], part: .digests([UInt64](repeating: 1, count: 16)))
        func step(_ parts: Int) -> Message {
            .vector(VectorMessage(kind: .data, round: 2, parts: Array(repeating: question, count: parts)))
        }
        let before = probe.messages.count
        probe.receive(step(SessionLimits().stepParts))
        let bytes = probe.messages.dropFirst(before).reduce(0) {
            $0 + Frame(session: SessionID(rawValue: 1), message: $1).encoded().count
        }
        #expect(bytes > 1 << 20 && bytes < 3 << 20, "\(bytes)")
        probe.receive(step(SessionLimits().stepParts + 1))
        #expect(probe.byes.map(\.code) == [.limitExceeded])
    }

    @Test("Copies of a root that come at once are answered once")
    func copiesOfRoots() {
        var probe = SessionProbe()
        probe.start()
        probe.receive(.hello(SessionProbe.hello()))
        let root = RootMessage(kind: .roster, round: 1, digest: HashPrefix(rawValue: 9), count: 1)
        for _ in 0..<20 { probe.receive(.root(root)) }
        #expect(probe.roots.count == 2)
        probe.tick(after: 500)
        probe.receive(.root(root))
        #expect(probe.roots.count == 3)
    }
}
