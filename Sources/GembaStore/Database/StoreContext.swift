import GRDB
import GembaCausality
import GembaTrust
import GembaWire

/// Everything that reads and writes one connection.
///
/// Not `Sendable`: it belongs to the queue of its connection. Each connection of a replica keeps one, so that its statements
/// stay prepared.
final class StoreContext {
    let connection: Connection
    let environment: StoreEnvironment
    let numbers: ReplicaNumbers
    let log: LogStore
    let history: CausalHistory
    /// Replaced for each transaction.
    private(set) var rows: RowStore
    /// Whether the author of a change has the right to drop rows.
    private let mayDrop: (LocalDot) throws -> Bool
    var rowIDs = RowIDSource()
    /// The operations of the transaction at hand, in room that is kept from one to the next.
    var operations = OperationBatch()
    /// Where local changes are encoded, one after another.
    private var room = CBOREncoder()
    /// Where the change that is being written will have come from; the log does not hold it yet.
    var draft: (dot: LocalDot, provenance: Provenance)?
    /// Whether it was decided in the transaction at hand under which names this database writes.
    var isIncarnationSettled = false

    /// - Parameter source: where the entries are, and who had seen what, if not in the same database.
    init(_ database: Database, environment: StoreEnvironment, reading source: StoreContext? = nil) throws {
        connection = try Connection(database)
        self.environment = environment
        numbers = ReplicaNumbers()
        log = source?.log ?? LogStore(connection: connection, numbers: numbers, environment: environment)
        history = source?.history ?? CausalHistory(connection: connection, log: log)
        mayDrop = { [log] dot in
            guard let station = try log.tip(number: dot.replica)?.station else { return false }
            return try log.roster().presentOrFormerMember(station)?.may(.dropRows) ?? false
        }
        rows = RowStore(
            connection: connection, numbers: numbers, log: log, history: history, environment: environment,
            mayDrop: mayDrop)
    }

    /// Forgets what belonged to the previous transaction.
    func beginTransaction() {
        log.forgetSegments()
        log.forgetBranches()
        isIncarnationSettled = false
        operations.removeAll()
        rows = RowStore(
            connection: connection, numbers: numbers, log: log, history: history, environment: environment,
            mayDrop: mayDrop)
    }

    /// Hands the room for a local change out, until it is given back.
    func takeRoom() -> CBOREncoder {
        defer { room = CBOREncoder() }
        return room
    }

    func giveBack(_ room: CBOREncoder) { self.room = room }

    // MARK: - Names

    func layout(named name: String) throws(StoreError) -> TableLayout {
        guard let layout = environment.layoutsByName[name] else {
            let known = environment.schema.tables.filter { !$0.isHidden }.map(\.name).sorted().joined(separator: ", ")
            throw StoreError(.unknownName, "There is no replicated table \(name); there are: \(known).")
        }
        return layout
    }

    func unknownColumn(_ column: String, in table: String) -> StoreError {
        StoreError(.unknownName, "Table \(table) has no column \(column).")
    }

    func localIfHeld(_ dot: Dot) throws -> LocalDot? {
        try numbers.number(of: dot.replica, on: connection).map { LocalDot(replica: $0, sequence: dot.sequence) }
    }

    // MARK: - Bodies

    /// The decoded body of a stored change, which names others as this database does.
    func body(of sequence: SequenceNumber, in segment: Segment) throws -> ChangeBody {
        try body(
            decoding: log.content(of: sequence, in: segment),
            at: LocalDot(replica: segment.replica, sequence: sequence))
    }

    /// The decoded body of a change, which names others as this database does.
    func body(decoding content: [UInt8], at dot: LocalDot) throws -> ChangeBody {
        var body = try ChangeBody(decoding: content, author: log.author(of: dot.replica), sequence: dot.sequence)
        if let translation = try DotTranslation(of: dot, body.references, log) {
            body.operations = try body.operations.map { try $0.translated(by: translation.callAsFunction) }
        }
        return body
    }

    /// Adds the operations of a stored change to a batch, which names others as this database does.
    func read(
        _ sequence: SequenceNumber, in segment: Segment, into batch: inout OperationBatch
    ) throws -> OperationBatch.Frame {
        let frame = try batch.append(
            decoding: log.content(of: sequence, in: segment)[...], author: log.author(of: segment.replica),
            sequence: sequence)
        try translate(&batch, frame.references, at: LocalDot(replica: segment.replica, sequence: sequence))
        return frame
    }

