import ArgumentParser
import Dispatch
import Foundation
import GembaSimulation
import Synchronization

/// Runs many simulations and reports what they found.
struct PlantSoak: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plants",
        abstract: "Simulates plants on a faulty network, one for each seed.",
        discussion: "Prints each seed that fails, with what it needs to be run again. Exits with 1 if there is one.")

    @Option(help: "How many seeds to run.")
    var seeds: UInt64 = 100

    @Option(help: "The first seed.")
    var from: UInt64 = 1

    @Option(help: "Classes of faults in place of those that each seed draws, as a report prints them.")
    var faults: String?

    @Option(help: "Bugs to plant, as a report prints them.")
    var plant: String?

    @Option(help: "How long faults and writes last, in virtual seconds, in place of what each seed draws.")
    var duration: Int?

    @Option(help: "How many simulations run side by side.")
    var jobs = ProcessInfo.processInfo.activeProcessorCount

    @Flag(help: "Print a line for each seed.")
    var verbose = false

    @Flag(help: "Begin no more seeds once one has failed.")
    var stop = false

    func run() throws {
        let options = try options()
        let tally = Mutex(SoakTally())
        let next = Atomic<UInt64>(0)
        DispatchQueue.concurrentPerform(iterations: max(1, jobs)) { _ in
            while true {
                let index = next.add(1, ordering: .relaxed).oldValue
                if index >= seeds || stop && tally.withLock({ $0.failures > 0 }) { return }
                let report = Simulation(options(from + index)).run()
                tally.withLock { tally in
                    tally.add(report)
                    if verbose || report.violation != nil { print(report) }
                }
            }
        }
        let result = tally.withLock { $0 }
        print(result)
        if result.failures > 0 { throw ExitCode.failure }
    }

    /// What each seed does.
    private func options() throws -> @Sendable (UInt64) -> SimulationOptions {
        let faults = try faults.map { text in
            guard let faults = Fault(text) else {
                throw ValidationError("There is no such class of faults in \(text).")
            }
            return faults
        }
        let planted = try plant.map { text in
            guard let bugs = PlantedBug(text) else { throw ValidationError("There is no such bug in \(text).") }
            return bugs
        }
        let duration = duration.map { $0 * 1000 }
        return { seed in
            var options = SimulationOptions(seed: seed)
            options.faults = faults ?? options.faults
            options.plantedBugs = planted ?? []
            options.duration = duration ?? options.duration
            return options
        }
    }
}
