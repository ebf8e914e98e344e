import Gemba

/// A ticket of the benchmark: 16-byte id, 40-byte title, 200-byte body, 4 short columns, 3 times.
struct SampleTicket {
    var id: [UInt8]
    /// The same, as the library takes it.
    var row: RowID
    /// Title, body, state, asset, area, reporter.
    var texts: [String]
    /// Created, updated, due.
    var times: [Int64]

    /// Tickets that differ as real ones do, the same for each run.
    static func make(count: Int, from start: Int = 0) -> [SampleTicket] {
        let words = ["press", "label", "printer", "scanner", "line", "stopped", "again", "cable", "network", "shift"]
        return (start..<start + count).map { number in
            var text = ""
            var index = number
            while text.utf8.count < 200 {
                text += words[index % words.count] + " \(index % 97) "
                index = index &* 31 &+ 7
                index &= 0xffff_ffff
            }
            let body = String(text.prefix(200))
            let time = Int64(1_760_000_000_000 + number * 1000)
            let id = UInt128(UInt64(time)) << 80 | 0x7 << 76 | UInt128(number) | 0b10 << 62
            return SampleTicket(
                id: withUnsafeBytes(of: id.bigEndian) { Array($0) },
                row: RowID(rawValue: id),
                texts: [
                    String(body.prefix(40)), body, ["raised", "working", "closed"][number % 3],
                    "L\(number % 9)-PRN\(number % 40)",
                    "line\(number % 9)", "person\(number % 50)",
                ],
                times: [time, time + 5000, time + 86_400_000])
        }
    }

    static let columns = ["title", "body", "state", "asset", "area", "reporter", "created", "updated", "due"]

    var values: [String: Value] {
        let all = texts.map(Value.text) + times.map(Value.integer)
        return Dictionary(uniqueKeysWithValues: zip(Self.columns, all))
    }

    static let schema = Schema(
        version: 1,
        tables: [
            Table(
                1, "ticket",
                groups: columns.enumerated().map { index, name in
                    let id = GroupID(rawValue: UInt32(index + 1))
                    return .register(id, index < 6 ? .text(name) : .integer(name))
                }, indexes: [["state"], ["asset"]])
        ])

    /// Enrols a second station, which knows the roster and no ticket.
    static func station(_ name: String, beside founder: Replica, in folder: String) throws -> Replica {
        let token = try founder.invite(as: .station, name: name, validForSeconds: 3600, routes: [], by: "bench")
        let replica = try Replica.join(with: token, station: name, in: folder, schema: schema)
        for (from, to) in [(founder, replica), (replica, founder)] {
            let roster = try from.runs(
                of: .roster, after: 0, excluding: VersionVector(), maximumBytes: Limits.batchBytes)
            _ = try to.apply(roster.runs, kind: .roster)
        }
        return replica
    }
}
