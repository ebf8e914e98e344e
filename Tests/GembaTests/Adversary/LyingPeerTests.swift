import GembaCausality
import GembaWire
import Testing

@testable import GembaGossip
@testable import GembaNode

@Suite("G14: whoever says again and again that it holds what it does not costs little, and is held off")
struct LyingPeerTests {
    /// What is said to be held, and never comes.
    private static func claim(of count: Int) -> [ChangeReference] {
        (0..<count).map {
            ChangeReference(
                replica: ReplicaID(rawValue: UInt128($0 + 1) << 100), sequence: SequenceNumber(Int64.max),
                prefix: HashPrefix(rawValue: 1))
        }
    }

    private static func difference(_ claimed: [ChangeReference], round: UInt64) -> Message {
        let entries = claimed.map {
            VectorMessage.DifferingEntry(replica: $0.replica, tip: .init(sequence: $0.sequence, prefix: $0.prefix))
        }
        return .vector(VectorMessage(kind: .data, round: round, parts: [.init(prefix: [], part: .difference(entries))]))
    }

    /// A session with a peer that says as fast as it can that it holds something, and then that it holds nothing.
    private func contradict() -> SessionProbe {
        var probe = SessionProbe()
        probe.settle()
        for _ in 0..<1000 where probe.session.end == nil {
            let round = (probe.roots.last { $0.kind == .data }?.round ?? 0) + 1
            let root = RootMessage(kind: .data, round: round, digest: HashPrefix(rawValue: 5), count: 1)
            probe.receive(.root(root))
            probe.receive(Self.difference([], round: round))
            probe.tick(after: 100)
        }
        return probe
    }

    @Test("Of 1,000 sessions whose vectors contradict their roots each ends after a few frames, and most never begin")
    func contradictions() {
        let liar = TransportKey(rawValue: ThirtyTwoByteValue(high: 1, low: 1))
        var restraint = Restraint()
        var now = Instant()
        var sessions = 0
        for _ in 0..<1000 {
            _ = restraint.release(at: now)
            // Who is held off dials again at once.
            now = now.advanced(by: .milliseconds(100))
            guard !restraint.heldOff.contains(liar) else { continue }
            let probe = contradict()
            sessions += 1
            #expect(probe.byes.map(\.code) == [.malformedFrame] && probe.session.end?.code?.isViolation == true)
            #expect(probe.messages.count <= 16, "\(probe.messages.count)")
            #expect(probe.actions.count { $0 == .requestSnapshot(.data) } <= 2 * SessionLimits().contradictions + 1)
            now = now.advanced(by: .milliseconds(probe.now))
            restraint.noteFault(of: liar, at: now)
        }
        #expect(sessions > Restraint.faults && sessions < 30, "\(sessions)")
    }

    @Test("Of 1,000 claims in one session few are looked at, and none has this side ask again by itself")
    func claims() {
        let limits = SessionLimits()
        let claimed = Self.claim(of: 8)
        var probe = SessionProbe()
        probe.settle()
        func snapshots() -> Int { probe.actions.count { $0 == .requestSnapshot(.data) } }
        let before = (snapshots: snapshots(), messages: probe.messages.count)
        for round in UInt64(2)...1001 {
            probe.receive(
                .root(RootMessage(kind: .data, round: round, digest: VectorDigest.root(claimed), count: 8)))
            probe.receive(Self.difference(claimed, round: round))
        }
        #expect(snapshots() - before.snapshots <= limits.roundBurst)
        #expect(probe.messages.count - before.messages <= 4 * limits.roundBurst)
        #expect(probe.applied == 0)

        // Once more, and slowly enough to be believed.
        for _ in 0..<10 { probe.tick(after: 100) }
        let round = probe.roots.last?.round ?? 0
        probe.receive(.root(RootMessage(kind: .data, round: round, digest: VectorDigest.root(claimed), count: 8)))
        probe.receive(Self.difference(claimed, round: round))
        #expect(probe.actions.contains(.behind(.data, changes: .max)))
        let settled = probe.roots.count
        for _ in 0..<3600 {
            for _ in 0..<10 { probe.tick(after: 100) }
            probe.receive(SessionProbe.pulse())
        }
        #expect(probe.roots.count == settled)
        #expect(probe.session.end == nil, "what is late is no fault")
        #expect(!probe.session.isSettled(.data) && probe.applied == 0)
    }
}
