public import ArgumentParser
public import GembaSimulation

/// Measures how changes are spread in large plants.
struct SpreadSoak: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "spread",
        abstract: "Measures how changes are spread in a plant of many nodes.",
        discussion: """
            Prints a line for each seed: how often an entry came to a node for each time that it was stored, over how many \
            links, and how long it took. Exits with 1 if a node did not get everything.
            """)

    @Option(help: "How many nodes there are.")
    var nodes = 100

    @Option(help: "How many of them write; all, but at most 200, if not given.")
    var writers: Int?

    @Option(help: "How many per cent of all frames are lost.")
    var loss = 0

    @Option(help: "What happens to a tenth of the nodes in mid-run: none, crash or full.")
    var trouble = SpreadOptions.Trouble.none

    @Option(help: "How many seeds to run.")
    var seeds: UInt64 = 1

    @Option(help: "The first seed.")
    var from: UInt64 = 1

    @Option(help: "How long changes are written, in virtual seconds.")
    var duration = 120

    @Option(help: "The mean time between two changes, in virtual milliseconds.")
    var pause = 100

    @Flag(help: "Send everything over all links, as without a tree.")
    var flood = false

    @Flag(help: "Never ask for what was announced and does not come: a bug that is found.")
    var neverGraft = false

    func validate() throws {
        guard nodes >= 2, (0...100).contains(loss), duration > 0, pause > 0, writers.map({ $0 > 0 }) ?? true else {
            throw ValidationError("A plant has 2 nodes, of which one writes, or more, and loses 0 to 100 per cent.")
        }
    }

    func run() throws {
        print(SpreadReport.heading)
        var isComplete = true
        for seed in from..<(from + seeds) {
            let report = SpreadSimulation(options(seed)).run()
            print(report)
            isComplete = isComplete && report.missing == 0
        }
        if !isComplete { throw ExitCode.failure }
    }

    private func options(_ seed: UInt64) -> SpreadOptions {
        var options = SpreadOptions(seed: seed, nodes: nodes)
        options.writers = min(writers ?? options.writers, nodes)
        options.loss = Double(loss) / 100
        options.trouble = trouble
        options.duration = duration * 1000
        options.writePause = pause
        options.isFlooding = flood
        options.neverGrafts = neverGraft
        return options
    }
}

extension SpreadOptions.Trouble: ExpressibleByArgument {}
