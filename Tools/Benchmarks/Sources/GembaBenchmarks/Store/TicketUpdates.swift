import Gemba

/// The state of 1,000 tickets is updated in a transaction: tickets from all over a table of 100,000, and the column that people
/// change most, which has an index.
///
/// The variants take turns batch by batch, so that a slow moment of the machine meets all of them.
struct TicketUpdates: Measurement {
    static let figures = [
        Figure("update-1000", goal: 1.2, "update the state of 1,000 rows in a transaction")
    ]

    private static let count = 100_000
    private static let batchSize = 1000
    private static let rounds = 70

    func run(on bench: Bench) throws {
        let folder = try bench.makeFolder("updates-1000")
        guard let plain = PlainDatabase(path: "\(folder)/plain.sqlite") else { fatalError("no database in \(folder)") }
        let others = PlainDatabase.Tracking.all(on: bench).enumerated().compactMap { index, tracking in
            PlainDatabase(path: "\(folder)/other-\(index).sqlite", tracking: tracking).map { (tracking.name, $0) }
        }
        let author = try SampleTicket.station(in: "\(folder)/author")
        let tickets = SampleTicket.make(0..<Self.count)
        let rows = PlainTickets(tickets)
        let ids = tickets.map(\.row)
        for start in stride(from: 0, to: Self.count, by: Self.batchSize) {
            let range = start..<start + Self.batchSize
            for database in [plain] + others.map(\.1) { database.insert(rows, range) }
            try author.write(by: "bench") { tx in
                for ticket in tickets[range] { try tx.insert(into: "ticket", id: ticket.row, ticket.values) }
            }
        }
        bench.settle()
        var times = TrackedTimes()
        var generator = SplitMix(state: 1)
        let all = (0..<UInt32(Self.count)).map(\.self)
        for round in 0..<Self.rounds {
            let order = Array(all.shuffled(using: &generator).prefix(Self.batchSize))
            let state = "repair \(round)"
            // Who comes second shares the disk with what the first one left to be written.
            if round.isMultiple(of: 2) { times.plain.time { plain.update(rows, order, state: state) } }
            try times.own.time {
                try author.write(by: "bench") { tx in
                    let updater = try tx.updater(of: "ticket", columns: ["state"])
                    for place in order { try updater.update(ids[Int(place)], [.text(state)]) }
                }
            }
            if !round.isMultiple(of: 2) { times.plain.time { plain.update(rows, order, state: state) } }
            for (name, other) in others { times.time(name) { other.update(rows, order, state: state) } }
        }
        times.report("update-1000", on: bench)
    }
}
