import Foundation
import Gemba

/// 100,000 tickets made one a change: how large they are, how fast they are read for a peer, and how fast a station that has
/// nothing takes them over.
struct FirstFill: Measurement {
    static let figures = [
        Figure("first-fill", goal: 2.0, "fill an empty replica from a log of 100,000 tickets, one a change"),
        Figure("extract", goal: 0.2, "read what a peer lacks, time for each change"),
        Figure("size-full-single", goal: 2.0, "file size of 100,000 rows, made one a change"),
    ]

    private static let count = 100_000
    private static let rounds = 5

    private var plain = Series()
    private var filling = Series()
    private var reading = Series()
    private var session = Series()

    init() {}

    mutating func run(on bench: Bench) throws {
        let folder = try bench.makeFolder("first-fill")
        let tickets = SampleTicket.make(0..<Self.count, batch: 1)
        let rows = PlainTickets(tickets)
        try measure(tickets, rows, folder: folder, on: bench)
        bench.add("first-fill", filling, over: plain)
        bench.add("extract", reading, over: session, of: "changeset of the session extension")
        let size = try FileSize.ofClosed(database: "\(folder)/author/replica.sqlite")
        let plainSize = try FileSize.ofClosed(database: "\(folder)/plain-0.sqlite")
        bench.add("size-full-single", Series([size / plainSize]), remark: "plain SQLite, 100,000 rows")
    }

    private mutating func measure(
        _ tickets: [SampleTicket], _ rows: PlainTickets, folder: String, on bench: Bench
    ) throws {
        let author = try SampleTicket.station(in: "\(folder)/author", isDurable: false)
        for ticket in tickets {
            try author.write(by: "bench") { try $0.insert(into: "ticket", id: ticket.row, ticket.values) }
        }
        Progress.note("  \(Self.count) changes made")
        for round in 0..<Self.rounds {
            Progress.note("  round \(round + 1) of \(Self.rounds)")
            let receiver = try SampleTicket.station("R\(round)", beside: author, in: "\(folder)/receiver-\(round)")
            let plain = database("\(folder)/plain-\(round).sqlite")
            bench.settle()
            self.plain.time { plain.insert(rows, 0..<Self.count) }
            let tracked = database("\(folder)/tracked-\(round).sqlite")
            tracked.track()
            tracked.insert(rows, 0..<Self.count)
            session.time { precondition(!tracked.changeset().isEmpty) }

            var batches: [[Run]] = []
            var position: Int64 = 0
            try reading.time { try author.forEachBatch(after: &position) { batches.append($0) } }
            bench.settle()
            try filling.time { for runs in batches.joined { _ = try receiver.apply(runs, kind: .data) } }
            let held = try receiver.statistics().changes
            precondition(held >= Self.count, "\(held) of \(Self.count) changes arrived")
        }
    }

    private func database(_ path: String) -> PlainDatabase {
        guard let database = PlainDatabase(path: path) else { fatalError("no database at \(path)") }
        return database
    }
}
