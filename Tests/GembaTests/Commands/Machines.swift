import Foundation
import Synchronization
import Testing

/// Machines of one plant, each with a data folder of its own, as far apart as processes on one computer are.
final class Machines: Sendable {
    private let folder: TemporaryFolder
    private let started = Mutex<[RunningProgram]>([])

    /// Founds a plant on the machine `it` and runs a test in it; nothing is left running behind it.
    static func withPlant(_ body: (Machines) async throws -> Void) async throws {
        let machines = try Machines()
        do {
            try await machines.gemba("it", "init", "--plant", "Plant 7", "--station", "IT")
            try await body(machines)
            await machines.stopAll()
        } catch {
            await machines.stopAll()
            throw error
        }
    }

    private init() throws { folder = try TemporaryFolder() }

    func data(_ machine: String) -> String { folder.folder(machine) }

    /// Writes a file beside the machines' folders.
    func file(_ name: String, _ content: String) throws -> String {
        let path = folder.folder(name)
        try Data(content.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    // MARK: - Commands

    /// Runs a command on a machine to its end, and expects a status.
    @discardableResult
    func run(
        _ program: BuiltProgram, _ machine: String, _ arguments: [String], input: String = "",
        expecting status: Int32 = 0, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> ProgramOutput {
        let all = arguments + ["--data", data(machine)]
        let output = try await RunningProgram(program, all, input: input, scratch: folder.path).output()
        #expect(
            output.status == status, "\(arguments.joined(separator: " "))\n\(output.out)\(output.err)",
            sourceLocation: sourceLocation)
        return output
    }

    /// Runs `gemba` on a machine to its end, and expects a status.
    @discardableResult
    func gemba(
        _ machine: String, _ arguments: String..., input: String = "", expecting status: Int32 = 0,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> ProgramOutput {
        try await run(.gemba, machine, arguments, input: input, expecting: status, sourceLocation: sourceLocation)
    }

    /// Invites and joins a machine while one that it can reach runs.
    func join(_ machine: String, role: String = "station", name: String, at endpoint: String? = nil) async throws {
        let places = endpoint.map { ["--endpoint", $0] } ?? []
        let invitation = try await run(.gemba, "it", ["invite", "--role", role, "--name", name] + places)
        try await gemba(machine, "join", input: invitation.out)
    }

    /// The hash over the logs that a machine holds.
    func logs(_ machine: String, of program: BuiltProgram = .gemba) async throws -> String {
        try await run(program, machine, ["digest", "--logs"]).lastWord
    }

    /// The hash over the rows that a machine makes of them.
    func digest(_ machine: String, of program: BuiltProgram = .gemba) async throws -> String {
        try await run(program, machine, ["digest"]).lastWord
    }

    /// Waits until all machines hold the same rows, and as many changes as are given.
    func agree(_ machines: String..., changes: Int? = nil) async throws -> Bool {
        try await eventually {
            var states: Set<String> = []
            for machine in machines {
                let state = try await gemba(machine, "digest", "--json").object
                if let changes, state["changes"] as? Int != changes { return false }
                states.insert("\(state["digest"] ?? "")")
            }
            return states.count == 1
        }
    }

    // MARK: - Daemons

    /// Starts a daemon on a port that the system chooses, or one that only dials, and waits until it runs.
    func start(
        _ machine: String, as program: BuiltProgram = .gemba, at endpoint: String? = "tcp://127.0.0.1:0",
        peers: [String] = [], environment: [String: String] = [:], logLevel: String = "info"
    ) async throws -> Daemon {
        let listen = endpoint.map { ["--listen", $0] } ?? []
        let dialled = peers.flatMap { ["--peer", $0] }
        let arguments = ["run", "--data", data(machine), "--log-level", logLevel] + listen + dialled
        let process = try RunningProgram(program, arguments, scratch: folder.path, environment: environment)
        started.withLock { $0.append(process) }
        let daemon = Daemon(process: process)
        let sign = endpoint == nil ? " starts " : "listening on "
        let isUp = try await eventually { process.errors.contains(sign) || !process.isRunning }
        try #require(isUp && process.isRunning, "\(process.errors)")
        return daemon
    }

    private func stopAll() async {
        let all = started.withLock { $0 }
        for process in all { process.terminate() }
        for process in all { _ = try? await process.output() }
    }
}

/// A daemon that was started.
struct Daemon: Sendable {
    let process: RunningProgram

    /// Where it says that it listens.
    var endpoint: String {
        let lines = process.errors.split(separator: "\n")
        return lines.compactMap { $0.hasPrefix("listening on ") ? String($0.dropFirst(13)) : nil }.last ?? ""
    }

    /// Stops it as a service manager would.
    @discardableResult
    func stop() async throws -> ProgramOutput {
        process.terminate()
        return try await process.output()
    }
}
