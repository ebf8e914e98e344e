import Gemba

/// Tickets written 1,000 a transaction: plain rows, local changes, and the same changes applied at another station.
///
/// The variants take turns batch by batch, so that a slow moment of the machine meets all of them.
struct TicketBatches {
    let folder: String

    private static let rounds = 7
    private static let batches = 5
    private static let batchSize = 1000

    func run(into report: inout Report) throws {
        var (plain, local, remote) = (Series(), Series(), Series())
        for round in 0..<Self.rounds {
            let database = PlainDatabase(path: "\(folder)/plain-\(round).sqlite")
            let author = try Replica.found(
                plant: "Bench", station: "A", in: "\(folder)/author-\(round)", schema: SampleTicket.schema
            ).replica
            let receiver = try SampleTicket.station("B", beside: author, in: "\(folder)/receiver-\(round)")
            let tickets = SampleTicket.make(
                count: Self.batches * Self.batchSize, from: round * Self.batches * Self.batchSize)
            var position: Int64 = 0
            for batch in 0..<Self.batches {
                let slice = tickets[batch * Self.batchSize..<(batch + 1) * Self.batchSize]
                plain.time { database.insert(slice) }
                try local.time {
                    try author.write(by: "bench") { tx in
                        for ticket in slice {
                            try tx.insert(into: "ticket", id: RowID(bytes: ticket.id), ticket.values)
                        }
                    }
                }
                let news = try author.runs(
                    of: .data, after: position, excluding: VersionVector(), maximumBytes: Limits.batchBytes)
                position = news.position
                let outcome = try remote.time { try receiver.apply(news.runs, kind: .data) }
                precondition(outcome.problem == nil && outcome.quarantinedCount == 0, "\(outcome)")
            }
            let digests = (try author.digest(), try receiver.digest())
            precondition(digests.0 == digests.1, "the replicas differ")
        }
        report.add("insert-1000", local, over: plain, called: "plain SQLite", goal: 2.5)
        report.add("apply-1000", remote, over: plain, called: "plain SQLite", goal: 2.5)
    }
}
