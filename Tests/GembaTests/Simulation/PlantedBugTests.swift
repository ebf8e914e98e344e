import GembaSimulation
import Testing

@Suite("Planted bugs are found", .timeLimit(.minutes(15)))
struct PlantedBugTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var bug: PlantedBug
        /// Faults that bring it to light.
        var faults: Fault
        var rules: Set<Violation.Rule>
        /// How long faults and writes last, in virtual milliseconds.
        var duration = 4_000

        var testDescription: String { bug.description }
    }

    static let cases = [
        Case(bug: .deliversWithoutDeps, faults: [.scrambling, .linkCuts], rules: [.causality]),
        Case(
            bug: .mergesDuplicates, faults: [.scrambling, .linkCuts, .crash], rules: [.model, .convergence, .ledger]),
        Case(bug: .tearsChanges, faults: [], rules: [.atomicity, .model, .convergence]),
        Case(bug: .showsLatestArrival, faults: [.partition], rules: [.model, .convergence]),
        Case(bug: .losesCommits, faults: [], rules: [.durability, .identity]),
        Case(
            bug: .checkpointsForgetLocalWork, faults: [.earlyCheckpoints, .partition],
            rules: [.model, .convergence, .ledger]),
        Case(
            bug: .checkpointsDropDeletedRows, faults: [.earlyCheckpoints, .folding, .lateEnrolment, .partition],
            rules: [.model, .convergence, .ledger]),
        Case(
            bug: .editsDroppedRows, faults: [.dropping, .partition, .linkCuts], rules: [.model, .convergence, .ledger],
            duration: 15_000),
        Case(
            bug: .backfillKeepsOrder, faults: [.earlyCheckpoints, .lateEnrolment, .partition],
            rules: [.causality, .liveness, .model]),
        Case(bug: .namesByArrival, faults: [.fork, .partition], rules: [.model, .convergence]),
    ]

    @Test("within a few seeds, by a checker that is made for them", arguments: cases)
    func found(_ planted: Case) throws {
        for seed in UInt64(1)...20 {
            var options = SimulationTests.options(seed)
            options.faults = planted.faults
            options.plantedBugs = planted.bug
            options.patience = 20_000
            options.duration = planted.duration
            guard let violation = Simulation(options).run().violation else { continue }
            #expect(planted.rules.contains(violation.rule), "seed \(seed): \(violation)")
            return
        }
        Issue.record("\(planted.bug) was not found")
    }

    @Test("Planted bugs are printed and read")
    func names() {
        #expect(PlantedBug("tearsChanges+losesCommits") == [.tearsChanges, .losesCommits])
        #expect(PlantedBug("none of these") == nil)
    }
}
