import Foundation
import Gemba

/// Tickets written with search on and off, while the index is kept beside, and how far it lags.
struct Searching: Measurement {
    static let figures = [
        Figure("search-on", goal: 1.5, "write a ticket where titles and bodies are searchable, over where not"),
        Figure("search-lag-ms", goal: 200, unit: .milliseconds, "from a commit until the index has it"),
    ]

    private static let rounds = 7
    private static let writes = 100
    private static let lags = 20

    func run(on bench: Bench) async throws {
        let folder = try bench.makeFolder("search")
        let off = try SampleTicket.station(in: "\(folder)/off")
        let on = try SampleTicket.station(
            in: "\(folder)/on", schema: SampleTicket.schema(searchable: ["title", "body"]))
        var (plain, searchable, lag) = (Series(), Series(), Series())
        try await withThrowingTaskGroup { group in
            group.addTask {
                try await on.keepSearchIndex { fatalError("the index cannot be kept: \($0)") }
            }
            var number = 0
            for _ in 0..<Self.rounds {
                for ticket in SampleTicket.make(number..<number + Self.writes, batch: 1) {
                    try plain.time { try Self.write(ticket, to: off) }
                    try searchable.time { try Self.write(ticket, to: on) }
                }
                number += Self.writes
            }
            for ticket in SampleTicket.make(number..<number + Self.lags, batch: 1) {
                try Self.write(ticket, to: on)
                let start = ContinuousClock.now
                while try !on.isSearchIndexUpToDate { try await Task.sleep(for: .milliseconds(2)) }
                lag.add(start.duration(to: .now) / .seconds(1))
            }
            group.cancelAll()
        }
        let found = try on.search("ticket", "a", limit: .max)
        precondition(!found.isEmpty, "nothing was indexed")
        bench.add("search-on", searchable, over: plain, of: "the same without search")
        bench.add("search-lag-ms", lag.over(1e-3))
    }

    private static func write(_ ticket: SampleTicket, to replica: Replica) throws {
        try replica.write(by: "bench") { try $0.insert(into: "ticket", id: ticket.row, ticket.values) }
    }
}
