import GembaCausality
import GembaSimulation
import GembaWire
import Testing

@testable import GembaGossip

@Suite("S5: the walk down the tree of digests")
struct VectorWalkTests {
    private static func reference(_ replica: UInt128, _ sequence: SequenceNumber) -> ChangeReference {
        ChangeReference(
            replica: ReplicaID(rawValue: replica), sequence: sequence,
            prefix: HashPrefix(rawValue: replica ^ UInt128(sequence)))
    }

    private static func snapshot(_ references: some Collection<ChangeReference>) -> VectorSnapshot {
        VectorSnapshot(references: references.sorted { $0.replica < $1.replica }, position: 0)
    }

    /// Two vectors of about the given size. Ids share 32 bits for some seeds, as only hashes do that somebody searched for long.
    private static func pair(
        _ random: inout SeededGenerator, size: Int, difference: Double
    ) -> (VectorSnapshot, VectorSnapshot) {
        var ours: [ChangeReference] = []
        var theirs: [ChangeReference] = []
        let dense = random.chance(0.2)
        for _ in 0..<size {
            let bits = UInt128(random.next()) << 64 | UInt128(random.next())
            let id = dense ? bits >> 32 : bits
            let entry = reference(id, 5)
            switch random.chance(difference) ? Int.random(in: 0..<4, using: &random) : 4 {
            case 0: ours.append(entry)
            case 1: theirs.append(entry)
            case 2:
                ours.append(entry)
                theirs.append(reference(id, 6))
            case 3:
                ours.append(entry)
                theirs.append(ChangeReference(replica: entry.replica, sequence: 5, prefix: HashPrefix(rawValue: 0)))
            default:
                ours.append(entry)
                theirs.append(entry)
            }
        }
        return (snapshot(ours), snapshot(theirs))
    }

    /// Walks until both sides are done; returns the number of messages in each direction together.
    private func walk(_ left: inout VectorWalk, _ right: inout VectorWalk) throws(ProtocolViolation) -> Int {
        var parts = left.begin()
        var messages = 0
        var isRightsTurn = true
        while !parts.isEmpty {
            messages += 1
            var answers: [VectorMessage.PrefixedPart] = []
            for part in parts { answers += isRightsTurn ? try right.receive(part) : try left.receive(part) }
            parts = answers
            isRightsTurn.toggle()
        }
        return messages
    }

    @Test("Both sides find the other's vector, whatever the difference", arguments: [0, 1, 10, 64, 65, 300, 3000])
    func finds(size: Int) throws {
        for seed in UInt64(0)..<(size > 1000 ? 5 : 40) {
            var random = SeededGenerator(seed: seed)
            let difference = [0.001, 0.05, 0.5, 1][Int(seed % 4)]
            let (ours, theirs) = Self.pair(&random, size: size, difference: difference)
            var left = VectorWalk(snapshot: ours, theirCount: theirs.references.count, limits: SessionLimits())
            var right = VectorWalk(snapshot: theirs, theirCount: ours.references.count, limits: SessionLimits())
            let messages = try walk(&left, &right)
            #expect(left.isComplete && right.isComplete, "seed \(seed)")
            #expect(left.theirs == theirs.references, "seed \(seed)")
            #expect(right.theirs == ours.references, "seed \(seed)")
            #expect(messages <= 40, "seed \(seed)")
        }
    }

    @Test("One who holds nothing and one who holds very much", arguments: [1000, 1100, 5000, 20_000])
    func lopsided(size: Int) throws {
        var random = SeededGenerator(seed: 1)
        let full = Self.snapshot(
            (0..<size).map { _ in
                Self.reference(UInt128(random.next()) << 64 | UInt128(random.next()), 5)
            })
        for holder in [0, 1] {
            let empty = Self.snapshot([])
            var left = VectorWalk(snapshot: holder == 0 ? full : empty, theirCount: size, limits: SessionLimits())
            var right = VectorWalk(snapshot: holder == 0 ? empty : full, theirCount: size, limits: SessionLimits())
            let messages = try walk(&left, &right)
            #expect(messages <= 6)
            #expect(left.theirs == (holder == 0 ? [] : full.references))
            #expect(right.theirs == (holder == 0 ? full.references : []))
        }
    }

