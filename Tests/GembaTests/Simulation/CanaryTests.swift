import Foundation
import GRDB
import GembaCausality
import GembaGossip
import GembaNode
import GembaStore
import GembaWire
import Testing

@testable import GembaSimulation

/// A checker that cannot fail proves nothing: each is shown what it is there to find.
@Suite("Checkers can fail", .timeLimit(.minutes(15)))
struct CanaryTests {
    /// A plant at rest, in which everything is well.
    private func converged(seed: UInt64 = 11) throws -> Simulation {
        var options = SimulationOptions(seed: seed)
        options.nodes = 3
        options.hasRelay = false
        options.faults = []
        options.latency = 2
        options.duration = 6_000
        options.writePause = 200
        let simulation = Simulation(options)
        try simulation.runUntilConverged()
        try simulation.judge()
        return simulation
    }

    /// Changes a node's database behind its back, as a disk does that forgets: the guards of the tables go first.
    private func tamper(_ node: SimulatedNode, _ sql: String) throws {
        let queue = try DatabaseQueue(path: node.folder + "/replica.sqlite")
        try queue.write { database in
            for guardName in try String.fetchAll(database, sql: "SELECT name FROM sqlite_master WHERE type = 'trigger'")
            {
                try database.execute(sql: "DROP TRIGGER \"\(guardName)\"")
            }
            try database.execute(sql: sql)
        }
    }

    private func expect(
        _ rule: Violation.Rule, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
    ) {
        do {
            try body()
            Issue.record("nothing was found", sourceLocation: sourceLocation)
        } catch let violation as Violation {
            #expect(violation.rule == rule, "\(violation)", sourceLocation: sourceLocation)
        } catch {
            Issue.record(error, sourceLocation: sourceLocation)
        }
    }

    @Test("identity: another hash under a known name")
    func identity() throws {
        let simulation = try converged()
        try tamper(
            simulation.nodes[1],
            """
            UPDATE gemba_segment SET entries = CAST(substr(entries, 1, length(entries) - 1) || x'00' AS BLOB)
            WHERE id = (
                SELECT min(segment.id) FROM gemba_segment AS segment JOIN gemba_replica AS log ON log.id = segment.id >> 40
                WHERE log.kind = 0 AND segment.id & 0xFFFFFFFFFF > 0 AND coding = 0)
            """)
        expect(.identity) { try simulation.observer.checkOrder(simulation.nodes[1]) }
    }

    @Test("causality: an entry without what it depends on", arguments: LogKind.allCases)
    func causality(kind: LogKind) throws {
        let simulation = try converged()
        try tamper(
            simulation.nodes[1],
            """
            DELETE FROM gemba_order WHERE kind = \(kind.rawValue) AND position = (
                SELECT position FROM gemba_order WHERE kind = \(kind.rawValue) ORDER BY position LIMIT 1 OFFSET 1)
            """)
        expect(.causality) { try simulation.observer.checkOrder(simulation.nodes[1]) }
    }

    @Test("causality: a read that shows what is not held")
    func reads() throws {
        let simulation = try converged()
        try tamper(simulation.nodes[1], "UPDATE gemba_replica SET sequence = 0 WHERE kind = 0")
        var random = GembaSimulation.SeededGenerator(seed: 1)
        expect(.causality) {
            for _ in 0..<100 { try simulation.observer.read(simulation.nodes[1], random: &random) }
        }
    }

    @Test(
        "atomicity: one half of a pair differs, or is missing",
        arguments: ["UPDATE debit SET amount = amount + 1", "DELETE FROM credit", "UPDATE credit SET tags = '[1]'"])
    func atomicity(sql: String) throws {
        let simulation = try converged()
        try tamper(simulation.nodes[1], sql)
        expect(.atomicity) { try simulation.observer.observe(simulation.nodes[1]) }
    }

    @Test("durability: a log that is shorter than it was")
    func durability() throws {
        let simulation = try converged()
        try tamper(simulation.nodes[1], "UPDATE gemba_replica SET sequence = sequence - 1 WHERE sequence > 1")
        expect(.durability) { try simulation.observer.checkNothingLost(simulation.nodes[1]) }
    }

