import ArgumentParser
import Dispatch
import Foundation
import GembaSimulation
import Synchronization

/// Damages signed logs in many ways and looks whether anything of that is believed.
struct MutantSoak: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mutants",
        abstract: "Has a receiver verify mutants of runs, packs, heads and frames; it must believe none of them.",
        discussion: "Prints counts, and each mutant that was believed. Exits with 1 if there is one.")

    @Option(help: "How many mutants to make.")
    var count: UInt64 = 1_000_000

    @Option(help: "The first mutant.")
    var from: UInt64 = 0

    @Option(help: "Which logs they are made of.")
    var seed: UInt64 = 1

    @Option(help: "How many are made side by side.")
    var jobs = ProcessInfo.processInfo.activeProcessorCount

    /// Mutants that are made one after another.
    private static let block: UInt64 = 10_000

    func run() throws {
        let trial = try MutantTrial(seed: seed)
        let tally = Mutex(MutantTrial.Tally())
        let next = Atomic<UInt64>(0)
        DispatchQueue.concurrentPerform(iterations: max(1, jobs)) { _ in
            while true {
                let start = next.add(Self.block, ordering: .relaxed).oldValue
                guard start < count else { return }
                let part = trial.run(from + start..<from + min(count, start + Self.block))
                tally.withLock { tally in
                    tally.add(part)
                    for deception in part.deceptions { print("believed: \(deception)") }
                }
            }
        }
        let result = tally.withLock { $0 }
        print(result)
        if !result.deceptions.isEmpty { throw ExitCode.failure }
    }
}
