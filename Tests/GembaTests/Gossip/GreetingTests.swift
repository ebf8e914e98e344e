import GembaCausality
import GembaWire
import Testing

@testable import GembaGossip

@Suite("Sessions begin with hellos")
struct GreetingTests {
    @Test("A hello that cannot be accepted is answered with its bye, and the session ends")
    func refusals() {
        let other = StationKey(rawValue: .init(high: 300, low: 0))
        let heads = (0...Limits.heldHeads).map {
            SignedHead(
                replica: ReplicaID(rawValue: 5), sequence: UInt64($0), hash: .beforeGenesis, signature: [])
        }
        let cases: [(Hello, ByeMessage.Code)] = [
            (SessionProbe.hello(versions: 2...9), .noCommonVersion),
            (SessionProbe.hello(versions: 0...0), .noCommonVersion),
            (SessionProbe.hello(plant: PlantID(rawValue: .init(high: 8, low: 8))), .otherPlant),
            (SessionProbe.hello(station: other), .identityMismatch),
            (SessionProbe.hello(held: heads), .malformedFrame),
        ]
        for (hello, code) in cases {
            var probe = SessionProbe(expectedStation: SessionProbe.peerStation)
            probe.start()
            probe.receive(.hello(hello))
            #expect(probe.byes.map(\.code) == [code])
            #expect(probe.session.end?.code == code)
            #expect(probe.session.end?.byPeer == false)
            let before = probe.actions.count
            probe.receive(.hello(SessionProbe.hello()))
            probe.tick(after: 60_000)
            #expect(probe.actions.count == before, "an ended session does nothing")
        }
    }

    @Test("A range that contradicts itself is malformed")
    func emptyRange() {
        var hello = SessionProbe.hello()
        hello.lowestVersion = 2
        var probe = SessionProbe()
        probe.start()
        probe.receive(.hello(hello))
        #expect(probe.byes.map(\.code) == [.malformedFrame])
    }

    @Test("The highest common version is spoken", arguments: [0...1, 1...1, 1...7, 0...40] as [ClosedRange<UInt64>])
    func version(range: ClosedRange<UInt64>) {
        var probe = SessionProbe()
        probe.start()
        probe.receive(.hello(SessionProbe.hello(versions: range)))
        #expect(probe.session.version == 1)
        #expect(probe.byes.isEmpty)
    }

    @Test("A link to oneself is closed; a clone under another nonce is not")
    func itself() {
        var probe = SessionProbe()
        probe.start()
        probe.receive(.hello(SessionProbe.hello(station: SessionProbe.ownStation, nonce: 1)))
        #expect(probe.byes.map(\.code) == [.duplicateLink])
        probe = SessionProbe()
        probe.start()
        probe.receive(.hello(SessionProbe.hello(station: SessionProbe.ownStation, nonce: 2)))
        #expect(probe.byes.isEmpty)
        #expect(probe.session.roster.initiates)
    }

    @Test("Before a hello nothing else is accepted, and frames of another session are dropped")
    func stale() {
        var probe = SessionProbe()
        probe.start()
        probe.receive(.bye(ByeMessage(code: .shutdown, text: "")))
        probe.receive(SessionProbe.batch())
        probe.receive(.root(RootMessage(kind: .roster, round: 9, digest: HashPrefix(rawValue: 0), count: 0)))
        #expect(probe.session.end == nil)
        #expect(probe.messages.count == 1)
        probe.receive(.hello(SessionProbe.hello()))
        probe.receive(.bye(ByeMessage(code: .shutdown, text: "")), session: SessionID(rawValue: 23))
        #expect(probe.session.end == nil)
        probe.receive(.bye(ByeMessage(code: .shutdown, text: "later")))
        #expect(probe.session.end == SessionEnd(code: .shutdown, text: "later", byPeer: true))
        #expect(probe.byes.isEmpty, "a bye is not answered")
    }

    @Test("A hello is repeated every second until the peer's comes")
    func repetition() {
        var probe = SessionProbe()
        probe.start()
        for _ in 0..<35 { probe.tick(after: 100) }
        #expect(probe.hellos == 4)
        probe.receive(.hello(SessionProbe.hello()))
        for _ in 0..<20 { probe.tick(after: 100) }
        #expect(probe.hellos == 4)
    }

    @Test("A repeated hello is answered, but not faster than hellos are repeated and not once the peer has ours")
    func repeatedHello() {
        var probe = SessionProbe()
        probe.start()
        for _ in 0..<50 { probe.receive(.hello(SessionProbe.hello())) }
        #expect(probe.hellos == 1)
        probe.tick(after: 1000)
        for _ in 0..<50 { probe.receive(.hello(SessionProbe.hello())) }
        #expect(probe.hellos == 2)
        probe.agree(on: .roster)
        probe.tick(after: 1000)
        probe.receive(.hello(SessionProbe.hello()))
        #expect(probe.hellos == 2)
    }

    @Test("A restarted peer gets a hello and a new round; its former self is not heard any more")
    func restart() {
        var probe = SessionProbe()
        probe.settle()
        probe.tick(after: 100)
        let next = SessionID(rawValue: 33)
        probe.receive(.hello(SessionProbe.hello(nonce: 3)), session: next)
        #expect(probe.hellos == 2)
        #expect(probe.roots.last?.kind == .roster)
        #expect(probe.roots.last?.round == 2, "rounds go on counting, so that late frames stay recognisable")
        probe.receive(.bye(ByeMessage(code: .shutdown, text: "")))
        probe.receive(.hello(SessionProbe.hello()))
        #expect(probe.session.end == nil)
        #expect(probe.session.peer?.nonce == 3)
        // Data begins again only after the roster.
        #expect(probe.roots.last { $0.kind == .data }?.round == 1)
        if let root = probe.roots.last { probe.receive(.root(root), session: next) }
        probe.tick(after: 100)
        #expect(probe.roots.last { $0.kind == .data }?.round == 2)
    }

    @Test("A peer that restarts as another station is refused, and so is one that never stops restarting")
    func restarts() {
        var probe = SessionProbe()
        probe.settle()
        probe.receive(
            .hello(SessionProbe.hello(station: StationKey(rawValue: .init(high: 300, low: 0)))),
            session: SessionID(rawValue: 33))
        #expect(probe.byes.map(\.code) == [.identityMismatch])

        probe = SessionProbe()
        probe.settle()
        for id in 100..<(100 + UInt64(SessionLimits().peerRestarts)) {
            probe.receive(.hello(SessionProbe.hello()), session: SessionID(rawValue: id))
        }
        #expect(probe.session.end == nil)
        probe.receive(.hello(SessionProbe.hello()), session: SessionID(rawValue: 99))
        #expect(probe.byes.map(\.code) == [.limitExceeded])
    }

    @Test("L9: heads that the peer holds of our logs are handed on as evidence")
    func evidence() {
        let head = SignedHead(
            replica: ReplicaID(rawValue: 5), sequence: 9, hash: .beforeGenesis, signature: [1])
        var probe = SessionProbe()
        probe.start()
        probe.receive(.hello(SessionProbe.hello(held: [head])))
        #expect(probe.actions.contains(.evidence([head])))
        #expect(probe.actions.contains(.greeted(SessionProbe.hello(held: [head]))))
    }
}
