import Foundation
import Gemba

/// A million tickets, made 1,000 a change: at the station that made them, at another one, and as plain rows.
///
/// All of them are closed. Whoever measures opens them, and leaves them as they were.
final class LargeTable {
    static let count = 1_000_000
    private static let batchSize = 1000

    let plain: String
    let author: String
    let receiver: String
    /// The author's file, over that of the plain rows.
    let size: Double

    init(in folder: String) throws {
        plain = "\(folder)/plain.sqlite"
        author = "\(folder)/author"
        receiver = "\(folder)/receiver"
        try Self.write(plain: plain, author: author, receiver: receiver)
        size = try FileSize.ofClosed(database: author + "/replica.sqlite") / FileSize.ofClosed(database: plain)
    }

    /// Opens one of the replicas.
    func open(_ folder: String, isDurable: Bool = true) throws -> Replica {
        var sources = ReplicaSources.system
        sources.isDurable = isDurable
        return try Replica.open(in: folder, schema: SampleTicket.schema, sources: sources)
    }

    /// The author's file over that of the plain rows, once every member has acknowledged the history and it was folded.
    func foldedSize(in folder: String) throws -> Double {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for (source, name) in [(author, "author"), (receiver, "receiver")] {
            try FileManager.default.copyItem(atPath: source, toPath: "\(folder)/\(name)")
        }
        try fold(in: folder)
        return try FileSize.ofClosed(database: "\(folder)/author/replica.sqlite") / FileSize.ofClosed(database: plain)
    }

    private func fold(in folder: String) throws {
        let author = try open("\(folder)/author", isDurable: false)
        let receiver = try open("\(folder)/receiver", isDurable: false)
        var position = try receiver.lastPosition(of: .data)
        try receiver.acknowledge(by: "bench")
        try receiver.pass(to: author, after: &position)
        let plan = try author.fold(olderThan: 0)
        precondition(plan.entries >= Self.count / Self.batchSize - 1, "\(plan)")
        try author.reclaimSpace()
    }

    private static func write(plain path: String, author: String, receiver: String) throws {
        guard let plain = PlainDatabase(path: path) else { fatalError("no database at \(path)") }
        let author = try SampleTicket.station(in: author, isDurable: false)
        let receiver = try SampleTicket.station("B", beside: author, in: receiver, isDurable: false)
        var position: Int64 = 0
        for start in stride(from: 0, to: count, by: batchSize) {
            let tickets = SampleTicket.make(start..<start + batchSize)
            plain.insert(PlainTickets(tickets), 0..<batchSize)
            try author.write(by: "bench") { tx in
                for ticket in tickets { try tx.insert(into: "ticket", id: ticket.row, ticket.values) }
            }
            try author.pass(to: receiver, after: &position)
            if (start + batchSize).isMultiple(of: 200_000) { Progress.note("  \(start + batchSize) tickets made") }
        }
    }
}
