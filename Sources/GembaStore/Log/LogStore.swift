import GRDB
import GembaCausality
import GembaWire

/// Where a log, or one chain of a forked log, ends in this database.
struct LogTip: Hashable, Sendable {
    /// The chain's number in this database.
    var number: Int64
    /// What the chain is called in this database for ever: by its genesis, or by the branch that it began as.
    var replica: ReplicaID
    /// The replica id in the headers of its entries: that of the genesis.
    var author: ReplicaID
    /// What every replica calls the path that ends here.
    var name: ReplicaID
    var kind: LogKind
    var station: StationKey
    var incarnation: UInt64
    var sequence: SequenceNumber
    var hash: ChangeHash
    var lamport: UInt64

    var reference: ChangeReference {
        ChangeReference(replica: name, sequence: sequence, prefix: hash.prefix)
    }

    var dot: LocalDot { LocalDot(replica: number, sequence: sequence) }
}

/// One entry as it goes into the log.
struct StoredEntry: Sendable {
    var sequence: SequenceNumber
    var hash: ChangeHash
    var timestamp: HybridTimestamp
    var lamport: UInt64
    /// Authentic, but invalid or without effect: stored and forwarded all the same.
    var isQuarantined: Bool
    var encoded: [UInt8]
}

/// The logs of all replicas in one database, and their causal frontier. Belongs to one connection.
final class LogStore {
    let connection: Connection
    let numbers: ReplicaNumbers
    let environment: StoreEnvironment
    /// Numbers that logs had before this database was made anew; those of other logs come after them.
    var reservedNumbers: [ReplicaID: Int64] = [:]
    /// The branches of forked logs, as far as they were asked for in this transaction.
    private var knownBranches: BranchMap?
    /// The segments read last: entries are often asked for one after another.
    private(set) var recentSegments: [Segment] = []
    /// The place on a chain of hashes up to which it was computed last.
    private var chain: (segment: Segment.Key, sequence: SequenceNumber, hash: ChangeHash)?

    init(connection: Connection, numbers: ReplicaNumbers, environment: StoreEnvironment) {
        self.connection = connection
        self.numbers = numbers
        self.environment = environment
    }

    /// Remembers a segment, in place of the one that was read longest ago.
    func remember(_ segment: Segment) {
        if recentSegments.count == Self.greatestRecent { recentSegments.removeLast() }
        recentSegments.insert(segment, at: 0)
    }

    private static let greatestRecent = 8

    /// Forgets what was read before: another process may have packed it.
    func forgetSegments() {
        recentSegments.removeAll()
        chain = nil
    }

    /// The whole hash of the entry before one of a segment that is not folded.
    ///
    /// It is computed from the segment's start. Entries are mostly asked for one after another, so the way is not gone twice.
    func hash(before sequence: SequenceNumber, in segment: Segment) throws -> ChangeHash {
        if sequence == 0 { return .beforeGenesis }
        var (next, hash): (SequenceNumber, ChangeHash)
        if let chain, chain.segment == segment.key, chain.sequence <= sequence {
            (next, hash) = (chain.sequence, chain.hash)
        } else {
            (next, hash) = (segment.first, try start(of: segment))
        }
        let replica = next < sequence ? try author(of: segment.replica) : nil
        while next < sequence {
            let entry = try Entry(decoding: segment.entry(next))
            hash = entry.hash(replica: next == 0 ? nil : replica, sequence: next, previous: hash)
            next += 1
        }
        chain = (segment.key, sequence, hash)
        return hash
    }

    private func start(of segment: Segment) throws -> ChangeHash {
        if segment.first == 0 { return .beforeGenesis }
        if let start = segment.start { return start }
        guard let tip = try tip(number: segment.replica) else {
            throw StoreError(.corrupted, "Replica number \(segment.replica) is unknown; run `gemba verify`.")
        }
        return try chainHash(of: tip, at: segment.first - 1)
    }

    /// The branches of forked logs.
    func branches() throws -> BranchMap {
        if let knownBranches { return knownBranches }
        let read = try readBranches()
        knownBranches = read
        return read
    }

    /// Forgets which branches there are: another process, or this one, may have added some.
    func forgetBranches() { knownBranches = nil }

    // MARK: - Tips

    private static let tipColumns = "id, replica, kind, station, incarnation, sequence, hash, lamport"

