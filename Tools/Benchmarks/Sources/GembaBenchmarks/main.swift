import Foundation
import GembaCausality
import GembaStore
import GembaTrust
import GembaWire

/// Measures the store against plain SQLite, variants interleaved, and prints ratios of medians.
let rounds = 7
let batches = 5
let batchSize = 1000
let asJSON = CommandLine.arguments.contains("--json")

let folder = FileManager.default.temporaryDirectory.path + "/gemba-bench-\(UUID().uuidString)"
try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
defer { try? FileManager.default.removeItem(atPath: folder) }

func time(_ body: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try body()
    let elapsed = start.duration(to: .now).components
    return Double(elapsed.seconds) + Double(elapsed.attoseconds) / 1e18
}

func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return sorted[sorted.count / 2]
}

var plainTimes: [Double] = []
var localTimes: [Double] = []
var remoteTimes: [Double] = []

for round in 0..<rounds {
    let tickets = SampleTicket.make(count: batches * batchSize, from: round * batches * batchSize)
    let slices = (0..<batches).map { tickets[$0 * batchSize..<($0 + 1) * batchSize] }

    let plain = PlainDatabase(path: "\(folder)/plain-\(round).sqlite")
    let author = try Replica.found(
        plant: "Bench", station: "A", in: "\(folder)/author-\(round)", schema: SampleTicket.schema).replica
    let token = try author.invite(as: .station, name: "B", validForSeconds: 60, routes: [], by: "bench")
    let receiver = try Replica.join(
        with: token, station: "B", in: "\(folder)/receiver-\(round)", schema: SampleTicket.schema)
    let roster = try author.runs(of: .roster, after: 0, excluding: VersionVector(), maximumBytes: 1 << 20)
    _ = try receiver.apply(roster.runs, kind: .roster)

    var position: Int64 = 0
    for slice in slices {
        plainTimes.append(time { plain.insert(slice) })
        localTimes.append(
            try time {
                try author.write(by: "bench") { tx in
                    for ticket in slice {
                        try tx.insert(into: "ticket", id: RowID(bytes: ticket.id), ticket.values)
                    }
                }
            })
        let batch = try author.runs(of: .data, after: position, excluding: VersionVector(), maximumBytes: 1 << 20)
        position = batch.position
        remoteTimes.append(
            try time {
                let outcome = try receiver.apply(batch.runs, kind: .data)
                precondition(outcome.problem == nil && outcome.quarantinedCount == 0, "\(outcome)")
            })
    }
    precondition(try author.digest() == receiver.digest(), "the replicas differ")
}

struct Line: Codable {
    var name: String
    var ratio: Double
    /// The middle half of the ratios to the baseline's median.
    var spread: [Double]
    var goal: Double
}

func line(_ name: String, _ times: [Double], goal: Double) -> Line {
    let base = median(plainTimes)
    let ratios = times.map { $0 / base }.sorted()
    return Line(
        name: name, ratio: median(times) / base, spread: [ratios[ratios.count / 4], ratios[ratios.count * 3 / 4]],
        goal: goal)
}

let lines = [line("insert-1000", localTimes, goal: 2.5), line("apply-1000", remoteTimes, goal: 2.5)]
if asJSON {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    print(String(decoding: try encoder.encode(lines), as: UTF8.self))
} else {
    print("1,000 tickets a transaction, time over plain SQLite with the same columns, indexes and pragmas")
    print("plain SQLite: \(Int(median(plainTimes) * 1_000_000)) µs a transaction (median of \(plainTimes.count))")
    for line in lines {
        let spread = line.spread.map { String(format: "%.2f", $0) }.joined(separator: "–")
        print("\(line.name): \(String(format: "%.2f", line.ratio)) (\(spread)), goal \(line.goal)")
    }
}
