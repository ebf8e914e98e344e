import GRDB
import GembaNode
import GembaStore
import Testing

@testable import GembaSimulation

@Suite("Agreement in simulated plants", .timeLimit(.minutes(15)))
struct AgreementSimulationTests {
    @Test("G22: rows that a planted bug made differ are found by comparing them, and named")
    func plantedBug() throws {
        for seed in UInt64(1)...20 {
            var options = SimulationTests.options(seed)
            options.faults = [.partition]
            options.plantedBugs = .losesSiblings
            options.hasRelay = false
            options.nodes = 3
            options.rowsInPlay = 2
            options.writePause = 200
            // Shorter than the period of the checkers that would see it, too.
            options.duration = 1_900
            let simulation = Simulation(options)
            try simulation.runUntilConverged()
            do {
                try simulation.agree()
            } catch let violation as Violation {
                #expect(violation.rule == .agreement, "seed \(seed): \(violation)")
                #expect(violation.finding.contains("row "), "seed \(seed): \(violation)")
                return
            }
        }
        Issue.record("the bug was not found")
    }

    @Test("G22: rows that were written behind a replica's back are found and made anew, and then all agree")
    func tampering() throws {
        var options = SimulationOptions(seed: 11)
        options.nodes = 3
        options.hasRelay = false
        options.faults = []
        options.latency = 2
        options.duration = 6_000
        options.writePause = 200
        let simulation = Simulation(options)
        try simulation.runUntilConverged()
        try simulation.agree()
        let queue = try DatabaseQueue(path: simulation.nodes[1].folder + "/replica.sqlite")
        try queue.write { database in
            for name in try String.fetchAll(database, sql: "SELECT name FROM sqlite_master WHERE type = 'trigger'") {
                try database.execute(sql: "DROP TRIGGER \"\(name)\"")
            }
            try database.execute(sql: "UPDATE item SET title = 'somebody else'")
        }
        #expect(throws: Violation.self) { try simulation.agree() }
        #expect(simulation.nodes[1].process?.engine.counts.rowsRepaired ?? 0 > 0)
        // What was made anew is what it was: the checkers find nothing.
        try simulation.run(for: 5_000)
        try simulation.judge()
    }
}
