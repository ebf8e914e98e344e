import Foundation
import GRDB
import GembaCausality
import GembaTrust
import GembaWire

/// What checking a replica against itself found.
public struct Verification: Hashable, Sendable {
    /// One thing that is not as it must be.
    public struct Fault: Hashable, Sendable {
        /// Where: a log's entry, a head, a row.
        public var place: String
        /// What is wrong, and what to do.
        public var message: String
    }

    /// How many entries of data and roster logs were checked.
    public var entryCount = 0
    /// How many signed heads were checked.
    public var headCount = 0
    /// How many rows were compared with a projection made anew from the logs.
    public var rowCount = 0
    /// How many rows were replaced by what the logs make of them; 0 unless that was asked for.
    public var replacedCount = 0
    /// The first fault found, or nil when everything is as it must be.
    public var fault: Fault?

    /// Nothing checked yet.
    public init() {}
}

extension Replica {
    /// Recomputes everything that the replica rests on: the hash chain of every log, the signature of every kept head,
    /// and, from the logs alone, the whole projection, which is compared with the stored one row by row.
    ///
    /// Stops at the first fault. Changes nothing; the new projection is made in a temporary file beside the database.
    ///
    /// - Parameter progress: told how many entries were checked so far.
    public func verify(progress: @escaping (Int) -> Void = { _ in }) throws -> Verification {
        try withScratchPath { scratch in
            try withReader { context in
                var verifier = Verifier(context: context, folder: folder, scratchPath: scratch, progress: progress)
                return try verifier.verify()
            }
        }
    }

    /// Does what ``verify(progress:)`` does, and replaces rows that are not what the logs make of them.
    ///
    /// Logs and signatures must be sound: rows are made from them. Writers wait until it is done.
    public func rebuild(progress: @escaping (Int) -> Void = { _ in }) throws -> Verification {
        try withScratchPath { scratch in
            try write { context in
                var verifier = Verifier(context: context, folder: folder, scratchPath: scratch, progress: progress)
                verifier.repairs = true
                return try verifier.verify()
            }
        }
    }

    private func withScratchPath<Result>(_ body: (String) throws -> Result) rethrows -> Result {
        let scratch = ReplicaFolder(path: folder).database + ".verify-\(UUID().uuidString)"
        defer {
            for suffix in ["", "-wal", "-shm", "-journal"] {
                try? FileManager.default.removeItem(atPath: scratch + suffix)
            }
        }
        return try body(scratch)
    }
}

private struct FaultFound: Error {
    var fault: Verification.Fault

    init(_ place: String, _ message: String) {
        fault = Verification.Fault(place: place, message: message)
    }
}

private struct Verifier {
    let context: StoreContext
    let folder: String
    let scratchPath: String
    let progress: (Int) -> Void
    var result = Verification()
    /// Whether rows that are not as they must be are replaced; otherwise the first one ends the run.
    var repairs = false

    /// Runs to the end or to the first fault.
    mutating func verify() throws -> Verification {
        do {
            try run()
        } catch let fault as FaultFound {
            result.fault = fault.fault
        }
        return result
    }

    /// How often progress is told, in entries.
    private static let progressStride = 1000

    mutating func run() throws {
        for kind in [LogKind.roster, .data] {
            for tip in try context.log.tips(of: kind) { try checkLog(tip) }
        }
        try checkProjection()
    }

    // MARK: - Logs

