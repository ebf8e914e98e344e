import GRDB
import GembaCausality
import GembaTrust
public import GembaWire

/// Puts a checkpoint in place of a replica's rows, and its own later work on top.
///
/// The state at the checkpoint's cut, together with the changes held here beyond the cut, is the state of both: the cut is
/// causally closed, so nothing in it names a change beyond it. Local logs keep their entries, and what was not sent
/// stays as it is.
///
/// Runs in one write transaction. Rows are written in the order of the tables with the indexes taken away, which are
/// built when all rows are there.
struct CheckpointLoader {
    /// What the rows are loaded for.
    enum Purpose {
        /// The replica goes on from the checkpoint.
        case installation
        /// The rows are compared with others; the database is thrown away.
        case comparison
    }

    let context: StoreContext
    let file: CheckpointFile
    let purpose: Purpose
    private(set) var outcome = CheckpointOutcome()
    var numbers = CheckpointNumbers()
    var logs: [LoadedLog] = []
    private var stage = CheckpointSection.logs
    private var rows: CheckpointRowLoader?
    private var latest = HybridTimestamp(rawValue: 0)

    /// A log of the checkpoint and what is held of it here.
    struct LoadedLog {
        var tip: LogTip
        /// Up to where the log was held before; nil when it was not.
        var before: (sequence: SequenceNumber, hash: ChangeHash)?
        var head: SignedHead
        var lamport: UInt64
        var isFollowed: Bool

        /// Whether the checkpoint has entries that are not held here.
        var advances: Bool { before.map { $0.sequence < head.sequence } ?? true }
    }

    init(context: StoreContext, file: CheckpointFile, purpose: Purpose) throws {
        self.context = context
        self.file = file
        self.purpose = purpose
    }

    /// Loads everything.
    ///
    /// - Throws: ``StoreError``; nothing has changed when the transaction is rolled back.
    mutating func load(progress: (UInt64) -> Void = { _ in }) throws {
        var reader = CheckpointReader(file)
        do {
            while let section = try reader.section() {
                try take(section)
                progress(rows?.count ?? 0)
            }
        } catch let error as WireError {
            throw StoreError(.corrupted, "A checkpoint does not decode; another maker's may.", cause: error)
        }
        try beginRows()
        guard rows?.count == file.manifest.rows else { throw CheckpointReader.damaged }
        try applyDeferredDrops()
        if purpose == .installation { try finish() }
    }

    private mutating func take(_ section: [UInt8]) throws {
        var decoder = CBORDecoder(section)
        let items = try decoder.array() - 1
        guard let kind = CheckpointSection(rawValue: try decoder.unsigned()) else {
            throw StoreError(.unsupportedDatabase, "A checkpoint is of a later version; update the program.")
        }
        guard kind.rawValue >= stage.rawValue else { throw CheckpointReader.damaged }
        stage = kind
        if kind != .logs { try beginRows() }
        switch kind {
        case .logs:
            for _ in 0..<items { try addLog(CheckpointLog(from: &decoder)) }
        case .rows:
            let table = TableID(rawValue: UInt32(clamping: try decoder.unsigned()))
            try rows?.load(&decoder, table: table)
        case .deferred: try addDeferred(from: &decoder)
        case .folded: try addFolded(from: &decoder)
        case .knowledge:
            for _ in 0..<items { try add(KnowledgeStep(from: &decoder)) }
        }
        try decoder.finish()
    }

    /// Makes room for rows, once all logs are known.
    private mutating func beginRows() throws {
        guard rows == nil else { return }
        rows = CheckpointRowLoader(context: context, numbers: numbers)
        if purpose == .installation { try checkCoverage() }
        if purpose == .installation { try SchemaInstaller(context: context).clearRows() }
    }

    /// What is held here without a body must be in the checkpoint: nobody else would know what it did.
    private func checkCoverage() throws {
        let cut = VersionVector(Dictionary(uniqueKeysWithValues: logs.map { ($0.tip.replica, $0.head.sequence) }))
        for (replica, floor) in try context.log.floors().entries where !cut.contains(Dot(replica, floor)) {
            throw StoreError(
                .diverged, "The checkpoint lacks what this replica knows of \(replica) from an earlier one only.")
        }
    }

    private func dot(_ log: UInt64, _ sequence: SequenceNumber) throws -> LocalDot {
        guard log < UInt64(numbers.logs.count) else { throw CheckpointReader.damaged }
        return LocalDot(replica: numbers.logs[Int(log)].number, sequence: sequence)
    }

    // MARK: - Sections

    private mutating func addLog(_ log: CheckpointLog) throws {
        let loaded = try purpose == .installation ? accept(log) : find(log)
        numbers.logs.append((loaded.tip.number, loaded.head.sequence))
        logs.append(loaded)
    }

    private func find(_ log: CheckpointLog) throws -> LoadedLog {
        guard let tip = try context.log.tip(of: log.head.replica) else { throw CheckpointReader.damaged }
        return LoadedLog(tip: tip, before: nil, head: log.head, lamport: log.lamport, isFollowed: log.isFollowed)
    }

