import GembaCausality
import GembaSimulation
import GembaWire
import Testing

@testable import GembaGossip

@Suite("G14: a hostile peer costs itself")
struct HostilePeerTests {
    /// Numbers at which arithmetic breaks, up to the greatest that a frame can carry, and ordinary ones.
    private static func number(_ random: inout SeededGenerator) -> UInt64 {
        let choices: [UInt64] = [
            0, 1, 2, 3, 100, 200, 255, 1 << 32, 1 << 52, UInt64(Int64.max) - 1, UInt64(Int64.max),
        ]
        return choices.randomElement(using: &random) ?? 0
    }

    private static func reference(_ random: inout SeededGenerator) -> ChangeReference {
        let replica = random.chance(0.5) ? UInt128(number(&random)) : UInt128(number(&random)) << 64
        return ChangeReference(
            replica: ReplicaID(rawValue: replica), sequence: number(&random),
            prefix: HashPrefix(rawValue: UInt128(number(&random))))
    }

    private static func references(_ random: inout SeededGenerator) -> [ChangeReference] {
        let count = Int.random(in: 0...6, using: &random)
        var references = (0..<count).map { _ in reference(&random) }
        if random.chance(0.8) { references.sort { $0.replica < $1.replica } }
        return references
    }

    private static func part(_ random: inout SeededGenerator, depth: Int = 0) -> VectorMessage.Part {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return .entries(references(&random))
        case 1: return .digests((0..<(random.chance(0.9) ? 16 : 3)).map { _ in number(&random) })
        case 2:
            return .difference(
                references(&random).map {
                    .init(
                        replica: $0.replica,
                        tip: random.chance(0.5) ? .init(sequence: $0.sequence, prefix: $0.prefix) : nil)
                })
        default:
            guard depth < 2 else { return .entries([]) }
            let digits = (UInt8(0)..<17).filter { _ in random.chance(0.2) }
            return .children(digits.map { .init(digit: $0, part: part(&random, depth: depth + 1)) })
        }
    }

    /// Packed runs of which little is true.
    private static func pack(_ random: inout SeededGenerator, round: UInt64) -> PackMessage {
        func name(_ random: inout SeededGenerator) -> PackedName {
            random.chance(0.5) ? .known(number(&random)) : .new(reference(&random).replica.rawValue)
        }
        var runs: [PackedRun] = []
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            var run = PackedRun(
                log: name(&random), first: number(&random), previous: nil,
                bodies: [UInt8](repeating: 0, count: Int.random(in: 0...300, using: &random)), signature: [])
            run.lengths = (0..<Int.random(in: 0...4, using: &random)).map { _ in .random(in: 0...255, using: &random) }
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                let epoch = random.chance(0.5) ? nil : name(&random)
                let count = random.chance(0.5) ? nil : number(&random)
                run.forms.append(PackedRun.Form(epoch: epoch, coding: .identity, count: count))
            }
            if random.chance(0.5) {
                let reference = PackedRun.Reference(log: name(&random), sequence: 1, prefix: HashPrefix(rawValue: 0))
                run.deps.append(PackedRun.Deps(place: number(&random), references: [reference]))
            }
            runs.append(run)
        }
        return PackMessage(
            round: round, offset: random.chance(0.8) ? UInt64.random(in: 0...400, using: &random) : number(&random),
            runs: runs)
    }

    private static func message(_ random: inout SeededGenerator, round: UInt64) -> Message {
        let kind: LogKind = random.chance(0.5) ? .roster : .data
        let round = random.chance(0.7) ? round : random.chance(0.5) ? round + 1 : number(&random)
        switch Int.random(in: 0..<9, using: &random) {
        case 8:
            return .pack(pack(&random, round: round))
        case 0:
            return .root(
                RootMessage(
                    kind: kind, round: round, digest: HashPrefix(rawValue: UInt128(number(&random))),
                    count: number(&random)))
        case 1, 2:
            let prefix = (0..<Int.random(in: 0...3, using: &random)).map { _ in UInt8.random(in: 0...16, using: &random)
            }
            return .vector(
                VectorMessage(kind: kind, round: round, parts: [.init(prefix: prefix, part: part(&random))]))
        case 3, 4:
            let runs = (0..<Int.random(in: 0...3, using: &random)).map { _ in
                Run(
                    replica: reference(&random).replica, first: number(&random), previous: nil,
                    entries: (0..<Int.random(in: 0...3, using: &random)).map { _ in
                        [UInt8](repeating: 0, count: Int.random(in: 0...300, using: &random))
                    }, signature: [])
            }
            let offset = random.chance(0.8) ? UInt64.random(in: 0...400, using: &random) : number(&random)
            return .batch(BatchMessage(kind: kind, round: round, offset: offset, runs: runs))
        case 5:
            return .ack(
                AckMessage(
                    kind: kind, round: round, received: random.chance(0.7) ? 0 : number(&random),
                    limit: number(&random), have: references(&random)))
        case 6:
            return .pulse(
                PulseMessage(
                    wallClock: number(&random), echo: random.chance(0.5) ? number(&random) : nil,
                    roster: .init(round: round, sent: number(&random)),
                    data: .init(round: round, sent: number(&random))))
        default:
            return .hello(SessionProbe.hello(wallClock: number(&random)))
        }
    }

    @Test(
        "Frames of every kind with numbers at every edge are answered, ignored or refused, never a trap",
        arguments: 0..<8)
    func fuzz(block: UInt64) {
        var refusals: [ByeMessage.Code: Int] = [:]
        var lengths = 0
        for seed in (block * 250)..<(block * 250 + 250) {
            var random = SeededGenerator(seed: seed)
            var probe = SessionProbe(standing: random.chance(0.2) ? .strangerPeer : .members)
            probe.data = VectorSnapshot(
                references: (0..<Int.random(in: 0...200, using: &random)).map {
                    ChangeReference(
                        replica: ReplicaID(rawValue: UInt128($0) << 120), sequence: 3, prefix: HashPrefix(rawValue: 3))
                }, position: 4)
            if random.chance(0.9) { probe.settle() } else { probe.start() }
            probe.outcome =
                [
                    .advanced([]), .unavailable, nil, .incomplete(advanced: [], lacking: .roster),
                    .incomplete(advanced: [], lacking: .dependency),
                ].randomElement(using: &random) ?? nil
            for _ in 0..<60 where probe.session.end == nil {
                let round = probe.roots.last?.round ?? 0
                probe.receive(Self.message(&random, round: round))
                if random.chance(0.3) { probe.tick(after: Int.random(in: 0...1500, using: &random)) }
                lengths += 1
            }
            for bye in probe.byes { refusals[bye.code, default: 0] += 1 }
            #expect(probe.byes.count <= 1, "seed \(seed)")
        }
        // The generator reaches deep enough to be worth something.
        #expect(refusals[.malformedFrame, default: 0] > 10)
        #expect(refusals[.limitExceeded, default: 0] > 10)
        #expect(lengths > 1000)
    }

    @Test("A claim of more changes than there are numbers for is shown as very many")
    func claims() {
        var probe = SessionProbe()
        probe.settle()
        let claimed = (0..<3).map {
            ChangeReference(
                replica: ReplicaID(rawValue: UInt128($0)), sequence: SequenceNumber(Int64.max),
                prefix: HashPrefix(rawValue: 1))
        }
        probe.receive(
            .root(RootMessage(kind: .data, round: 2, digest: VectorDigest.root(claimed), count: 3)))
        probe.receive(
            .vector(
                VectorMessage(
                    kind: .data, round: 2,
                    parts: [
                        .init(
                            prefix: [],
                            part: .difference(
                                claimed.map {
                                    .init(replica: $0.replica, tip: .init(sequence: $0.sequence, prefix: $0.prefix))
                                }))
                    ])))
        #expect(probe.actions.contains(.behind(.data, changes: .max)))
    }

    @Test("A flood of any one frame is answered by few of ours")
    func amplification() {
        var random = SeededGenerator(seed: 9)
        for _ in 0..<300 {
            var probe = SessionProbe()
            probe.settle()
            let message = Self.message(&random, round: 1)
            if case .vector = message { continue }
            if case .batch = message { continue }
            if case .pack = message { continue }
            let before = probe.messages.count
            for _ in 0..<200 { probe.receive(message) }
            #expect(probe.messages.count - before <= 20, "\(message)")
        }
    }
}