    private func tip(_ row: Statement) throws -> LogTip {
        guard let kind = LogKind(rawValue: UInt8(truncatingIfNeeded: row.int(2))) else {
            throw StoreError(.corrupted, "A log of unknown kind is stored; run `gemba verify`.")
        }
        let replica: ReplicaID = try row.fixed(1)
        var tip = LogTip(
            number: row.int(0), replica: replica, author: replica, name: replica, kind: kind,
            station: try row.fixed(3), incarnation: row.unsigned(4), sequence: row.unsigned(5),
            hash: try row.fixed(6), lamport: row.unsigned(7))
        let branches = try branches()
        if let path = branches.path(of: tip.dot) {
            tip.name = path.name
            tip.author = try numbers.replica(path.log, on: connection)
        }
        return tip
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
            INSERT INTO gemba_replica
                (replica, kind, station, incarnation, sequence, hash, lamport, timestamp, covered, quarantined, id)
            VALUES (?, ?, ?, ?, 0, ?, 0, 0, -1, 0, nullif(?, 0))
            """
        )
        .bind(6, reservedNumber(of: hash.replica)).bind(1, hash.replica).bind(2, Int64(genesis.kind.rawValue)).bind(
            3, genesis.station
        )
        .bind(4, genesis.incarnation).bind(5, hash).run()
        let tip = LogTip(
            number: connection.database.lastInsertedRowID, replica: hash.replica, author: hash.replica,
            name: hash.replica, kind: genesis.kind, station: genesis.station, incarnation: genesis.incarnation,
            sequence: 0, hash: hash, lamport: 0)
        numbers.remember(tip.replica, tip.number)
        let beginsStretch = try extendOrder(of: tip.kind, with: tip.dot)
        let entry = StoredEntry(
            sequence: 0, hash: hash, timestamp: HybridTimestamp(rawValue: 0), lamport: 0, isQuarantined: false,
            encoded: encoded)
        try insert([entry], replica: tip.number, after: nil, beginsStretch: beginsStretch, signature: nil)
        return tip
    }

    /// The number that a log has to have; 0 when any will do.
    private func reservedNumber(of replica: ReplicaID) -> Int64 {
        guard let greatest = reservedNumbers.values.max() else { return 0 }
        let number = reservedNumbers[replica] ?? greatest + 1
        reservedNumbers[replica] = number
        return number
    }

    /// Stores the next entries of a log, which end at a head, and moves its tip and the frontier.
    ///
    /// - Parameters:
    ///   - signature: nil when more entries of the same transaction stand before the head.
    ///   - deps: what the entries follow in other logs.
    ///   - signature: at the last one; nil where only an entry that does not count is signed.
    ///   - contents: what stands in their segments, if that was made ready before.
    func append(
        _ entries: [StoredEntry], to tip: inout LogTip, deps: [LocalDot], signature: [UInt8]?,
        contents: [SegmentEntries]? = nil
    ) throws {
        guard let first = entries.first, let last = entries.last else {
            // Nothing but a genesis, which is stored already.
            if let signature { try keep(signature: signature, at: tip.dot) }
            return
        }
        precondition(first.sequence == tip.sequence + 1, "entry \(first.sequence) does not follow \(tip.sequence)")
        let previous = tip.sequence
        let dot = LocalDot(replica: tip.number, sequence: first.sequence)
        let beginsStretch = try extendOrder(of: tip.kind, with: dot)
        try insert(
            entries, replica: tip.number, after: tip.hash, beginsStretch: beginsStretch, signature: signature,
            contents: contents)
        tip.sequence = last.sequence
        tip.hash = last.hash
        tip.lamport = last.lamport
        try connection.statement(Self.updateTip)
            .bind(1, tip.sequence).bind(2, tip.hash).bind(3, tip.lamport).bind(4, last.timestamp.rawValue)
            .bind(5, entries.count { $0.isQuarantined }).bind(6, tip.number).run()
        try cover(deps)
        try packIfDue(tip, grownFrom: previous)
    }

    private static let updateTip = SQLText(
        """
        UPDATE gemba_replica SET sequence = ?, hash = ?, lamport = ?, timestamp = ?, quarantined = quarantined + ?
        WHERE id = ?
        """)

    /// Whether an entry is held.
    func holds(_ dot: LocalDot) throws -> Bool { try record(of: dot) != nil }

    /// The lamport number of the entry after `tip` with the deps given: 1 + the greatest of theirs.
    func lamport(after tip: LogTip, deps: [LocalDot]) throws -> UInt64 {
        try deps.reduce(tip.lamport) { max($0, try record(of: $1)?.lamport ?? 0) } + 1
    }

    /// Names an entry that is held, as logs and frames do.
    func reference(to dot: LocalDot) throws -> ChangeReference {
        guard let record = try record(of: dot) else {
            throw StoreError(.corrupted, "Entry \(dot.sequence) of a log is missing; run `gemba verify`.")
        }
        return ChangeReference(
            replica: try numbers.replica(dot.replica, on: connection), sequence: dot.sequence, prefix: record.prefix)
    }

    /// The local form of a reference, or nil when the entry it names is not held.
    ///
    /// Its name says in which log to look, and the hash which of the entries with its number there it means.
    func resolve(_ reference: ChangeReference, kind: LogKind) throws -> LocalDot? {
        guard let number = try numbers.number(of: reference.replica, on: connection),
            try numbers.kind(of: number, on: connection) == kind
        else { return nil }
        for chain in try branches().chains(of: number) {
            let dot = LocalDot(replica: chain, sequence: reference.sequence)
            if try record(of: dot)?.prefix == reference.prefix { return dot }
        }
        return nil
    }

    /// The signed head at a log's tip.
    func head(at tip: LogTip) throws -> SignedHead? {
        try signature(at: tip.dot).map {
            SignedHead(replica: tip.author, sequence: tip.sequence, hash: tip.hash, signature: $0)
        }
    }

    // MARK: - Frontier

    /// The maximal entries held: those that no held entry follows, by its log or its deps. A new change names these, and
    /// not every log that advanced, so one note after a month away stays small.
    func frontier(of kind: LogKind) throws -> [LocalDot] {
        var dots: [LocalDot] = []
        try connection.statement(Self.selectFrontier).bind(1, Int64(kind.rawValue))
            .forEach { dots.append(LocalDot(replica: $0.int(0), sequence: $0.unsigned(1))) }
        return dots
    }

    private static let selectFrontier = SQLText(
        "SELECT id, sequence FROM gemba_replica WHERE kind = ? AND sequence > covered ORDER BY id")

    /// Notes that an entry of another log follows these.
    func cover(_ dots: [LocalDot]) throws {
        for dot in dots {
            try connection.statement("UPDATE gemba_replica SET covered = max(covered, ?) WHERE id = ?")
                .bind(1, dot.sequence).bind(2, dot.replica).run()
        }
    }
}
