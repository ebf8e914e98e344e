import Foundation
import Gemba

/// A new station takes a checkpoint of a million tickets instead of their history: how long loading takes over filling a plain
/// table with the same rows, and what memory it takes on both sides.
struct Snapshot: Measurement {
    static let figures = [
        Figure("snapshot", goal: 1.5, "load a checkpoint of 1,000,000 rows, over plain insertion, indexes last"),
        Figure("snapshot-memory", goal: 200, unit: .mebibytes, "resident memory while it is loaded"),
        Figure("snapshot-make-memory", goal: 200, unit: .mebibytes, "resident memory while it is made"),
    ]

    private static let rounds = 3

    private var loading = Series()
    private var plain = Series()
    private var memory = Series()

    init() {}

    mutating func run(on bench: Bench) throws {
        let folder = try bench.makeFolder("snapshot")
        let table = try bench.largeTable()
        let author = try table.open(table.author, isDurable: false)
        Memory.forgetPeak()
        let signed = try author.makeCheckpoint()
        bench.add("snapshot-make-memory", Series([Double(Memory.peakMebibytes)]))
        Progress.note("  \(signed.manifest.bytes >> 20) MiB in \(signed.manifest.chunks.count) chunks")
        for round in 0..<Self.rounds {
            Progress.note("  round \(round + 1) of \(Self.rounds)")
            try load(signed, from: author, into: "\(folder)/taker-\(round)", named: "T\(round)")
            try fill("\(folder)/plain-\(round).sqlite")
        }
        bench.add("snapshot", loading, over: plain, of: "plain SQLite, bulk")
        bench.add("snapshot-memory", memory)
    }

    private mutating func load(
        _ signed: SignedManifest, from author: Replica, into folder: String, named name: String
    ) throws {
        let taker = try SampleTicket.station(name, beside: author, in: folder)
        for index in try taker.stage(signed) {
            guard let chunk = try author.chunk(index, of: signed.manifest.id), try taker.stage(chunk) else {
                fatalError("chunk \(index) is not sound")
            }
        }
        Memory.forgetPeak()
        _ = try loading.time { try taker.install(signed.manifest.id) }
        memory.add(Double(Memory.peakMebibytes))
        let held = try taker.statistics()
        precondition(held.changes > 0, "nothing was loaded")
    }

    private mutating func fill(_ path: String) throws {
        guard let database = PlainDatabase(path: path) else { fatalError("no database at \(path)") }
        let rows = PlainTickets(SampleTicket.make(0..<LargeTable.count))
        plain.time { database.fill(rows) }
    }
}