    private mutating func checkLog(_ tip: LogTip) throws {
        let name = "log \(tip.name)"
        let beginning = try context.log.branches().beginning(of: tip.number)
        var previous = beginning?.previous ?? .beforeGenesis
        var next = beginning?.first ?? 0
        try context.log.scanSegments(replica: tip.number, from: 0, through: tip.sequence) { segment in
            guard !segment.isFolded else {
                // The chain goes on from where folded entries end, whose hash was kept whole.
                guard segment.first == next else { throw FaultFound("\(name), entry \(next)", "The entry is missing.") }
                next = segment.last + 1
                if let hash = try context.log.hash(of: tip.number, folded: segment.last) { previous = hash }
                return true
            }
            var heads = segment.heads[...]
            for sequence in segment.sequences {
                let place = "\(name), entry \(sequence)"
                guard sequence == next else { throw FaultFound("\(name), entry \(next)", "The entry is missing.") }
                let entry: Entry
                do {
                    entry = try Entry(decoding: segment.entry(sequence))
                } catch {
                    throw FaultFound(place, "The entry does not decode: \(error).")
                }
                let hash = entry.hash(
                    replica: sequence == 0 ? nil : tip.author, sequence: sequence, previous: previous)
                guard segment.record(sequence).prefix == hash.prefix else {
                    throw FaultFound(
                        place, "The hash chain is broken here: the entry or the one before it was altered.")
                }
                if sequence == 0, hash.replica != tip.replica {
                    throw FaultFound(place, "The log is not named after its genesis.")
                }
                if let path = try context.log.branches().path(of: LocalDot(replica: tip.number, sequence: sequence)),
                    path.first == sequence, path.name != tip.author.branch(beginningWith: hash)
                {
                    throw FaultFound(place, "The branch is not named after its first entry.")
                }
                if let head = heads.first, head.sequence == sequence {
                    try checkHead(head.signature, tip: tip, sequence: sequence, hash: hash, place: place)
                    heads.removeFirst()
                }
                previous = hash
                next += 1
                result.entryCount += 1
                if result.entryCount.isMultiple(of: Self.progressStride) { progress(result.entryCount) }
            }
            return true
        }
        guard next == tip.sequence + 1, previous == tip.hash else {
            throw FaultFound("\(name), entry \(tip.sequence)", "The log does not end where the replica says it does.")
        }
        guard
            try context.log.signature(at: tip.dot) != nil || context.isProvenBehindEnd(tip)
                || !context.log.branches().chains(leaving: tip.dot).isEmpty
        else {
            throw FaultFound("\(name), entry \(tip.sequence)", "The newest entry has no signed head.")
        }
    }

    private mutating func checkHead(
        _ signature: [UInt8], tip: LogTip, sequence: SequenceNumber, hash: ChangeHash, place: String
    ) throws {
        let head = SignedHead(replica: tip.author, sequence: sequence, hash: hash, signature: signature)
        guard HeadVerification.isValid(head, by: tip.station, plant: context.environment.plant) else {
            throw FaultFound(place, "The signed head is not by the log's station.")
        }
        result.headCount += 1
    }

    // MARK: - Projection

