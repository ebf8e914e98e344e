import Foundation
import GembaSimulation
import Testing

@Suite("G20: a seed replays", .timeLimit(.minutes(15)))
struct DeterminismTests {
    @Test("The same seed does the same again, event by event", arguments: UInt64(101)...106)
    func again(seed: UInt64) {
        let first = Simulation(SimulationTests.options(seed)).run()
        let second = Simulation(SimulationTests.options(seed)).run()
        #expect(first == second, "seed \(seed)")
    }

    @Test("Another process, whose dictionaries are in another order, does the same")
    func otherProcess() throws {
        let program = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "gemba-soak")
        try #require(FileManager.default.isExecutableFile(atPath: program.path), "\(program.path) was not built")
        var options = SimulationOptions(seed: 7)
        options.duration = 3_000
        let expected = Simulation(options).run()
        let process = Process()
        let output = Pipe()
        process.executableURL = program
        process.arguments = ["--from", "7", "--seeds", "1", "--duration", "3", "--verbose"]
        process.environment = ProcessInfo.processInfo.environment.filter { $0.key != "SWIFT_DETERMINISTIC_HASHING" }
        process.standardOutput = output
        try process.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        #expect(text.contains("trace \(String(expected.trace, radix: 16)),"), "\(text)")
        #expect(expected.violation == nil)
    }

    @Test("Two seeds do not do the same")
    func different() {
        #expect(
            Simulation(SimulationTests.options(1)).run().trace != Simulation(SimulationTests.options(2)).run().trace)
    }
}
