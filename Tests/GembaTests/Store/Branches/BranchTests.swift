import GRDB
import GembaCausality
import GembaStore
import GembaTrust
import GembaWire
import Testing

@Suite("Forked logs in a store (RULES L7)")
struct BranchTests {
    private let forks: ForkedPlant
    private let a: Replica
    private let witness: Replica

    init() throws {
        forks = try ForkedPlant()
        a = forks.plant.founder
        witness = try forks.plant.enrol("L3")
        try a.add("common")
    }

    @Test("both halves of a fork are applied on both sides, under the same names")
    func bothHalves() throws {
        let clone = try forks.copy(of: a)
        for name in ["left 1", "left 2"] { try a.add(name) }
        for name in ["right 1", "right 2", "right 3"] { try clone.add(name) }
        try a.meet(clone)
        try expectAlike([a, clone])
        let branches = try a.branches()
        #expect(branches.map(\.first) == [0, 2, 2])
        #expect(branches.map(\.isClosed) == [true, false, false])
        #expect(Set(branches.map(\.last)) == [1, 3, 4])
        #expect(try a.partNames().count == 6)
        try witness.take(from: clone)
        try expectAlike([a, witness])
    }

    @Test("a witness of either half, or of both in either order, names them alike")
    func orders() throws {
        let clone = try forks.copy(of: a)
        try a.add("left")
        try clone.add("right")
        let other = try forks.plant.enrol("L4")
        try witness.take(from: a)
        try other.take(from: clone)
        try witness.meet(other)
        try expectAlike([witness, other])
        try a.take(from: other)
        try expectAlike([a, witness])
    }

    @Test("what comes again changes nothing")
    func repetition() throws {
        let clone = try forks.copy(of: a)
        try a.add("left")
        try clone.add("right")
        try a.meet(clone)
        let before = try a.digest()
        let (runs, _, _) = try clone.runs(of: .data, after: 0, excluding: VersionVector(), maximumBytes: 1 << 20)
        let outcome = try a.apply(runs, kind: .data)
        #expect(outcome.entryCount == 0)
        #expect(outcome.problem == nil)
        #expect(try a.digest() == before)
    }

    @Test("a bundle has all branches, and reading it twice changes nothing")
    func bundle() throws {
        let clone = try forks.copy(of: a)
        try a.add("left")
        try clone.add("right")
        try a.meet(clone)
        let path = forks.plant.folder.folder("branches.bundle")
        _ = try a.writeBundle(to: path)
        let first = try witness.readBundle(from: path)
        #expect(first.data.new > 0 && first.data.leftOut == 0 && first.forked.isEmpty)
        try expectAlike([a, witness])
        let again = try witness.readBundle(from: path)
        #expect(again.data.new == 0 && again.data.leftOut == 0 && again.data.known == first.data.new + first.data.known)
    }

    @Test(
        "an entry that its author never signed is no second history, in either kind of log", arguments: LogKind.allCases
    )
    func noHistory(kind: LogKind) throws {
        try a.add("left")
        try witness.take(from: a)
        let (runs, _, _) = try a.runs(of: kind, after: 0, excluding: VersionVector(), maximumBytes: 1 << 20)
        for var run in runs {
            for index in run.entries.indices {
                let entry = run.entries[index]
                run.entries[index][entry.count - 1] ^= 1
                let outcome = try witness.apply([run], kind: kind)
                #expect(outcome.forked.isEmpty && outcome.entryCount == 0, "entry \(index)")
                guard case .invalid = outcome.problem else {
                    Issue.record("\(String(describing: outcome.problem)) instead of a refusal")
                    return
                }
                run.entries[index] = entry
            }
        }
        #expect(try witness.branches().isEmpty)
    }

    @Test(
        "what goes on a forked log in knowledge of the other half is taken by those who learn of both from it",
        arguments: [1, 9])
    func stubborn(writes: Int) throws {
        let clone = try forks.copy(of: a, harmful: true)
        let name = try #require(try a.currentTip()).replica
        try a.add("left")
        try clone.add("right")
        try witness.take(from: a)
        try clone.take(from: a)
        for number in 0..<writes { try clone.add("right \(number), which has seen left") }
        #expect(try clone.branches().filter { !$0.isClosed }.map(\.last).max() == UInt64(writes + 2))
        try witness.take(from: clone)
        try a.take(from: witness)
        try expectAlike([a, clone, witness])
        #expect(try witness.partNames().count == writes + 3)
        #expect(try witness.branches().first?.log == name)
    }

    @Test("a station whose log is forked goes on under a new name, which continues both halves")
    func healing() throws {
        let clone = try forks.copy(of: a)
        let name = try #require(try a.currentTip()).replica
        try a.add("left")
        try clone.add("right")
        try a.meet(clone)
        try a.add("healed")
        let healed = try #require(try a.currentTip())
        #expect(healed.replica != name)
        let (runs, _, _) = try a.runs(
            of: .data, after: 0, excluding: VersionVector(), maximumBytes: 1 << 20,
            including: VersionVector([healed.replica: .max]))
        let entries = try runs.flatMap(\.entries).map { try Entry(decoding: $0) }
        let genesis = try Genesis(decoding: entries[0].body)
        let open = try a.branches().filter { !$0.isClosed }.map(\.name)
        #expect(Set(open).isSubset(of: Set(genesis.predecessors.map(\.replica))))
        #expect(entries[1].deps.count == 2)
        try clone.add("healed, too")
        #expect(try clone.currentTip()?.replica != name)
        try a.meet(clone)
        try witness.take(from: a)
        try expectAlike([a, clone, witness])
    }

