import Gemba

/// A ticket of the benchmark: 16-byte id, 40-byte title, 200-byte body, 4 short columns, 3 times.
struct SampleTicket {
    var row: RowID
    /// Title, body, state, asset, area, reporter.
    var texts: [String]
    /// Created, updated, due.
    var times: [Int64]

    /// The row as the library takes it: in the order of the columns.
    var list: [Value] { texts.map(Value.text) + times.map(Value.integer) }

    /// The row as the library takes it: by the names of the columns.
    var values: [String: Value] { Dictionary(uniqueKeysWithValues: zip(Self.columns, list)) }

    static let columns = ["title", "body", "state", "asset", "area", "reporter", "created", "updated", "due"]

    /// The ticket of a number, the same in each run.
    ///
    /// - Parameter batch: how many tickets a change makes. As with ids that the library gives, those of one change count up
    ///   from one that is random but for the time.
    init(_ number: Int, batch: Int = 1000) {
        let time = Int64(1_760_000_000_000 + number * 1000)
        row = Self.row(number, batch: batch)
        var generator = SplitMix(state: UInt64(number))
        texts = [
            Words.text(ofLength: 40, &generator), Words.text(ofLength: 200, &generator),
            ["raised", "working", "waiting", "closed"][Int(generator.next() % 4)],
            "L\(generator.next() % 9)-PRN\(generator.next() % 40)", "line\(generator.next() % 9)",
            "person\(generator.next() % 50)",
        ]
        times = [time, time + Int64(generator.next() % 3_600_000), time + 86_400_000]
    }

    static func make(_ numbers: Range<Int>, batch: Int = 1000) -> [SampleTicket] {
        numbers.map { SampleTicket($0, batch: batch) }
    }

    private static func row(_ number: Int, batch: Int) -> RowID {
        let first = number - number % batch
        var generator = SplitMix(state: ~UInt64(first))
        let time = UInt128(1_760_000_000_000 + UInt64(first) * 1000)
        let random = UInt128(generator.next() & 0xfff) << 64 | UInt128(generator.next() >> 3)
        return RowID(rawValue: (time << 80 | 0x7 << 76 | 0b10 << 62 | random) + UInt128(number - first))
    }

    // MARK: - Replicas

    static let schema = schema(searchable: [])

    static func schema(searchable: [String]) -> Schema {
        let groups = columns.enumerated().map { index, name in
            Group.register(GroupID(rawValue: UInt32(index + 1)), index < 6 ? .text(name) : .integer(name))
        }
        return Schema(
            version: 1,
            tables: [Table(1, "ticket", groups: groups, indexes: [["state"], ["asset"]], searchable: searchable)])
    }

    /// Founds a plant of one station.
    ///
    /// - Parameter isDurable: whether commits wait for the disk; only preparations need not.
    static func station(in folder: String, isDurable: Bool = true, schema: Schema = schema) throws -> Replica {
        var sources = ReplicaSources.system
        sources.isDurable = isDurable
        return try Replica.found(
            plant: "Bench", station: "A", in: folder, schema: schema, isSealed: false, sources: sources
        ).replica
    }

    /// Enrols another station, which knows the roster and no ticket.
    static func station(
        _ name: String, beside founder: Replica, in folder: String, isDurable: Bool = true
    ) throws -> Replica {
        var sources = ReplicaSources.system
        sources.isDurable = isDurable
        let token = try founder.invite(as: .station, name: name, validForSeconds: 3600, routes: [], by: "bench")
        let replica = try Replica.join(
            with: token, station: name, in: folder, schema: founder.schema, sources: sources)
        for (from, to) in [(founder, replica), (replica, founder)] {
            let roster = try from.runs(
                of: .roster, after: 0, excluding: VersionVector(), maximumBytes: Limits.batchBytes)
            _ = try to.apply(roster.runs, kind: .roster)
        }
        return replica
    }
}

/// Steele, Lea and Flood, “Fast splittable pseudorandom number generators” (2014): numbers that a seed determines.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