    /// Has the change that was added last to a batch name others as this database does.
    func translate(_ batch: inout OperationBatch, _ references: [ChangeReference], at dot: LocalDot) throws {
        guard let translation = try DotTranslation(of: dot, references, log) else { return }
        try batch.translateLastChange(by: translation.callAsFunction)
    }

    /// Adds the operations of a change that need not be stored yet to a batch.
    func read(
        _ entry: Entry, at place: Envelope.Place, into batch: inout OperationBatch
    ) throws -> OperationBatch.Frame {
        let key = try entry.seal.flatMap { try log.sealKey(of: place.replica, in: $0.epoch) }
        return try batch.append(
            decoding: Envelope.open(entry, at: place, with: key)[...], author: place.replica, sequence: place.sequence)
    }

    /// Who made the change at `dot`, when and why.
    func provenance(of dot: LocalDot) throws -> Provenance {
        if let draft, draft.dot == dot { return draft.provenance }
        guard let tip = try log.tip(number: dot.replica) else {
            throw StoreError(.corrupted, "Replica number \(dot.replica) is unknown; run `gemba verify`.")
        }
        guard let segment = try log.segment(of: dot) else {
            throw StoreError(.corrupted, "Change \(dot.sequence) of a log is missing; run `gemba verify`.")
        }
        let record = segment.record(dot.sequence)
        if let notes = segment.notes {
            let note = notes[dot.sequence]
            return Provenance(
                dot: try log.publicName(of: dot), timestamp: record.timestamp, lamport: record.lamport,
                station: tip.station, actor: note?.actor ?? "", reason: note?.reason ?? "")
        }
        let body = try ChangeBody(
            decoding: log.content(of: dot.sequence, in: segment), author: tip.author, sequence: dot.sequence)
        return Provenance(
            dot: try log.publicName(of: dot), timestamp: record.timestamp, lamport: record.lamport,
            station: tip.station, actor: body.actor, reason: body.reason)
    }

    // MARK: - State

    /// The single row of `gemba_state`.
    func state() throws -> StoredState {
        let statement = try connection.statement(Self.selectState)
        let state = try statement.first { row in
            StoredState(
                plant: try row.fixed(0), latestTimestamp: HybridTimestamp(rawValue: row.unsigned(1)),
                dataReplica: row.isNull(2) ? nil : row.int(2), rosterReplica: row.isNull(3) ? nil : row.int(3),
                mustRenew: row.int(4) != 0)
        }
        guard let state else { throw StoreError(.corrupted, "The replica's own state is missing; run `gemba verify`.") }
        return state
    }

    private static let selectState = SQLText(
        """
        SELECT plant,
            max(latest_timestamp,
                coalesce((SELECT timestamp FROM gemba_replica WHERE id = data_replica), 0),
                coalesce((SELECT timestamp FROM gemba_replica WHERE id = roster_replica), 0)),
            data_replica, roster_replica, renew
        FROM gemba_state WHERE id = 1
        """)

    /// Notes the timestamp of a change that this database made. It stands with the own log already, unless the clock fell
    /// back: then the greater one, which it no longer follows, must not return.
    func save(timestamp: HybridTimestamp, after latest: HybridTimestamp) throws {
        if timestamp < latest { try save(latestTimestamp: timestamp) }
    }

    func save(latestTimestamp: HybridTimestamp) throws {
        try connection.statement("UPDATE gemba_state SET latest_timestamp = ? WHERE id = 1")
            .bind(1, latestTimestamp.rawValue).run()
    }

    /// Has the database go on under a new name from its next write on.
    func requireNewIncarnation() throws {
        try connection.statement("UPDATE gemba_state SET renew = 1 WHERE id = 1").run()
    }

    func save(current tip: LogTip) throws {
        let column = tip.kind == .data ? "data_replica" : "roster_replica"
        try connection.statement("UPDATE gemba_state SET \(column) = ? WHERE id = 1").bind(1, tip.number).run()
    }
}

/// What a database remembers of itself.
struct StoredState: Sendable {
    var plant: PlantID
    /// The greatest timestamp given or accepted from others.
    var latestTimestamp: HybridTimestamp
    /// The numbers of the logs that this database now writes, or nil before the first write.
    var dataReplica: Int64?
    var rosterReplica: Int64?
    /// A peer has proven that this station wrote more than is held here.
    var mustRenew: Bool

    func current(_ kind: LogKind) -> Int64? {
        switch kind {
        case .data: dataReplica
        case .roster: rosterReplica
        }
    }
}
