import GembaCausality
import Testing

@Suite("VersionVector")
struct VersionVectorTests {
    private static let replicas = (1...3).map { ReplicaID(rawValue: $0) }

    /// Every vector over three replicas with nothing, a genesis, or one more entry of each.
    private static let all: [VersionVector] = (0..<27).map { number in
        var vector = VersionVector()
        for (replica, power) in zip(replicas, [1, 3, 9]) {
            let held = number / power % 3
            if held > 0 { vector.insert(Dot(replica, SequenceNumber(held - 1))) }
        }
        return vector
    }

    @Test("merging is idempotent, commutative and associative, and the empty vector adds nothing")
    func mergeLaws() {
        for a in Self.all {
            #expect(a.merging(a) == a)
            #expect(a.merging(VersionVector()) == a)
            for b in Self.all {
                #expect(a.merging(b) == b.merging(a))
                for c in Self.all {
                    #expect(a.merging(b).merging(c) == a.merging(b.merging(c)))
                }
            }
        }
    }

    @Test("a merged vector holds exactly what one of the two held")
    func mergeContents() {
        let dots = Self.replicas.flatMap { replica in (0...3).map { Dot(replica, SequenceNumber($0)) } }
        for a in Self.all {
            for b in Self.all {
                for dot in dots {
                    #expect(a.merging(b).contains(dot) == (a.contains(dot) || b.contains(dot)))
                }
            }
        }
    }

    @Test("the relation of two vectors is that of the sets of changes they stand for")
    func relation() {
        let dots = Self.replicas.flatMap { replica in (0...2).map { Dot(replica, SequenceNumber($0)) } }
        for a in Self.all {
            let held = Set(dots.filter(a.contains))
            for b in Self.all {
                let other = Set(dots.filter(b.contains))
                let expected: CausalRelation =
                    held == other
                    ? .equal
                    : held.isSubset(of: other) ? .before : held.isSuperset(of: other) ? .after : .concurrent
                #expect(a.relation(to: b) == expected)
            }
        }
    }

    @Test("holding only a genesis differs from holding nothing")
    func genesis() {
        let replica = Self.replicas[0]
        let genesis = VersionVector([replica: 0])
        #expect(genesis.contains(Dot(replica, 0)))
        #expect(!genesis.contains(Dot(replica, 1)))
        #expect(!VersionVector().contains(Dot(replica, 0)))
        #expect(VersionVector().relation(to: genesis) == .before)
    }

    @Test("inserting an earlier dot takes nothing back")
    func insertion() {
        var vector = VersionVector([Self.replicas[0]: 5])
        vector.insert(Dot(Self.replicas[0], 3))
        #expect(vector[Self.replicas[0]] == 5)
        vector.insert(Dot(Self.replicas[0], 6))
        #expect(vector[Self.replicas[0]] == 6)
        #expect(vector[Self.replicas[1]] == nil)
    }
}
