import Foundation
import Gemba

/// A new station takes a checkpoint of a million tickets instead of their history: how long loading takes over filling a plain
/// table with the same rows.
struct Snapshot: Measurement {
    static let figures = [
        Figure("snapshot", goal: 1.5, "load a checkpoint of 1,000,000 rows, over plain insertion, indexes last")
    ]

    private static let rounds = 5

    private var loading = Series()
    private var plain = Series()

    init() {}

    mutating func run(on bench: Bench) throws {
        let folder = try bench.makeFolder("snapshot")
        let table = try bench.largeTable()
        let author = try table.open(table.author, isDurable: false)
        let signed = try author.makeCheckpoint()
        Progress.note("  \(signed.manifest.bytes >> 20) MiB in \(signed.manifest.chunks.count) chunks")
        for round in 0..<Self.rounds {
            Progress.note("  round \(round + 1) of \(Self.rounds)")
            try load(signed, from: author, into: "\(folder)/taker-\(round)", named: "T\(round)", on: bench)
            try fill("\(folder)/plain-\(round).sqlite", on: bench)
        }
        bench.add("snapshot", loading, over: plain, of: "plain SQLite, bulk")
    }

    private mutating func load(
        _ signed: SignedManifest, from author: Replica, into folder: String, named name: String, on bench: Bench
    ) throws {
        let taker = try SampleTicket.station(name, beside: author, in: folder)
        for index in try taker.stage(signed) {
            guard let chunk = try author.chunk(index, of: signed.manifest.id), try taker.stage(chunk) else {
                fatalError("chunk \(index) is not sound")
            }
        }
        bench.settle()
        _ = try loading.time { try taker.install(signed.manifest.id) }
        let held = try taker.statistics()
        precondition(held.changes > 0, "nothing was loaded")
    }

    private mutating func fill(_ path: String, on bench: Bench) throws {
        guard let database = PlainDatabase(path: path) else { fatalError("no database at \(path)") }
        let rows = PlainTickets(SampleTicket.make(0..<LargeTable.count))
        bench.settle()
        plain.time { database.fill(rows) }
    }
}
