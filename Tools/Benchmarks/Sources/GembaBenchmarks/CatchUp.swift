import Foundation
import Gemba
import Logging

/// A station that has nothing takes over a long history, change by change, over real sockets.
///
/// The two stations are two processes, so that the memory of each can be told. What counts is that it does not grow with
/// the history.
struct CatchUp {
    /// Tells a process that it is the station with nothing.
    static let receiverFlag = "--catch-up-receiver"

    let folder: String
    let changes: Int

    func run() async throws {
        var sources = ReplicaSources.system
        sources.isDurable = false
        let author = try Replica.found(
            plant: "Bench", station: "A", in: "\(folder)/author", schema: SampleTicket.schema, sources: sources
        ).replica
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
            let ticket = SampleTicket.make(count: 1, from: number)[0]
            try author.write(by: "bench") { try $0.insert(into: "ticket", id: ticket.row, ticket.values) }
            if number % 100_000 == 99_999 { Self.note("\(number + 1) changes written") }
        }
        Self.note("written in \(Int(start.duration(to: .now) / .seconds(1))) s")
    }

    private func startReceiver(dialling address: String) throws -> Process {
        let process = Process()
        process.executableURL = URL(filePath: CommandLine.arguments[0])
        process.arguments = [Self.receiverFlag, "\(folder)/receiver", address, "\(changes)"]
        try process.run()
        return process
    }

    // MARK: - The station with nothing

    static func receive(folder: String, from address: String, changes: UInt64) async throws {
        guard let peer = PeerAddress(address) else { fail("not an address: \(address)") }
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
                    note("\(held) changes received, \(Memory.peakMebibytes) MiB")
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

    private static func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
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