    @Test(
        "ledger: an acknowledged write that is nowhere",
        arguments: [
            "DELETE FROM note", "UPDATE item SET title = 'x'", "UPDATE item SET labels = '[]'",
            "UPDATE tally SET total = total - 1", "UPDATE debit SET amount = 0",
        ])
    func ledger(sql: String) throws {
        let simulation = try converged()
        try tamper(simulation.nodes[1], sql)
        let replica = try #require(simulation.nodes[1].process?.replica)
        let checker = try LedgerChecker(
            replica: replica, history: simulation.observer.history, ledger: simulation.observer.ledger,
            administrator: simulation.observer.administrator,
            vector: try simulation.observer.vector(of: replica, .data))
        expect(.ledger) { try checker.check() }
    }

    @Test("ledger: an acknowledged change that is in no log")
    func unknownReceipt() throws {
        let simulation = try converged()
        simulation.observer.ledger.add(.init(dot: Dot(ReplicaID(rawValue: 1), 1), marks: [:]))
        expect(.ledger) { try simulation.judge() }
    }

    @Test("convergence: one replica's state differs")
    func convergence() throws {
        let simulation = try converged()
        try tamper(simulation.nodes[1], "DELETE FROM extra")
        expect(.convergence) { try simulation.judge() }
    }

    @Test(
        "model: all replicas agree on what the rules do not give",
        arguments: ["UPDATE item SET title = 'x'", "UPDATE item SET stock = stock + 1", "DELETE FROM note"])
    func model(sql: String) throws {
        let simulation = try converged()
        for node in simulation.nodes { try tamper(node, sql) }
        expect(.model) { try StateChecker(simulation.nodes[1], simulation).check() }
    }

    @Test("model: merge states that nobody sees")
    func hiddenState() throws {
        let simulation = try converged()
        for node in simulation.nodes { try tamper(node, "DELETE FROM gemba_hidden") }
        expect(.model) { try StateChecker(simulation.nodes[1], simulation).check() }
    }

    @Test("liveness: a node that nobody can reach")
    func liveness() throws {
        var options = SimulationTests.options(3)
        options.faults = []
        options.patience = 5_000
        let simulation = Simulation(options)
        try simulation.setUp()
        try simulation.run(for: 2_000)
        try simulation.heal()
        simulation.network.setRoutes([])
        try simulation.write(at: simulation.nodes[0])
        expect(.liveness) { try simulation.converge() }
    }

    @Test("exposure: a frame leaves before the side file knows of it")
    func exposure() throws {
        let simulation = try converged()
        let node = simulation.nodes[1]
        let replica = try #require(node.process?.replica)
        let runs = try replica.runs(of: .data, after: 0, excluding: VersionVector(), maximumBytes: .max).runs
        let batch = BatchMessage(kind: .data, round: 1, offset: 0, runs: runs)
        let frame = Frame(session: SessionID(rawValue: 1), message: .batch(batch)).encoded()
        simulation.observer.checkExposure(frame, by: node)
        try simulation.observer.observe(node)
        try Data("{}".utf8).write(to: URL(filePath: node.folder + "/replica.side"))
        simulation.observer.checkExposure(frame, by: node)
        expect(.exposure) { try simulation.observer.observe(node) }
    }

    @Test("conduct: a frame that does not decode")
    func conduct() throws {
        let simulation = try converged()
        let (link, end) = try #require(simulation.network.sortedEnds.first)
        let node = simulation.nodes[end.holder]
        node.process?.engine.handle(.received(link, [0xFF]), at: simulation.moment(of: node))
        expect(.conduct) { try simulation.judge() }
    }
}

extension StateChecker {
    /// Looks at one node of a plant at rest.
    fileprivate init(_ node: SimulatedNode, _ simulation: Simulation) throws {
        let replica = try #require(node.process?.replica)
        let vector = try simulation.observer.vector(of: replica, .data)
        self.init(
            replica: replica, node: node.name,
            model: ReferenceModel(
                simulation.observer.history.changes(in: vector), administrator: simulation.observer.administrator))
    }
}
