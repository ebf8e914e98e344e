import GembaCausality
import GembaStore
import GembaTrust
import GembaWire
import Testing

@Suite("Forked roster logs in a store (RULES L7)")
struct RosterBranchTests {
    private let forks: ForkedPlant
    private let office: Replica
    private let clone: Replica
    private let witness: Replica

    /// A founder whose folder was copied, and who enrols a station on each of the two machines.
    init() throws {
        forks = try ForkedPlant()
        office = forks.plant.founder
        witness = try forks.plant.enrol("L1")
        clone = try forks.copy(of: office)
    }

    private func names(_ replica: Replica) throws -> Set<String> {
        Set(try replica.roster().members.values.map(\.name))
    }

    @Test("Both histories count for everybody, whichever came first, and so does what their guests write")
    func bothCount() throws {
        let left = try forks.plant.enrol("L2", by: office)
        let right = try forks.plant.enrol("L3", by: clone)
        try left.add("from L2")
        try right.add("from L3")
        let other = try forks.plant.enrol("L4", by: office)
        try witness.take(from: left)
        try witness.take(from: right)
        try other.take(from: right)
        try other.take(from: left)
        try witness.take(from: other)
        try other.take(from: witness)
        try expectAlike([witness, other], in: LogKind.allCases)
        #expect(try names(witness) == ["IT", "L1", "L2", "L3", "L4"])
        #expect(try witness.partNames().count == 2)
        let branches = try witness.branches(of: .roster)
        #expect(branches.count == 3)
        #expect(try witness.branches(of: .data).isEmpty)
        #expect(branches.map(\.isClosed) == [true, false, false])

        // Who was invited on one branch and whose own log knows nothing of the other learns it like everybody.
        try left.take(from: witness)
        try right.take(from: witness)
        try expectAlike([left, right, witness], in: LogKind.allCases)
    }

    @Test("A station whose roster log is forked goes on in a new one that has seen both ends")
    func goesOn() throws {
        _ = try forks.plant.enrol("L2", by: office)
        _ = try forks.plant.enrol("L3", by: clone)
        try office.meet(clone)
        try expectAlike([office, clone], in: LogKind.allCases)
        let forkedLog = try #require(office.branches(of: .roster).first).log
        let later = try forks.plant.enrol("L5", by: office)
        let log = try #require(
            later.roster().logs.first { $0.station == office.identity.stationKey && $0.genesis.incarnation == 2 })
        let histories = try office.roster().logs.filter { $0.replica == forkedLog }
        let ends = Set(histories.compactMap { $0.hash(at: $0.last)?.prefix })
        #expect(ends.count == 2)
        #expect(Set(log.genesis.predecessors.map(\.prefix)) == ends)
        try clone.take(from: later)
        try witness.take(from: clone)
        try expectAlike([clone, later, witness], in: LogKind.allCases)
        #expect(try names(witness) == ["IT", "L1", "L2", "L3", "L5"])
    }

    @Test("The proof of a forked roster log convinces whoever has it, and says of whom it is")
    func proof() throws {
        _ = try forks.plant.enrol("L2", by: office)
        _ = try forks.plant.enrol("L3", by: clone)
        try witness.take(from: office)
        try witness.take(from: clone)
        let proof = try #require(witness.forkProofs().first)
        #expect(try proof.log == witness.branches(of: .roster).first?.log)
        #expect(ForkVerification.isValid(proof, by: office.identity.stationKey, plant: office.plant))
        #expect(!ForkVerification.isValid(proof, by: witness.identity.stationKey, plant: office.plant))
    }

    @Test("A bundle carries both histories, and a reader of the old half takes the other")
    func bundle() throws {
        let left = try forks.plant.enrol("L2", by: office)
        _ = try forks.plant.enrol("L3", by: clone)
        try witness.take(from: clone)
        try witness.take(from: office)
        let path = forks.plant.folder.folder("stick.gemba")
        _ = try witness.writeBundle(to: path)
        _ = try left.readBundle(from: path)
        try expectAlike([left, witness], in: LogKind.allCases)
        _ = try clone.readBundle(from: path)
        try expectAlike([clone, witness], in: LogKind.allCases)
    }

    @Test("Nothing that one half does of a removed administrator counts beyond the cut")
    func removed() throws {
        let admin = try forks.plant.enrol("IT-2", as: .admin)
        let copy = try forks.copy(of: admin)
        let kept = try forks.plant.enrol("L6", by: copy)
        try office.take(from: copy)
        _ = try office.revoke(admin.identity.stationKey, by: "admin")
        _ = try forks.plant.enrol("L7", by: admin)
        try witness.take(from: admin)
        try witness.take(from: office)
        try kept.take(from: office)
        try kept.take(from: admin)
        try witness.take(from: kept)
        try expectAlike([witness, kept], in: LogKind.allCases)
        #expect(try names(witness) == ["IT", "L1", "L6"])
    }
}
