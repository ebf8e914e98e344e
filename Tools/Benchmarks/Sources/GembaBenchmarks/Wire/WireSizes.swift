import CBaseline
import Gemba

/// Bytes on the wire: real frames, with sealed bodies, of every kind of writing.
struct WireSizes: Measurement {
    static let figures = [
        Figure("wire-update-bytes", goal: 9, unit: .bytes, "one change of 10,000 one-column updates, for each of them"),
        Figure("wire-ticket", goal: 1.15, "10,000 new tickets in changes of 1,000"),
        Figure("wire-act-bytes", goal: 250, unit: .bytes, "a note of 40 characters as it is made, with its signature"),
        Figure("wire-act-catch-up-bytes", goal: 140, unit: .bytes, "the same, among 10,000 that a peer lacks"),
    ]

    private static let count = 10_000
    private let sealing = Sealing()

    init() {}

    func run(on bench: Bench) throws {
        if bench.wants("wire-update-bytes", "wire-ticket") { try measureTickets(on: bench) }
        if bench.wants("wire-act-bytes", "wire-act-catch-up-bytes") { try measureActs(on: bench) }
    }

    // MARK: - Rows

    private func measureTickets(on bench: Bench) throws {
        let folder = try bench.makeFolder("wire-tickets")
        let author = try SampleTicket.station(in: "\(folder)/author", isDurable: false)
        let tickets = SampleTicket.make(0..<Self.count)
        let rows = PlainTickets(tickets)
        // The log begins with its genesis, which no change pays for.
        try author.write(by: "bench") { try $0.insert(into: "ticket", tickets[0].values) }
        let start = try author.lastPosition(of: .data)
        for first in stride(from: 0, to: Self.count, by: 1000) {
            try author.write(by: "bench") { tx in
                for ticket in tickets[first..<first + 1000] {
                    try tx.insert(into: "ticket", id: ticket.row, ticket.values)
                }
            }
        }
        let plain = Double(compressed(rows.rows()))
        bench.add(
            "wire-ticket", Series([try sealing.bytes(from: author, after: start) / plain]),
            remark: "zstd level 3 of all plain rows at once, \(Int(plain) / Self.count) B a row")
        try measureUpdates(of: tickets, rows, at: author, folder: folder, on: bench)
    }

    /// Every ticket gets another state, at random.
    private func measureUpdates(
        of tickets: [SampleTicket], _ rows: PlainTickets, at author: Replica, folder: String, on bench: Bench
    ) throws {
        var generator = SplitMix(state: 3)
        let states = tickets.map { _ in "state \(generator.next() % 16)" }
        let start = try author.lastPosition(of: .data)
        try author.write(by: "bench") { tx in
            for (ticket, state) in zip(tickets, states) {
                try tx.update("ticket", ticket.row, ["state": .text(state)])
            }
        }
        guard let plain = PlainDatabase(path: "\(folder)/plain.sqlite") else { fatalError("no database in \(folder)") }
        plain.insert(rows, 0..<rows.count)
        plain.track()
        for state in Set(states) {
            plain.update(rows, states.indices.filter { states[$0] == state }.map(UInt32.init), state: state)
        }
        let changeset = Double(compressed(plain.changeset())) / Double(Self.count)
        bench.add(
            "wire-update-bytes", Series([try sealing.bytes(from: author, after: start) / Double(Self.count)]),
            remark: String(format: "(changeset of the session extension with zstd level 3: %.1f B)", changeset))
    }

    private func compressed(_ bytes: [UInt8]) -> Int { baseline_compressed(bytes, bytes.count, 3) }

    // MARK: - Acts

    private func measureActs(on bench: Bench) throws {
        let folder = try bench.makeFolder("wire-acts")
        let author = try SampleTicket.station(in: folder, isDurable: false, schema: .floor)
        let ids = try (0..<1000).map { number in
            try author.tickets.report(
                TicketDraft(TicketFields([.title: "printer \(number) dead", .area: "line3"])), by: "ewa"
            ).ticket
        }
        let start = try author.lastPosition(of: .data)
        var generator = SplitMix(state: 7)
        var live = Series()
        var stream = Sealing.Stream()
        for number in 0..<Self.count {
            let position = try number < 100 ? author.lastPosition(of: .data) : 0
            try author.tickets.note(ids[number % ids.count], Words.text(ofLength: 40, &generator), by: "ewa")
            if number < 100 { live.add(try sealing.bytes(from: author, after: position, in: &stream)) }
        }
        bench.add("wire-act-bytes", live, remark: "one frame; the first that a link carries of a log has 30 B more")
        var catchUp = Sealing.Stream()
        let frames = try sealing.frames(from: author, after: start, in: &catchUp)
        let bytes = frames.reduce(0) { $0 + $1.count } / Self.count
        let compressed = frames.reduce(0) { $0 + self.compressed($1) } / Self.count
        bench.add(
            "wire-act-catch-up-bytes", Series([Double(bytes)]),
            remark: "(with zstd level 3 over each frame: \(compressed) B)")
    }
}
