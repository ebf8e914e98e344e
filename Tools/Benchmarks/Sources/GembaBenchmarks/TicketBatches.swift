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
        var (plainUpdate, update) = (Series(), Series())
        var (plainSingle, single) = (Series(), Series())
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
                            try tx.insert(into: "ticket", id: ticket.row, ticket.values)
                        }
                    }
                }
                let news = try author.runs(
                    of: .data, after: position, excluding: VersionVector(), maximumBytes: Limits.batchBytes)
                position = news.position
                let outcome = try remote.time { try receiver.apply(news.runs, kind: .data) }
                precondition(outcome.problem == nil && outcome.quarantinedCount == 0, "\(outcome)")
            }
            // The last slices are updated, and a few more tickets inserted one a transaction.
            for batch in 0..<Self.batches {
                let slice = tickets[batch * Self.batchSize..<(batch + 1) * Self.batchSize]
                let title = "checked in round \(round), batch \(batch) of them"
                plainUpdate.time { database.update(slice, title: title) }
                try update.time {
                    try author.write(by: "bench") { tx in
                        for ticket in slice { try tx.update("ticket", ticket.row, ["title": .text(title)]) }
                    }
                }
            }
            for ticket in SampleTicket.make(count: Self.singles, from: 10_000_000 + round * Self.singles) {
                plainSingle.time { database.insert([ticket]) }
                try single.time {
                    try author.write(by: "bench") {
                        try $0.insert(into: "ticket", id: ticket.row, ticket.values)
                    }
                }
            }
            try pull(from: author, to: receiver, after: &position)
            let digests = (try author.digest(), try receiver.digest())
            precondition(digests.0 == digests.1, "the replicas differ")
        }
        report.add("insert-1000", local, over: plain, called: "plain SQLite", goal: 1.4)
        report.add("update-1000", update, over: plainUpdate, called: "plain SQLite", goal: 1.2)
        report.add("insert-1-full", single, over: plainSingle, called: "plain SQLite", goal: 1.3)
        report.add("apply-1000", remote, over: plain, called: "plain SQLite", goal: 1.4)
    }

    private static let singles = 100

    private func pull(from author: Replica, to receiver: Replica, after position: inout Int64) throws {
        while true {
            let news = try author.runs(
                of: .data, after: position, excluding: VersionVector(), maximumBytes: Limits.batchBytes)
            if news.runs.isEmpty { return }
            position = news.position
            _ = try receiver.apply(news.runs, kind: .data)
        }
    }
}
