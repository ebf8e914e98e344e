import ArgumentParser
import Foundation
import Gemba

/// `Tools/bench memory`
struct MemoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "memory", abstract: "Measure what memory a long history takes, whatever is done with it.",
        discussion: """
            The history is of as many changes as rows. Fails when any process takes more than 200 MiB: catching up and its
            sender, verifying, making and taking a checkpoint, and fetching the bodies afterwards. It takes about ten minutes and 3 GB of disk for a million.
            """)

    /// What a small machine has to spare beside its other work.
    private static let greatestMebibytes = 200

    @Argument(help: "How many changes the history has.") var changes = 1_000_000

    func validate() throws {
        if changes < 1 { throw ValidationError("A history has at least one change.") }
    }

    func run() async throws {
        let peaks = try await withScratchFolder { folder in
            try measure(MemoryStep.History(folder: folder, changes: changes))
        }
        for (name, peak) in peaks {
            print("\(name.padding(toLength: 28, withPad: " ", startingAt: 0)) \(peak) MiB")
        }
        let excess = peaks.filter { $0.peak > Self.greatestMebibytes }
        if excess.isEmpty { return }
        Progress.note("more than \(Self.greatestMebibytes) MiB: \(excess.map(\.name).joined(separator: ", "))")
        throw ExitCode.failure
    }

    private func measure(_ history: MemoryStep.History) throws -> [(name: String, peak: Int)] {
        func peak(_ step: MemoryStep, at station: String, from address: String? = nil) throws -> Int {
            Progress.note("\(step)")
            return try Child(step, history, at: station, from: address).peak()
        }
        var peaks = [("write the changes", try peak(.write, at: history.author))]
        let sender = try Child(.stream, history, at: history.author)
        peaks.append(("catch up", try peak(.receive, at: "\(history.folder)/streamed", from: sender.line())))
        peaks.append(("send them", try sender.peak()))
        peaks.append(("verify", try peak(.verify, at: history.author)))
        peaks.append(("make a checkpoint", try peak(.make, at: history.author)))
        let giver = try Child(.give, history, at: history.author)
        peaks.append(("take a checkpoint", try peak(.receive, at: "\(history.folder)/given", from: giver.line())))
        peaks.append(("give it", try giver.peak()))
        let keeper = try Child(.stream, history, at: history.author)
        peaks.append(("fetch the bodies", try peak(.fetch, at: "\(history.folder)/given", from: keeper.line())))
        peaks.append(("give them", try keeper.peak()))
        return peaks
    }

    /// A process that does one step.
    private final class Child {
        private let process = Process()
        private let input = Pipe()
        private let output = Pipe()

        init(
            _ step: MemoryStep, _ history: MemoryStep.History, at station: String, from address: String? = nil
        ) throws {
            process.executableURL = URL(filePath: CommandLine.arguments[0])
            process.arguments = [
                MemoryStepCommand.name, step.rawValue, history.folder, "\(history.changes)", station,
            ]
            if let address { process.arguments?.append(address) }
            process.standardInput = input
            process.standardOutput = output
            try process.run()
        }

        /// The next line that it prints.
        func line() throws -> String {
            var bytes: [UInt8] = []
            while let byte = try output.fileHandleForReading.read(upToCount: 1)?.first, byte != 10 {
                bytes.append(byte)
            }
            return String(decoding: bytes, as: UTF8.self)
        }

        /// Lets it come to its end, and returns how much memory it took.
        func peak() throws -> Int {
            try input.fileHandleForWriting.close()
            let peak = Int(try line())
            process.waitUntilExit()
            guard let peak, process.terminationStatus == 0 else { throw ExitCode.failure }
            return peak
        }
    }
}

/// The process of one step.
struct MemoryStepCommand: AsyncParsableCommand {
    static let name = "memory-step"
    static let configuration = CommandConfiguration(commandName: name, shouldDisplay: false)

    @Argument var step: String
    @Argument var folder: String
    @Argument var changes: Int
    @Argument var station: String
    @Argument var address: String?

    func run() async throws {
        guard let step = MemoryStep(rawValue: step) else { throw ValidationError("not a step: \(step)") }
        let history = MemoryStep.History(folder: folder, changes: changes)
        try await step.run(history, at: station, from: address.flatMap { PeerAddress($0) })
    }
}
