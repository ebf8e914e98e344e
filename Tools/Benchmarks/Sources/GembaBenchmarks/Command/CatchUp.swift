import Foundation
import Gemba
import Logging

/// A station that has nothing takes over a long history, change by change, over real sockets.
///
/// The two stations are two processes, so that the memory of each can be told. What counts is that it does not grow with
/// the history.
struct CatchUp {
    /// The subcommand of the process that is the station with nothing.
    static let receiverCommand = "catch-up-receiver"

    let folder: String
    let changes: Int

    func run() async throws {
        let author = try SampleTicket.station(in: "\(folder)/author", isDurable: false)
        _ = try SampleTicket.station("B", beside: author, in: "\(folder)/receiver")
        try write(at: author)
        Memory.forgetPeak()

        let (endpoints, listening) = AsyncStream<String>.makeStream()
        try await withThrowingTaskGroup { group in
            group.addTask {
                let node = Node(author, transport: .zeroMQ(listen: "tcp://127.0.0.1:0"), logger: Self.logger)
                do {
                    try await node.run(onListening: { listening.yield($0) })
                } catch is CancellationError {}
            }
            guard let endpoint = await endpoints.first(where: { _ in true }) else { return }
            try startReceiver(dialling: "\(endpoint)#\(author.identity.transportKey)").waitUntilExit()
            group.cancelAll()
        }
        print("sender: at most \(Memory.peakMebibytes) MiB resident")
    }

    private func write(at author: Replica) throws {
        let start = ContinuousClock.now
        for number in 0..<changes {
            let ticket = SampleTicket(number, batch: 1)
            try author.write(by: "bench") { try $0.insert(into: "ticket", id: ticket.row, ticket.values) }
            if number % 100_000 == 99_999 { Progress.note("\(number + 1) changes written") }
        }
        Progress.note("written in \(Int(start.duration(to: .now) / .seconds(1))) s")
    }

    private func startReceiver(dialling address: String) throws -> Process {
        let process = Process()
        process.executableURL = URL(filePath: CommandLine.arguments[0])
        process.arguments = [Self.receiverCommand, "\(folder)/receiver", address, "\(changes)"]
        try process.run()
        return process
    }

    // MARK: - The station with nothing

    static func receive(folder: String, from peer: PeerAddress, changes: UInt64) async throws {
        let replica = try Replica.open(in: folder, schema: SampleTicket.schema)
        let start = ContinuousClock.now
        try await withThrowingTaskGroup { group in
            group.addTask {
                let node = Node(replica, transport: .zeroMQ(), peers: [peer], logger: logger)
                do { try await node.run() } catch is CancellationError {}
            }
            var noted: UInt64 = 0
            while true {
                let held = try replica.statistics().changes
                if held >= noted + 100_000 {
                    noted = held
                    Progress.note("\(held) changes received, \(Memory.peakMebibytes) MiB")
                }
                if held >= changes { break }
                try await Task.sleep(for: .milliseconds(200))
            }
            group.cancelAll()
        }
        let seconds = start.duration(to: .now) / .seconds(1)
        print("receiver: \(changes) changes in \(Int(seconds)) s, at most \(Memory.peakMebibytes) MiB resident")
    }

    private static let logger = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
}

/// This process's memory, as the kernel counts it (proc(5)).
enum Memory {
    static var peakMebibytes: Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) / 1024
    }

    /// Counts the peak from now on.
    static func forgetPeak() { try? "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8) }
}
