import Foundation
import Gemba

/// Tickets written 1,000 a transaction: plain rows, local changes, and the same changes applied at another station.
///
/// The variants take turns batch by batch, so that a slow moment of the machine meets all of them.
struct TicketBatches: Measurement {
    static let figures = [
        Figure("insert-1000", goal: 1.4, "insert 1,000 rows in a transaction"),
        Figure("insert-1-full", goal: 1.3, "insert one row in a transaction"),
        Figure("apply-1000", goal: 1.4, "apply a change of 1,000 new rows, over inserting them"),
    ]

    private static let rounds = 5
    private static let batches = 20
    private static let batchSize = 1000
    private static let singles = 100

    private var inserting = TrackedTimes()
    private var single = TrackedTimes()
    private var applying = Series()

    init() {}

    mutating func run(on bench: Bench) throws {
        let trackings = PlainDatabase.Tracking.all(on: bench)
        for round in 0..<Self.rounds {
            try measure(round, folder: bench.makeFolder("batches-\(round)"), trackings, on: bench)
        }
        inserting.report("insert-1000", on: bench)
        single.report("insert-1-full", on: bench)
        bench.add("apply-1000", applying, over: inserting.plain)
    }

    // MARK: - One round

    private mutating func measure(
        _ round: Int, folder: String, _ trackings: [PlainDatabase.Tracking], on bench: Bench
    ) throws {
        guard let plain = PlainDatabase(path: "\(folder)/plain.sqlite") else { fatalError("no database in \(folder)") }
        let others = trackings.enumerated().compactMap { index, tracking in
            PlainDatabase(path: "\(folder)/other-\(index).sqlite", tracking: tracking).map { (tracking.name, $0) }
        }
        let author = try SampleTicket.station(in: "\(folder)/author")
        let receiver = try SampleTicket.station("B", beside: author, in: "\(folder)/receiver")
        let start = round * (Self.batches * Self.batchSize + Self.singles)
        var position: Int64 = 0

        for batch in 0..<Self.batches {
            // Whoever inserts rows has just made them.
            let first = start + batch * Self.batchSize
            let tickets = SampleTicket.make(first..<first + Self.batchSize)
            let rows = PlainTickets(tickets)
            let own = ListedTickets(tickets[...])
            // Who comes first finds its rows in the processor's cache.
            if batch.isMultiple(of: 2) { inserting.plain.time { plain.insert(rows, tickets.indices) } }
            try inserting.own.time { try own.insert(at: author) }
            if !batch.isMultiple(of: 2) { inserting.plain.time { plain.insert(rows, tickets.indices) } }
            for (name, other) in others { inserting.time(name) { other.insert(rows, tickets.indices) } }
            guard bench.wants("apply-1000") else { continue }
            let news = try author.runs(
                of: .data, after: position, excluding: VersionVector(), maximumBytes: Limits.batchBytes)
            position = news.position
            let outcome = try applying.time { try receiver.apply(news.runs, kind: .data) }
            precondition(outcome.problem == nil && outcome.quarantinedCount == 0, "\(outcome)")
        }
        let first = start + Self.batches * Self.batchSize
        let tickets = SampleTicket.make(first..<first + Self.singles)
        let rows = PlainTickets(tickets)
        for index in tickets.indices where bench.wants("insert-1-full") {
            let own = ListedTickets(tickets[index...index])
            single.plain.time { plain.insert(rows, index..<index + 1) }
            try single.own.time { try own.insert(at: author) }
            for (name, other) in others { single.time(name) { other.insert(rows, index..<index + 1) } }
        }
        try author.pass(to: receiver, after: &position)
        let digests = (try author.digest(), try receiver.digest())
        precondition(digests.0 == digests.1, "the replicas differ")
    }
}

/// Tickets as the library takes them, side by side, as the baseline has them as well.
private struct ListedTickets {
    let ids: [RowID]
    let lists: [[Value]]

    init(_ tickets: ArraySlice<SampleTicket>) {
        ids = tickets.map(\.row)
        lists = tickets.map(\.list)
    }

    func insert(at author: Replica) throws {
        try author.write(by: "bench") { tx in
            let inserter = try tx.inserter(into: "ticket", columns: SampleTicket.columns)
            for index in ids.indices { try inserter.insert(id: ids[index], lists[index]) }
        }
    }
}
