import Foundation
import GembaSimulation
import Testing

@Suite("Simulated plants", .timeLimit(.minutes(15)))
struct SimulationTests {
    /// A shorter life than the long runs have, so that many seeds fit into a test run.
    static func options(_ seed: UInt64) -> SimulationOptions {
        var options = SimulationOptions(seed: seed)
        options.nodes = min(options.nodes, 5)
        options.duration = 4_000
        options.writePause = max(options.writePause, 400)
        return options
    }

    @Test(
        "G2–G8, G15: whatever happens to them, all replicas come to hold and show the same", arguments: UInt64(1)...64)
    func seed(_ seed: UInt64) {
        let report = Simulation(Self.options(seed)).run()
        #expect(report.violation == nil, "\(report)")
        #expect(report.counts.writes > 0)
        #expect(report.counts.convergence != nil)
    }

    @Test(
        "L7: whoever forks a log, by accident or not, all replicas keep all of it and call it alike",
        arguments: UInt64(101)...112)
    func forks(_ seed: UInt64) {
        var options = Self.options(seed)
        options.faults = [.fork, .partition, .linkCuts, .crash]
        options.duration = 8_000
        let report = Simulation(options).run()
        #expect(report.violation == nil, "\(report)")
        #expect(report.counts.convergence != nil)
    }

    @Test("L7: logs are really forked, into several branches")
    func forksHappen() {
        let reports = (UInt64(101)...104).map { seed in
            var options = Self.options(seed)
            options.faults = [.fork, .partition]
            options.duration = 12_000
            return Simulation(options).run()
        }
        #expect(reports.allSatisfy { $0.violation == nil }, "\(reports)")
        #expect(reports.reduce(0) { $0 + $1.counts.branches } >= 4)
    }

    @Test("Without faults, all converge within a second")
    func calm() {
        var options = Self.options(1)
        options.faults = []
        options.latency = 2
        let report = Simulation(options).run()
        #expect(report.violation == nil, "\(report)")
        #expect(report.counts.convergence.map { $0 <= 1_000 } == true)
    }

    @Test("A seed draws the same options every time, and each class of faults is on in some and off in others")
    func options() {
        let all = (UInt64(1)...100).map { SimulationOptions(seed: $0) }
        #expect(all == (UInt64(1)...100).map { SimulationOptions(seed: $0) })
        for bit in 0..<UInt32.bitWidth {
            let fault = Fault(rawValue: 1 << UInt32(bit))
            guard Fault.all.contains(fault) else { continue }
            let count = all.count { $0.faults.contains(fault) }
            #expect((10...60).contains(count), "\(fault) is on in \(count) of 100")
        }
    }

    @Test("Classes of faults are printed and read")
    func faultNames() {
        #expect(Fault([.loss, .clone]).description == "loss+clone")
        #expect(Fault("loss+clone") == [.loss, .clone])
        #expect(Fault("none") == [])
        #expect(Fault(Fault.all.description) == .all)
        #expect(Fault("gremlins") == nil)
    }
}
