import GembaCausality
import GembaStore
import GembaTrust
import GembaWire

/// A data log written entry by entry with a station's keys, to state what the library itself never writes: edits of rows
/// that do not exist, values that do not fit, effects of later versions.
struct HandWrittenLog {
    private let identity: StationIdentity
    private let plant: PlantID
    let replica: ReplicaID
    private var entries: [[UInt8]] = []
    private var tip: ChangeHash

    /// Begins a log of a station, which must be a member of the plant as `witness` sees it.
    init(of station: Replica, witness: Replica) throws {
        identity = station.identity
        plant = station.plant
        let genesis = Genesis(
            kind: .data, plant: plant, station: identity.stationKey, random: counting(16), incarnation: 1,
            predecessors: [], rosterFrontier: try witness.vector(of: .roster))
        let entry = Entry(deps: [], body: genesis.encoded())
        tip = entry.hash(replica: nil, sequence: 0, previous: .beforeGenesis)
        replica = tip.replica
        entries = [entry.encoded()]
    }

    /// The next sequence number.
    var next: SequenceNumber { SequenceNumber(entries.count) }

    /// Adds a change that has seen nothing but this log.
    mutating func append(_ operations: [RowOperation], at timestamp: HybridTimestamp) throws {
        let body = ChangeBody(
            timestamp: timestamp, lamport: next, schemaVersion: 9, actor: "hand", reason: "by hand",
            operations: operations, references: [])
        try append(body: body.encoded(author: replica))
    }

    /// Adds an entry with any bytes for its body.
    mutating func append(body: [UInt8]) throws {
        let entry = try Envelope.makeEntry(body, deps: [])
        tip = entry.hash(replica: replica, sequence: next, previous: tip)
        entries.append(entry.encoded())
    }

    /// The whole log, signed at its end.
    var run: Run {
        let head = identity.signHead(replica: replica, sequence: next - 1, hash: tip, plant: plant)
        return Run(replica: replica, first: 0, previous: nil, entries: entries, signature: head.signature)
    }
}