    @Test("a proof of the fork can be shown to anybody who knows the station's key")
    func proof() throws {
        let clone = try forks.copy(of: a)
        for name in ["left 1", "left 2"] { try a.add(name) }
        try clone.add("right")
        try witness.take(from: a)
        #expect(try witness.forkProofs().isEmpty)
        try witness.take(from: clone)
        let proofs = try witness.forkProofs()
        #expect(proofs.count == 1)
        let proof = try #require(proofs.first)
        #expect(try ForkProof(decoding: proof.encoded()) == proof)
        #expect(ForkVerification.isValid(proof, by: a.identity.stationKey, plant: a.plant))
        #expect(!ForkVerification.isValid(proof, by: witness.identity.stationKey, plant: a.plant))
        #expect(try Set(proof.names) == Set(witness.branches().filter { $0.first > 0 }.map(\.name)))
    }

    @Test("a write that names what one half wrote replaces it, whenever the other half becomes known")
    func earlyReferences() throws {
        let row = try a.add("part")
        let clone = try forks.copy(of: a)
        try a.rename(row, to: "left")
        try clone.rename(row, to: "right")
        try witness.take(from: a)
        try witness.rename(row, to: "witness, after left")
        try clone.take(from: witness)
        try clone.take(from: a)
        try witness.take(from: clone)
        try a.take(from: witness)
        try expectAlike([a, clone, witness])
        let conflicts = try witness.conflicts()
        #expect(conflicts.flatMap { $0.siblings.flatMap(\.written) }.map { "\($0)" }.sorted().count == 2)
        try witness.rename(row, to: "settled")
        #expect(try witness.conflicts().isEmpty)
        try a.take(from: witness)
        try clone.take(from: a)
        #expect(try clone.conflicts().isEmpty)
        try expectAlike([a, clone, witness])
    }

    @Test("halves of halves, met in any order, have the same names", arguments: 0..<24)
    func halvesOfHalves(order: Int) throws {
        // Leaves the common history at entry 2; at 3; twice at 4.
        var copies: [Replica] = []
        for step in 0..<3 {
            copies.append(try forks.copy(of: a))
            try copies[step].add("copy \(step)")
            try a.add("original \(step)")
        }
        copies.append(try forks.copy(of: a))
        try copies[3].add("copy 3")
        try a.add("original 3")
        copies.append(try forks.copy(of: copies[0]))
        try copies[4].add("copy of a copy")
        try copies[0].add("copy 0 goes on")
        let all = copies + [a]
        var rest = Array(all.indices)
        var number = order * 31
        while !rest.isEmpty {
            let next = rest.remove(at: number % rest.count)
            number /= 2
            try witness.take(from: all[next])
        }
        let other = try forks.plant.enrol("L4")
        for replica in all { try other.take(from: replica) }
        try expectAlike([witness, other])
        for replica in all { try replica.take(from: witness) }
        for replica in all { try expectAlike([witness, replica]) }
        #expect(try witness.branches().count { !$0.isClosed } == 6)
    }

    @Test("many branches at once only take longer")
    func many() throws {
        let copies = try (0..<20).map { number in
            let copy = try forks.copy(of: a)
            try copy.add("copy \(number)")
            return copy
        }
        try a.add("original")
        let relay = try forks.plant.enrol("L4")
        for copy in copies { try relay.take(from: copy) }
        try witness.take(from: a)
        let first = try witness.take(from: relay)
        #expect(first.problem == .missingDependency)
        #expect(try witness.take(from: relay).problem == nil)
        try relay.take(from: witness)
        try expectAlike([witness, relay])
        #expect(try witness.partNames().count == 22)
    }

    @Test("who knows no branches is shown the half that came first")
    func withoutBranches() throws {
        let clone = try forks.copy(of: a)
        try a.add("left")
        try clone.add("right")
        try witness.take(from: a)
        let before = try witness.vector(of: .data)
        try witness.take(from: clone)
        #expect(try witness.snapshot(of: .data, showsBranches: false).vector == before)
        let (runs, _, _) = try witness.runs(
            of: .data, after: 0, excluding: VersionVector(), maximumBytes: 1 << 20, showsBranches: false)
        let other = try forks.plant.enrol("L4")
        #expect(try other.apply(runs, kind: .data).problem == nil)
        #expect(try other.vector(of: .data) == before)
    }

    @Test("of forked logs nothing is folded")
    func folding() throws {
        let clone = try forks.copy(of: a)
        try a.add("left")
        try clone.add("right")
        try a.meet(clone)
        let plan = try a.foldPlan(olderThan: 0)
        #expect(plan.entries == 0)
        #expect(throws: StoreError.self) { try a.makeCheckpoint() }
    }
}
