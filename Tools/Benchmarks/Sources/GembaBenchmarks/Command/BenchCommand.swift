import ArgumentParser
import Foundation

/// `Tools/bench`
@main
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Compares Gemba with plain SQLite and others.",
        discussion: """
            Figures are medians of interleaved rounds, most of them ratios to a baseline of the same run. Smaller is better.
            CRSQLITE_SO and CLOUDSYNC_SO name the extension files of cr-sqlite and sqlite-sync, to be measured as well, and
            GEMBA_TEXT_TRACES a folder with traces of github.com/josephg/editing-traces, for text.

            EXAMPLES
              Tools/bench
              Tools/bench list
              Tools/bench --only insert-1000,update-1000
              Tools/bench --json > recorded.json
              Tools/bench --check recorded.json
              Tools/bench memory

            """,
        subcommands: [Compare.self, List.self, MemoryCommand.self, MemoryStepCommand.self],
        defaultSubcommand: Compare.self)

    /// All that can be measured, in the order of reports.
    static let measurements: [any Measurement.Type] = [
        TicketBatches.self, TicketUpdates.self, LargeApply.self, FirstFill.self, IdleSync.self, WireSizes.self,
        CommitToAck.self,
        Searching.self,
        Snapshot.self,
        TextEditing.self, TextMerging.self,
    ]

    static let figures = measurements.flatMap { $0.figures }

    /// The names of all figures with what they say.
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the figures and their goals.")

        func run() {
            let width = BenchCommand.figures.map(\.name.count).max() ?? 0
            for figure in BenchCommand.figures {
                let name = figure.name.padding(toLength: width, withPad: " ", startingAt: 0)
                print("\(name)  \(figure.meaning); goal \(figure.goal) \(figure.unit.rawValue)")
            }
        }
    }

    /// Measures and reports.
    struct Compare: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Measure and report (the default).")

        @Flag(help: "Print a list of {name, ratio, spread, goal} instead of a table.") var json = false
        @Flag(
            help: ArgumentHelp(
                "Count processor time, not elapsed time.",
                discussion: "Steadier on a busy machine. Disks and other processes that are waited for do not count."))
        var cpu = false
        @Option(help: "Measure these figures only: names with commas between.") var only: String?
        @Option(help: "Compare with what --json printed earlier; a regression beyond the spread is a failure.")
        var check: String?

        func run() async throws {
            let wanted = try names()
            // Set before anything is measured.
            Stopwatch.countsProcessorTime = cpu
            let record = try check.map(Record.init(contentsOf:))
            let report = try await withScratchFolder { folder in
                let bench = Bench(folder: folder, wanted: wanted)
                try await bench.run(BenchCommand.measurements)
                return bench.report
            }
            print(json ? try report.json() : report.table())
            let regressions = record?.regressions(in: report) ?? []
            if regressions.isEmpty { return }
            Progress.note("slower or larger than recorded:\n" + regressions.joined(separator: "\n"))
            throw ExitCode.failure
        }

        private func names() throws -> Set<String> {
            let known = Set(BenchCommand.figures.map(\.name))
            guard let only else { return known }
            let names = Set(only.split(separator: ",").map(String.init))
            if let unknown = names.subtracting(known).min() {
                throw ValidationError("There is no figure \(unknown); `Tools/bench list` tells their names.")
            }
            return names
        }
    }
}

/// Runs `body` with an empty folder, which is removed in the end.
func withScratchFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let folder = FileManager.default.temporaryDirectory.path + "/gemba-bench-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try await body(folder)
}
