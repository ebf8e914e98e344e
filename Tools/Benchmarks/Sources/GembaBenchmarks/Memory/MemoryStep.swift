import Foundation
import Gemba
import GembaGossip
import Logging

/// What a process has to do with a long history. Each step is a process of its own, so that its memory can be told.
enum MemoryStep: String {
    /// Makes the history, and stations that have nothing.
    case write
    /// Sends the history, change by change, until the standard input ends.
    case stream
    /// Sends a checkpoint instead.
    case give
    /// Takes over what the other sends.
    case receive
    /// Fetches all bodies that a checkpoint stands in for.
    case fetch
    /// Does what `gemba verify` does.
    case verify
    /// Makes a checkpoint.
    case make

    /// The history as a station has it.
    struct History {
        let folder: String
        let changes: Int

        var author: String { "\(folder)/author" }

        func open(_ folder: String) throws -> Replica { try Replica.open(in: folder, schema: SampleTicket.schema) }
    }

    /// Does the step, and prints how much memory it took.
    ///
    /// - Parameters:
    ///   - station: the folder of the station that does it.
    ///   - peer: who sends, for ``receive`` and ``fetch``.
    func run(_ history: History, at station: String, from peer: PeerAddress?) async throws {
        switch self {
        case .write: try Self.write(history)
        case .stream:
            var limits = SessionLimits()
            limits.checkpointChanges = .max
            try await Self.serve(history.open(station), limits: limits)
        case .give: try await Self.serve(history.open(station), limits: SessionLimits())
        case .receive:
            guard let peer else { preconditionFailure("nobody sends") }
            let replica = try history.open(station)
            try await Self.receive(replica, from: peer, upTo: history.changes) { Int(try replica.statistics().changes) }
        case .fetch:
            guard let peer else { preconditionFailure("nobody sends") }
            let replica = try history.open(station)
            try await Self.receive(replica, from: peer, upTo: history.changes) {
                let missing = Int(try replica.backfillProgress().missing)
                return try missing > 0 || replica.checkpoint() == nil ? history.changes - missing : 0
            }
        case .verify:
            let result = try history.open(station).verify()
            precondition(result.entryCount >= history.changes, "\(result)")
        case .make: _ = try history.open(station).makeCheckpoint()
        }
        print(Memory.peakMebibytes)
    }

    private static func write(_ history: History) throws {
        let author = try SampleTicket.station(in: history.author, isDurable: false)
        for name in ["streamed", "given"] {
            _ = try SampleTicket.station(name, beside: author, in: "\(history.folder)/\(name)")
        }
        for number in 0..<history.changes {
            let ticket = SampleTicket(number, batch: 1)
            try author.write(by: "bench") { try $0.insert(into: "ticket", id: ticket.row, ticket.values) }
            if number % 200_000 == 199_999 { Progress.note("  \(number + 1) changes written") }
        }
    }

    /// Prints the address, and sends until the standard input ends.
    private static func serve(_ replica: Replica, limits: SessionLimits) async throws {
        let node = node(replica, listen: ["tcp://127.0.0.1:0"], limits: limits)
        Thread.detachNewThread {
            _ = try? FileHandle.standardInput.readToEnd()
            node.stop()
        }
        let key = replica.identity.transportKey
        try await node.run(onListening: { endpoint in
            FileHandle.standardOutput.write(Data("\(endpoint)#\(key)\n".utf8))
        })
    }

    /// Runs a node until something that is counted is all there.
    private static func receive(
        _ replica: Replica, from peer: PeerAddress, upTo changes: Int, _ count: @Sendable () throws -> Int
    ) async throws {
        var limits = SessionLimits()
        // The sender decides how; an offer is taken by who holds little.
        limits.checkpointChanges = .max
        let node = node(replica, peers: [peer], limits: limits)
        try await withThrowingTaskGroup { group in
            group.addTask { try await node.run() }
            var noted = 0
            while true {
                let held = try count()
                if held >= noted + 200_000 {
                    noted = held
                    Progress.note("  \(held) changes received, \(Memory.peakMebibytes) MiB")
                }
                if held >= changes { break }
                try await Task.sleep(for: .milliseconds(200))
            }
            node.stop()
            try await group.waitForAll()
        }
    }

    private static func node(
        _ replica: Replica, listen: [String] = [], peers: [PeerAddress] = [], limits: SessionLimits
    ) -> Node {
        let identity = replica.identity
        let transport = ZeroMQTransport(
            listen: listen, secret: identity.transportSecret, publicKey: identity.transportKey)
        return Node(replica, transport: transport, peers: peers, logger: logger, limits: limits)
    }

    private static let logger = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
}
