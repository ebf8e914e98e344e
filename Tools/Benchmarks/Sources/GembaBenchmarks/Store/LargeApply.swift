import Foundation
import Gemba

/// 100,000 updates of a million rows, which another station made one by one, are applied as they come.
///
/// The baseline updates the same rows in the same order, in one transaction. Every round works on fresh copies of both
/// files, and the variants take turns.
struct LargeApply: Measurement {
    static let figures = [
        Figure("apply-100k-into-1m", goal: 0.9, "apply 100,000 updates of a state, one a change, to a million rows"),
        Figure("size-full", goal: 1.5, "file size of a million rows, made 1,000 a change"),
        Figure("size-folded", goal: 1.15, "the same, without the history that every member has acknowledged"),
    ]

    private static let updates = 100_000
    private static let rounds = 5

    func run(on bench: Bench) throws {
        let table = try bench.largeTable()
        bench.add("size-full", Series([table.size]), remark: "plain SQLite, 1,000,000 rows")
        if bench.wants("size-folded") {
            let size = try table.foldedSize(in: bench.makeFolder("folded"))
            bench.add("size-folded", Series([size]), remark: "plain SQLite, 1,000,000 rows")
        }
        if bench.wants("apply-100k-into-1m") { try measure(table, on: bench) }
    }

    private func measure(_ table: LargeTable, on bench: Bench) throws {
        var generator = SplitMix(state: 1)
        let tickets = (0..<Self.updates).map { _ in
            SampleTicket(Int(generator.next() % UInt64(LargeTable.count)))
        }
        let state = "repaired"
        let batches = try write(tickets, state: state, table, folder: "\(bench.folder)/updates")
        let rows = PlainTickets(tickets)
        var (plain, own) = (Series(), Series())
        for round in 0..<Self.rounds {
            Progress.note("  round \(round + 1) of \(Self.rounds)")
            let folder = try bench.makeFolder("apply")
            defer { try? FileManager.default.removeItem(atPath: folder) }
            try FileManager.default.copyItem(atPath: table.plain, toPath: "\(folder)/plain.sqlite")
            try FileManager.default.copyItem(atPath: table.receiver, toPath: "\(folder)/receiver")
            guard let database = PlainDatabase(existing: "\(folder)/plain.sqlite") else { fatalError("no copy") }
            let receiver = try table.open("\(folder)/receiver")
            bench.settle()
            plain.time { database.update(rows, (0..<UInt32(Self.updates)).map { $0 }, state: state) }
            bench.settle()
            try own.time {
                for runs in batches {
                    let outcome = try receiver.apply(runs, kind: .data)
                    precondition(outcome.problem == nil && outcome.quarantinedCount == 0, "\(outcome)")
                }
            }
        }
        bench.add("apply-100k-into-1m", own, over: plain)
    }

    /// Makes the updates at a copy of the author, and returns them in the batches in which a node would apply them.
    private func write(
        _ tickets: [SampleTicket], state: String, _ table: LargeTable, folder: String
    ) throws -> [[Run]] {
        try FileManager.default.copyItem(atPath: table.author, toPath: folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let author = try table.open(folder, isDurable: false)
        var position = try author.lastPosition(of: .data)
        let values: [String: Value] = ["state": .text(state)]
        for ticket in tickets { try author.write(by: "bench") { try $0.update("ticket", ticket.row, values) } }
        Progress.note("  \(tickets.count) updates made")
        var batches: [[Run]] = []
        try author.forEachBatch(after: &position) { batches.append($0) }
        return batches.joined
    }
}
