import GRDB
import GembaCausality
import GembaWire

/// Where the log of one replica ends in this database.
struct LogTip: Hashable, Sendable {
    /// The replica's number in this database.
    var number: Int64
    var replica: ReplicaID
    var kind: LogKind
    var station: StationKey
    var incarnation: UInt64
    var sequence: SequenceNumber
    var hash: ChangeHash
    var lamport: UInt64

    var reference: ChangeReference {
        ChangeReference(replica: replica, sequence: sequence, prefix: hash.prefix)
    }

    var dot: LocalDot { LocalDot(replica: number, sequence: sequence) }
}

/// One entry as the log tables hold it.
struct StoredEntry: Sendable {
    var sequence: SequenceNumber
    var hash: ChangeHash
    var timestamp: HybridTimestamp
    var lamport: UInt64
    /// Authentic, but invalid or without effect: stored and forwarded all the same.
    var isQuarantined: Bool
    var encoded: [UInt8]
}

extension LogKind {
    var entryTable: String {
        switch self {
        case .data: "gemba_change"
        case .roster: "gemba_roster_entry"
        }
    }
}

/// The logs of all replicas in one database, and their causal frontier. Belongs to one connection.
final class LogStore {
    let connection: Connection
    let numbers: ReplicaNumbers

    init(connection: Connection, numbers: ReplicaNumbers) {
        self.connection = connection
        self.numbers = numbers
    }

    // MARK: - Tips

    private static let tipColumns = "id, replica, kind, station, incarnation, sequence, hash, lamport"

    private func tip(_ row: Statement) throws -> LogTip {
        guard let kind = LogKind(rawValue: UInt8(truncatingIfNeeded: row.int(2))) else {
            throw StoreError(.corrupted, "A log of unknown kind is stored; run `gemba verify`.")
        }
        return LogTip(
            number: row.int(0), replica: try row.fixed(1), kind: kind, station: try row.fixed(3),
            incarnation: row.unsigned(4), sequence: row.unsigned(5), hash: try row.fixed(6), lamport: row.unsigned(7))
    }

    func tip(of replica: ReplicaID) throws -> LogTip? {
        try connection.statement("SELECT \(Self.tipColumns) FROM gemba_replica WHERE replica = ?")
            .bind(1, replica).first(tip)
    }

    func tip(number: Int64) throws -> LogTip? {
        try connection.statement("SELECT \(Self.tipColumns) FROM gemba_replica WHERE id = ?")
            .bind(1, number).first(tip)
    }

    /// All logs of a kind, sorted by replica.
    func tips(of kind: LogKind) throws -> [LogTip] {
        var tips: [LogTip] = []
        try connection.statement("SELECT \(Self.tipColumns) FROM gemba_replica WHERE kind = ? ORDER BY replica")
            .bind(1, Int64(kind.rawValue)).forEach { tips.append(try tip($0)) }
        return tips
    }

    /// All logs of a station, of both kinds.
    func tips(of station: StationKey) throws -> [LogTip] {
        var tips: [LogTip] = []
        try connection.statement("SELECT \(Self.tipColumns) FROM gemba_replica WHERE station = ? ORDER BY id")
            .bind(1, station).forEach { tips.append(try tip($0)) }
        return tips
    }

    // MARK: - Entries

    /// Begins a log with its genesis, whose hash names the replica.
    func create(_ genesis: Genesis, hash: ChangeHash, encoded: [UInt8]) throws -> LogTip {
        try connection.statement(
            """
            INSERT INTO gemba_replica (replica, kind, station, incarnation, sequence, hash, lamport)
            VALUES (?, ?, ?, ?, 0, ?, 0)
            """
        )
        .bind(1, hash.replica).bind(2, Int64(genesis.kind.rawValue)).bind(3, genesis.station)
        .bind(4, genesis.incarnation).bind(5, hash).run()
        let tip = LogTip(
            number: connection.database.lastInsertedRowID, replica: hash.replica, kind: genesis.kind,
            station: genesis.station, incarnation: genesis.incarnation, sequence: 0, hash: hash, lamport: 0)
        numbers.remember(tip.replica, tip.number)
        let entry = StoredEntry(
            sequence: 0, hash: hash, timestamp: HybridTimestamp(rawValue: 0), lamport: 0, isQuarantined: false,
            encoded: encoded)
        try insert(entry, number: tip.number, kind: tip.kind)
        try advanceFrontier(of: tip.kind, to: tip.dot, over: [])
        return tip
    }

    /// Stores the next entry of a log and moves its tip and the frontier.
    func append(_ entry: StoredEntry, to tip: inout LogTip, deps: [LocalDot]) throws {
        precondition(entry.sequence == tip.sequence + 1, "entry \(entry.sequence) does not follow \(tip.sequence)")
        try insert(entry, number: tip.number, kind: tip.kind)
        tip.sequence = entry.sequence
        tip.hash = entry.hash
        tip.lamport = entry.lamport
        try connection.statement("UPDATE gemba_replica SET sequence = ?, hash = ?, lamport = ? WHERE id = ?")
            .bind(1, tip.sequence).bind(2, tip.hash).bind(3, tip.lamport).bind(4, tip.number).run()
        try advanceFrontier(of: tip.kind, to: tip.dot, over: deps)
    }

