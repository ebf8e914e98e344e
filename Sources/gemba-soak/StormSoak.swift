import ArgumentParser
import Dispatch
import Foundation
import GembaSimulation
import Synchronization

/// Puts back and copies many disks, and counts what comes of it.
struct StormSoak: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "storms",
        abstract: "Puts back and copies disks, a hundred in each plant.",
        discussion: "Prints counts, and each seed that fails. Exits with 1 if there is one.")

    @Option(help: "How many disks are put back or copied.")
    var disasters = 10_000

    @Option(help: "The first seed.")
    var from: UInt64 = 1

    @Option(help: "How many plants run side by side.")
    var jobs = ProcessInfo.processInfo.activeProcessorCount

    @Flag(help: "Print a line for each plant.")
    var verbose = false

    @Flag(help: "Begin no more plants once one has failed.")
    var stop = false

    private static let disastersPerPlant = 100
    private static let greatestFailures = 20

    func run() throws {
        let tally = Mutex((counts: CloneStorm.Counts(), failures: 0))
        let next = Atomic<UInt64>(0)
        DispatchQueue.concurrentPerform(iterations: max(1, jobs)) { _ in
            while tally.withLock({ $0.counts.disasters < disasters && !(stop && $0.failures > 0) }) {
                let seed = from + next.add(1, ordering: .relaxed).oldValue
                do {
                    let counts = try CloneStorm(seed: seed, disasters: Self.disastersPerPlant).run()
                    tally.withLock { $0.counts += counts }
                    if verbose { print("seed \(seed): \(counts)") }
                } catch {
                    tally.withLock { $0.failures += 1 }
                    print("seed \(seed): \(error)")
                    if tally.withLock({ $0.failures }) > Self.greatestFailures { return }
                }
            }
        }
        let (counts, failures) = tally.withLock { $0 }
        print(
            """
            \(counts.disasters) disks: \(counts.restoredDatabases) databases and \(counts.restoredFolders) folders put back, \
            \(counts.clones) noticed and \(counts.twins) unnoticed copies; \(counts.writes) writes, \
            \(counts.exchanges) exchanges, \(counts.comparisons) comparisons, \(counts.branches) branches, \(failures) failures
            """)
        if failures > 0 { throw ExitCode.failure }
    }
}