    private func addDeferred(from decoder: inout CBORDecoder) throws {
        let (table, row) = (try decoder.unsigned(), try decoder.fixed(RowID.self))
        let group = try decoder.unsigned()
        let dot = try numbers.dot(from: &decoder)
        let effect = try decoder.skipItem()
        try context.connection.statement(
            "INSERT INTO gemba_deferred (tbl, row, grp, replica, sequence, effect) VALUES (?, ?, ?, ?, ?, ?)"
        )
        .bind(1, table).bind(2, row).bind(3, group).bind(4, dot.replica).bind(5, dot.sequence).bind(6, Array(effect))
        .run()
    }

    /// Takes over what stays of entries that are not held here.
    private mutating func addFolded(from decoder: inout CBORDecoder) throws {
        let place = try decoder.unsigned()
        let block = try FoldedBlock(from: &decoder)
        guard place < UInt64(logs.count), block.last <= logs[Int(place)].head.sequence else {
            throw CheckpointReader.damaged
        }
        guard purpose == .installation else { return }
        let log = logs[Int(place)]
        latest = block.entries.reduce(latest) { max($0, $1.timestamp) }
        if let before = log.before, let entry = block[before.sequence], entry.prefix != before.hash.prefix {
            throw StoreError(.diverged, "A checkpoint continues another history of the log \(log.tip.replica).")
        }
        guard log.advances, let rest = block.suffix(after: log.tip.sequence) else { return }
        guard rest.first == logs[Int(place)].tip.sequence + 1 else { throw CheckpointReader.damaged }
        // What this station put into a checkpoint of its own it had folded itself.
        let isOwn = file.manifest.maker == context.environment.identity.stationKey
        try context.log.appendFolded(rest, coding: isOwn ? .forgone : .folded, to: &logs[Int(place)].tip)
    }

    /// Carries out the drops of which the maker's program did not know what they are.
    private func applyDeferredDrops() throws {
        let cut = Dictionary(uniqueKeysWithValues: logs.map { ($0.tip.number, $0.head.sequence) })
        try DeferredDrops(context: context).apply { dot in cut[dot.replica].map { dot.sequence <= $0 } ?? false }
    }

    private func add(_ step: KnowledgeStep) throws {
        guard purpose == .installation else { return }
        let author = try dot(step.author, step.sequence)
        let peer = try dot(step.peer, step.upTo)
        try context.history.record(author, peer: peer.replica, upTo: peer.sequence)
    }

    // MARK: - The end

    private mutating func finish() throws {
        for index in logs.indices where logs[index].advances {
            guard logs[index].tip.sequence == logs[index].head.sequence else { throw CheckpointReader.damaged }
            try context.log.finishLeap(of: &logs[index].tip, at: logs[index].head, lamport: logs[index].lamport)
            outcome.advanced.append(logs[index].tip.reference)
            if logs[index].tip.station == context.environment.identity.stationKey {
                try noticeRecovery(of: logs[index].tip)
            }
        }
        try context.log.cover(
            logs.filter(\.isFollowed).map { LocalDot(replica: $0.tip.number, sequence: $0.head.sequence) })
        var clock = HybridClock(latest: try context.state().latestTimestamp)
        clock.observe(latest, wall: context.environment.sources.wallClock())
        try context.save(latestTimestamp: clock.latest)
        try context.save(CheckpointRecord(signed: file.signed, trust: .signed))
        if !context.environment.sources.calibration.contains(.checkpointsForgetLocalWork) { try mergeLocalWork() }
        try SchemaInstaller(context: context).restoreIndexes()
        try SchemaInstaller(context: context).rebuildDerivations()
    }

    /// Applies what this replica holds beyond the cut, in the order in which it applied it before.
    private mutating func mergeLocalWork() throws {
        let cut = Dictionary(uniqueKeysWithValues: logs.map { ($0.tip.number, $0.head.sequence) })
        var batch = OperationBatch()
        try context.log.scanEntries(of: .data, after: 0) { stretch, segment, sequence in
            let isCovered = cut[stretch.replica].map { sequence <= $0 } ?? false
            guard !isCovered, sequence > 0, !segment.record(sequence).isQuarantined else { return true }
            let dot = LocalDot(replica: stretch.replica, sequence: sequence)
            batch.removeAll()
            _ = try context.read(segment.entry(sequence), at: dot, into: &batch)
            try context.rows.merge(batch, as: [dot])
            return true
        }
    }

    /// A peer gave back what this database had lost: it goes on under a new name.
    private mutating func noticeRecovery(of tip: LogTip) throws {
        outcome.recovered.append(tip)
        guard try context.state().dataReplica == tip.number else { return }
        try context.requireNewIncarnation()
    }
}

/// What came of a checkpoint that was installed.
public struct CheckpointOutcome: Sendable {
    /// The new tips of the logs that advanced.
    public var advanced: [ChangeReference] = []
    /// Logs of this station that grew.
    var recovered: [LogTip] = []

    /// Nothing yet.
    public init() {}
}