    @Test("Lost, repeated and reordered parts are made good by asking again")
    func unreliable() throws {
        for seed in UInt64(0)..<60 {
            var random = SeededGenerator(seed: seed)
            let (ours, theirs) = Self.pair(&random, size: 400, difference: 0.1)
            var sides = [
                VectorWalk(snapshot: ours, theirCount: theirs.references.count, limits: SessionLimits()),
                VectorWalk(snapshot: theirs, theirCount: ours.references.count, limits: SessionLimits()),
            ]
            var flying: [(to: Int, part: VectorMessage.PrefixedPart)] = sides[0].begin().map { (1, $0) }
            var steps = 0
            while !(sides[0].isComplete && sides[1].isComplete), steps < 3000 {
                steps += 1
                if flying.isEmpty {
                    for side in 0...1 { flying += sides[side].pendingQuestions.map { (1 - side, $0) } }
                }
                guard !flying.isEmpty else { break }
                let index = Int.random(in: flying.indices, using: &random)
                let next = random.chance(0.2) ? flying[index] : flying.remove(at: index)
                if random.chance(0.3) { continue }
                flying += try sides[next.to].receive(next.part).map { (1 - next.to, $0) }
            }
            #expect(sides[0].isComplete && sides[1].isComplete, "seed \(seed)")
            #expect(sides[0].theirs == theirs.references, "seed \(seed)")
            #expect(sides[1].theirs == ours.references, "seed \(seed)")
        }
    }

    @Test("Messages of a walk between many replicas stay far below a frame")
    func sizes() throws {
        var random = SeededGenerator(seed: 3)
        let (ours, theirs) = Self.pair(&random, size: 30_000, difference: 1)
        var left = VectorWalk(snapshot: ours, theirCount: theirs.references.count, limits: SessionLimits())
        var right = VectorWalk(snapshot: theirs, theirCount: ours.references.count, limits: SessionLimits())
        var parts = left.begin()
        var isRightsTurn = true
        while !parts.isEmpty {
            for message in VectorMessage.messages(kind: .data, round: 1, parts: parts) {
                #expect(Message.vector(message).approximateBytes < Limits.frameBytes / 4)
            }
            var answers: [VectorMessage.PrefixedPart] = []
            for part in parts { answers += isRightsTurn ? try right.receive(part) : try left.receive(part) }
            parts = answers
            isRightsTurn.toggle()
        }
        #expect(left.theirs == theirs.references)
        #expect(right.theirs == ours.references)
    }

    @Test("Prefixes cover what their digits say")
    func prefixes() throws {
        let prefix = try #require(DigitPrefix(digits: [0xA, 0x0, 0xF]))
        #expect(prefix.digits == [0xA, 0x0, 0xF])
        #expect(prefix.first == ReplicaID(rawValue: 0xA0F << 116))
        #expect(prefix.last == ReplicaID(rawValue: 0xA0F << 116 | UInt128.max >> 12))
        #expect(DigitPrefix.root.first == ReplicaID(rawValue: 0))
        #expect(DigitPrefix.root.last == ReplicaID(rawValue: .max))
        let whole = try #require(DigitPrefix(digits: [UInt8](repeating: 15, count: 32)))
        #expect(whole.first == whole.last && whole.last == ReplicaID(rawValue: .max))
        #expect(DigitPrefix(digits: [16]) == nil)
        #expect(DigitPrefix(digits: [UInt8](repeating: 0, count: 33)) == nil)
    }

    @Test("L7: the same place with two histories is a conflict, and nothing of that log is sent")
    func conflict() {
        let ours = Self.snapshot([Self.reference(1, 5), Self.reference(2, 5)])
        let fork = ChangeReference(replica: ReplicaID(rawValue: 1), sequence: 5, prefix: HashPrefix(rawValue: 99))
        let difference = VectorDifference(ours: ours, theirs: [fork, Self.reference(2, 5)])
        #expect(difference.conflicts == [ConflictingTips(ours: Self.reference(1, 5), theirs: fork)])
        #expect(difference.held == VersionVector([ReplicaID(rawValue: 2): 5]))
        #expect(difference.withheld.contains(Dot(ReplicaID(rawValue: 1), 1000)))
        #expect(!difference.peerLacksSomething)
        #expect(difference.lacking.isEmpty)
    }
}