    private func insert(_ entry: StoredEntry, number: Int64, kind: LogKind) throws {
        try connection.statement(
            """
            INSERT INTO \(kind.entryTable) (replica, sequence, hash, timestamp, lamport, quarantined, entry)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """
        )
        .bind(1, number).bind(2, entry.sequence).bind(3, entry.hash).bind(4, entry.timestamp.rawValue)
        .bind(5, entry.lamport).bind(6, entry.isQuarantined ? 1 : 0).bind(7, entry.encoded).run()
    }

    func hash(of dot: LocalDot, kind: LogKind) throws -> ChangeHash? {
        try connection.statement("SELECT hash FROM \(kind.entryTable) WHERE replica = ? AND sequence = ?")
            .bind(1, dot.replica).bind(2, dot.sequence).first { try $0.fixed(0) }
    }

    func lamport(of dot: LocalDot, kind: LogKind) throws -> UInt64? {
        try connection.statement("SELECT lamport FROM \(kind.entryTable) WHERE replica = ? AND sequence = ?")
            .bind(1, dot.replica).bind(2, dot.sequence).first { $0.unsigned(0) }
    }

    /// The lamport number of the entry after `tip` with the deps given: 1 + the greatest of theirs.
    func lamport(after tip: LogTip, deps: [LocalDot]) throws -> UInt64 {
        try deps.reduce(tip.lamport) { max($0, try lamport(of: $1, kind: tip.kind) ?? 0) } + 1
    }

    /// Names an entry that is held, as logs and frames do.
    func reference(to dot: LocalDot, kind: LogKind) throws -> ChangeReference {
        guard let hash = try hash(of: dot, kind: kind) else {
            throw StoreError(.corrupted, "Entry \(dot.sequence) of a log is missing; run `gemba verify`.")
        }
        return ChangeReference(
            replica: try numbers.replica(dot.replica, on: connection), sequence: dot.sequence, prefix: hash.prefix)
    }

    /// The local form of a reference, or nil when the entry it names is not held.
    func resolve(_ reference: ChangeReference, kind: LogKind) throws -> LocalDot? {
        guard let number = try numbers.number(of: reference.replica, on: connection) else { return nil }
        let dot = LocalDot(replica: number, sequence: reference.sequence)
        return try hash(of: dot, kind: kind)?.prefix == reference.prefix ? dot : nil
    }

    /// The place of the newest entry in apply order; 0 when there is none.
    func lastPosition(of kind: LogKind) throws -> Int64 {
        try connection.statement("SELECT max(position) FROM \(kind.entryTable)").first { $0.int(0) } ?? 0
    }

    // MARK: - Heads

    /// Keeps a signature that was verified.
    func keep(signature: [UInt8], at dot: LocalDot) throws {
        try connection.statement("INSERT OR REPLACE INTO gemba_head (replica, sequence, signature) VALUES (?, ?, ?)")
            .bind(1, dot.replica).bind(2, dot.sequence).bind(3, signature).run()
    }

    func signature(at dot: LocalDot) throws -> [UInt8]? {
        try connection.statement("SELECT signature FROM gemba_head WHERE replica = ? AND sequence = ?")
            .bind(1, dot.replica).bind(2, dot.sequence).first { $0.bytes(0) }
    }

    /// The signed head at a log's tip.
    func head(at tip: LogTip) throws -> SignedHead? {
        try signature(at: tip.dot).map {
            SignedHead(replica: tip.replica, sequence: tip.sequence, hash: tip.hash, signature: $0)
        }
    }

    // MARK: - Frontier

    /// The maximal entries held: those that no held entry follows, by its log or its deps. A new change names these, and
    /// not every log that advanced, so one note after a month away stays small.
    func frontier(of kind: LogKind) throws -> [LocalDot] {
        var dots: [LocalDot] = []
        try connection.statement("SELECT replica, sequence FROM gemba_frontier WHERE kind = ? ORDER BY replica")
            .bind(1, Int64(kind.rawValue))
            .forEach { dots.append(LocalDot(replica: $0.int(0), sequence: $0.unsigned(1))) }
        return dots
    }

    /// Notes that an entry follows others.
    func advanceFrontier(of kind: LogKind, to dot: LocalDot, over deps: [LocalDot]) throws {
        for dep in deps {
            try connection.statement(
                "DELETE FROM gemba_frontier WHERE kind = ? AND replica = ? AND sequence <= ?"
            )
            .bind(1, Int64(kind.rawValue)).bind(2, dep.replica).bind(3, dep.sequence).run()
        }
        try connection.statement("INSERT OR REPLACE INTO gemba_frontier (kind, replica, sequence) VALUES (?, ?, ?)")
            .bind(1, Int64(kind.rawValue)).bind(2, dot.replica).bind(3, dot.sequence).run()
    }
}