    /// Projects the logs anew into a scratch database and compares it with what is stored.
    private mutating func checkProjection() throws {
        let queue = try DatabaseQueue(path: scratchPath, configuration: .withoutTriggers)
        try queue.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")
            try database.inTransaction(.immediate) {
                try DatabaseFormat.create(in: database)
                let scratch = try StoreContext(database, environment: context.environment, reading: context)
                try SchemaInstaller(context: scratch).install()
                try replay(into: scratch)
                try compare(with: scratch)
                if repairs {
                    try renewConflicts(over: scratch.rows.contestedRows)
                } else {
                    try compareConflicts(over: scratch.rows.contestedRows)
                }
                return .rollback
            }
        }
    }

    private mutating func replay(into scratch: StoreContext) throws {
        let replicas = try context.connection.statement(
            """
            SELECT id, replica, kind, station, incarnation, sequence, hash, lamport, timestamp, covered, quarantined
            FROM gemba_replica
            """)
        try replicas.forEach { row in
            let insert = try scratch.connection.statement(
                "INSERT INTO gemba_replica VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            for column in Int32(0)..<11 { insert.bind(column + 1, row.value(column)) }
            try insert.run()
        }
        let branches = try context.connection.statement(
            "SELECT name, log, replica, first, parent, previous FROM gemba_branch")
        try branches.forEach { row in
            let insert = try scratch.connection.statement("INSERT INTO gemba_branch VALUES (?, ?, ?, ?, ?, ?)")
            for column in Int32(0)..<6 { insert.bind(column + 1, row.value(column)) }
            try insert.run()
        }
        let cut = try loadCheckpoint(into: scratch)
        let isBlind = try context.isBlind()
        var batch = OperationBatch()
        try context.log.scanEntries(of: .data, after: 0) { stretch, segment, sequence in
            let record = segment.record(sequence)
            if cut[stretch.replica].map({ sequence <= $0 }) ?? (sequence == 0) { return true }
            let dot = LocalDot(replica: stretch.replica, sequence: sequence)
            batch.removeAll()
            if isBlind, try Entry(decoding: segment.entry(sequence)).seal != nil { return true }
            let frame = try? context.read(sequence, in: segment, into: &batch)
            let place = "log \(try context.log.publicName(of: dot).replica), entry \(sequence)"
            guard let frame, !record.isQuarantined else {
                if frame == nil, !record.isQuarantined { throw FaultFound(place, "The body does not decode.") }
                return true
            }
            guard frame.timestamp == record.timestamp else {
                throw FaultFound(place, "The stored timestamp is not the entry's.")
            }
            try scratch.rows.merge(batch, as: [dot])
            return true
        }
    }

    /// Loads the rows of the checkpoint that the replica stands on, if it stands on one.
    ///
    /// - Returns: up to where the checkpoint covers each log.
    private func loadCheckpoint(into scratch: StoreContext) throws -> [Int64: SequenceNumber] {
        guard let record = try context.checkpointRecord() else { return [:] }
        guard let file = try CheckpointFolder(replica: folder).file(record.signed.manifest.id) else {
            throw FaultFound("the checkpoint", "Its file is missing; `gemba run` makes another.")
        }
        do {
            var loader = try CheckpointLoader(context: scratch, file: file, purpose: .comparison)
            try loader.load()
            return Dictionary(uniqueKeysWithValues: loader.logs.map { ($0.tip.number, $0.head.sequence) })
        } catch let error as StoreError where error.code == .corrupted {
            throw FaultFound("the checkpoint", error.message)
        }
    }

    private mutating func compare(with scratch: StoreContext) throws {
        try compareTexts(with: scratch)
        for name in ["gemba_hidden", "gemba_sibling", "gemba_deferred"] {
            let key = name == "gemba_hidden" ? ["tbl", "row"] : ["tbl", "row", "grp", "replica", "sequence"]
            try compare(ComparedTable(name: name, columns: "*", key: key), with: scratch)
        }
        for table in context.environment.schema.tables.sorted(by: { $0.name < $1.name }) {
            // A column that was added later stands at the end of the stored table.
            let columns = context.environment.layouts[table.id]?.allColumns ?? "*"
            try compare(ComparedTable(name: table.name, columns: columns, key: ["id"]), with: scratch)
        }
    }

    private mutating func compare(_ table: ComparedTable, with scratch: StoreContext) throws {
        var differences: [ComparedTable.Difference] = []
        result.rowCount += try table.compare(
            context.connection.database, with: scratch.connection.database
        ) { difference in
            guard repairs else {
                throw FaultFound(
                    "table \(table.name), row \(difference.rowName)", "The stored row is not what the logs make of it.")
            }
            differences.append(difference)
        }
        for difference in differences {
            try table.replace(difference, in: context.connection.database)
            if let layout = context.environment.layoutsByName[table.name], let row = difference.row {
                context.rows.noteChange(of: row, in: layout.table.id)
            }
        }
        result.replacedCount += differences.count
    }

    /// Has the lines of the table `conflict` written anew when the transaction ends.
    private func renewConflicts(over contested: [TableID: Set<RowID>]) throws {
        try context.connection.execute("DELETE FROM conflict")
        for (table, rows) in contested {
            for row in rows { context.rows.noteContest(over: row, in: table) }
        }
    }

    /// Compares the lines of the table `conflict` with what rows and logs make of it.
    private mutating func compareConflicts(over contested: [TableID: Set<RowID>]) throws {
        var lineCount = 0
        for (table, rows) in contested {
            for row in rows {
                let stored = try context.storedConflictLines(over: row, in: table)
                guard try stored == context.conflictLines(over: row, in: table) else {
                    throw FaultFound(
                        "table conflict, row \(row)", "The stored lines are not what the row and the logs make of it.")
                }
                lineCount += stored.count
            }
        }
        let count = try context.connection.statement("SELECT count(*) FROM conflict").first { Int($0.int(0)) }
        guard count == lineCount else {
            throw FaultFound("table conflict", "It has lines about rows that nobody contests.")
        }
    }

    /// Texts are compared as digests see them: their stored form depends on the order in which changes came.
    private func compareTexts(with scratch: StoreContext) throws {
        for (own, other) in [(context, scratch), (scratch, context)] {
            var rows: [(table: TableID, row: RowID)] = []
            try own.connection.statement("SELECT DISTINCT tbl, row FROM gemba_text ORDER BY tbl, row").forEach {
                rows.append((TableID(rawValue: UInt32(truncatingIfNeeded: $0.int(0))), try $0.fixed(1)))
            }
            for (table, row) in rows {
                guard try Self.encoded(row, of: table, in: own) == Self.encoded(row, of: table, in: other) else {
                    throw FaultFound("the text of row \(row)", "The stored text is not what the logs make of it.")
                }
            }
        }
    }

    private static func encoded(_ row: RowID, of table: TableID, in context: StoreContext) throws -> [UInt8]? {
        guard let (state, _) = try context.rows.load(table: table, row: row) else { return nil }
        return try DigestBuilder(context: context).encoded(state, table: table, row: row)
    }
}
