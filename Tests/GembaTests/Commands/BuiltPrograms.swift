import Foundation

/// The built programs, run as processes of their own, as people and services run them.
enum BuiltProgram: String, Sendable {
    case gemba
    case relay = "gemba-relay"

    /// Beside the tests' own executable, or where `GEMBA_BIN` says.
    var url: URL {
        let folder =
            ProcessInfo.processInfo.environment["GEMBA_BIN"].map { URL(fileURLWithPath: $0) }
            ?? URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        return folder.appendingPathComponent(rawValue)
    }
}

/// What a program that ended had to say.
struct ProgramOutput: Sendable {
    var status: Int32
    var out: String
    var err: String

    /// The last word that was printed.
    var lastWord: String { out.split { $0.isWhitespace }.last.map(String.init) ?? "" }

    /// Standard output as JSON.
    var json: Any { get throws { try JSONSerialization.jsonObject(with: Data(out.utf8)) } }

    /// Standard output as a JSON object.
    var object: [String: Any] { get throws { try json as? [String: Any] ?? [:] } }

    /// Standard output as a JSON array of objects.
    var objects: [[String: Any]] { get throws { try json as? [[String: Any]] ?? [] } }
}

/// A program that was started. Its output goes to files, so that it never waits for a reader.
///
/// `@unchecked Sendable`: the process is set up before it is shared, and `Process` guards what is asked of it later.
final class RunningProgram: @unchecked Sendable {
    private let process = Process()
    private let outPath: String
    private let errPath: String
    private let ended: AsyncStream<Void>

    convenience init(
        _ program: BuiltProgram, _ arguments: [String], input: String = "", scratch: String,
        environment: [String: String] = [:], runner: [String] = []
    ) throws {
        try self.init(
            program.url, arguments, input: input, scratch: scratch, environment: environment, runner: runner)
    }

    /// - Parameter runner: a program with arguments that starts the other one.
    init(
        _ program: URL, _ arguments: [String], input: String = "", scratch: String,
        environment more: [String: String] = [:], runner: [String] = []
    ) throws {
        let name = scratch + "/" + UUID().uuidString
        (outPath, errPath) = (name + ".out", name + ".err")
        let inPath = name + ".in"
        try Data(input.utf8).write(to: URL(fileURLWithPath: inPath))
        for path in [outPath, errPath] { try Data().write(to: URL(fileURLWithPath: path)) }
        process.executableURL = runner.first.map { URL(fileURLWithPath: $0) } ?? program
        process.arguments = runner.isEmpty ? arguments : runner.dropFirst() + [program.path] + arguments
        let files = [
            try FileHandle(forReadingFrom: URL(fileURLWithPath: inPath)),
            try FileHandle(forWritingTo: URL(fileURLWithPath: outPath)),
            try FileHandle(forWritingTo: URL(fileURLWithPath: errPath)),
        ]
        // Foundation keeps an ended process, and with it these files; with some 1,300 of them open, the next start crashes.
        defer { for file in files { try? file.close() } }
        (process.standardInput, process.standardOutput, process.standardError) = (files[0], files[1], files[2])
        var environment = ProcessInfo.processInfo.environment
        environment["GEMBA_DATA"] = nil
        environment["USER"] = "tester"
        process.environment = environment.merging(more) { $1 }
        let (ended, end) = AsyncStream<Void>.makeStream()
        self.ended = ended
        process.terminationHandler = { _ in end.finish() }
        try process.run()
    }

    var errors: String { (try? String(contentsOfFile: errPath, encoding: .utf8)) ?? "" }
    var isRunning: Bool { process.isRunning }
    var identifier: Int32 { process.processIdentifier }

    func terminate() { if process.isRunning { process.terminate() } }

    /// Waits for the end without occupying a thread.
    func output() async throws -> ProgramOutput {
        for await _ in ended {}
        return ProgramOutput(
            status: process.terminationStatus, out: try String(contentsOfFile: outPath, encoding: .utf8), err: errors)
    }
}

/// Waits until something becomes so, for as long as a slow machine may need.
func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
    let end = ContinuousClock.now.advanced(by: .seconds(60))
    while ContinuousClock.now < end {
        if try await condition() { return true }
        try await Task.sleep(for: .milliseconds(100))
    }
    return false
}
