import Foundation
import GRDBSQLite
import GembaCausality
import GembaTrust
import GembaWire

/// What making a damaged replica anew came to.
public struct MendReport: Hashable, Sendable {
    /// How many entries of all logs were saved and applied again.
    public var entryCount = 0
    /// How many saved entries wait for others that are missing, which peers may have.
    public var waitingCount = 0
    /// Tables of the application's own, outside of what is replicated, that could not be saved.
    public var lostTables: [String] = []

    /// Nothing yet.
    public init() {}
}

/// Makes a damaged replica anew from what is left of it.
///
/// What is left of the logs is applied to an empty replica beside it, as if a peer had sent it, and that replica's pages are
/// written over the damaged ones in one transaction. What is missing is then missing as with a station that was away, and
/// peers send it as they would to that one. So rows, indexes and what is derived from logs need no repair of their own, and
/// nothing that was damaged can be taken for sound.
///
/// The file keeps its place, since other processes have it open. Writers wait until it is done.
struct Mending {
    let folder: String
    let identity: StationIdentity
    let schema: Schema
    let sources: ReplicaSources
    private var files: ReplicaFolder { ReplicaFolder(path: folder) }

    init(folder: String, identity: StationIdentity, schema: Schema, sources: ReplicaSources) {
        self.folder = folder
        self.identity = identity
        self.schema = schema
        self.sources = sources
    }

    /// How often it is begun again because somebody wrote in the moment between saving and writing back.
    private static let greatestAttempts = 5

    func run(progress: (Int) -> Void) throws -> MendReport {
        let damage = try CheckedFiles.watch(files.database)
        for _ in 0..<Self.greatestAttempts {
            if let report = try attempt(progress: progress) {
                damage.forgetAll()
                return report
            }
        }
        throw StoreError(.storageFailed, "Others write to the damaged replica all the time; stop them and repeat.")
    }

    /// - Returns: nil when somebody wrote meanwhile.
    private func attempt(progress: (Int) -> Void) throws -> MendReport? {
        do {
            return try attempt(schema: schema, progress: progress)
        } catch is RelayFound {
            return try attempt(schema: .none, progress: progress)
        }
    }

    private func attempt(schema: Schema, progress: (Int) -> Void) throws -> MendReport? {
        let scratch = folder + "/mending-\(UUID().uuidString)"
        defer { _ = try? FileManager.default.removeItem(atPath: scratch) }
        let watch = try BareConnection(files.database, .replacing)
        // Neither this nor what follows on the connection reads the schema, which may be damaged.
        try watch.execute("BEGIN IMMEDIATE")
        let version = try watch.integer("PRAGMA data_version")
        let salvage = try Salvage(PageImages(path: files.database, connection: watch))
        guard let plant = salvage.plant else {
            throw StoreError(
                .corrupted,
                "Nothing is left of the logs in \(folder). Move the folder away and join again with a new invitation.")
        }
        var report = MendReport()
        let rest = try fill(scratch, schema: schema, plant: plant, from: salvage, progress: progress, report: &report)
        report.lostTables = OwnTables(damaged: files.database, mended: ReplicaFolder(path: scratch).database).copy()
        try SalvageFile(folder: folder).save(rest)
        try watch.execute("ROLLBACK")
        return try replace(with: scratch, unless: { try watch.integer("PRAGMA data_version") != version })
            ? report : nil
    }

    /// A relay has no tables, whatever program mends it.
    private struct RelayFound: Error {}

    // MARK: - Filling

    private func fill(
        _ scratch: String, schema: Schema, plant: PlantID, from salvage: Salvage, progress: (Int) -> Void,
        report: inout MendReport
    ) throws -> [Salvage.Log] {
        var sources = sources
        // Only what is written back has to survive a crash.
        sources.isDurable = false
        let replica = try Replica.makeEmpty(
            in: scratch, plant: plant, identity: identity, schema: schema, sources: sources)
        try replica.write { $0.log.reservedNumbers = salvage.numbers }
        var applier = SalvageApplier(replica, salvage.logs)
        try applier.apply(.roster, progress: progress)
        if !schema.tables.isEmpty, try replica.withReader({ try $0.ownRole() }) == .relay { throw RelayFound() }
        if salvage.isFolded { try installCheckpoint(in: replica) }
        try applier.apply(.data, progress: progress)
        report.entryCount = applier.entryCount
        report.waitingCount = applier.rest.reduce(0) { $0 + $1.pieces.reduce(0) { $0 + $1.run.entries.count } }
        return applier.rest
    }

    /// Bodies were folded into the checkpoint that the replica stood on. If its file is damaged, too, peers have one.
    private func installCheckpoint(in replica: Replica) throws {
        let (from, to) = (CheckpointFolder(replica: folder), CheckpointFolder(replica: replica.folder))
        for signed in from.manifests().sorted(by: { $0.manifest.entries > $1.manifest.entries }) {
            guard let file = try from.file(signed.manifest.id), file.isComplete else { continue }
            let copy = try to.file(for: signed)
            for index in signed.manifest.chunks.indices {
                guard let (coding, bytes) = try file.coded(index) else { continue }
                try copy.append(index, coding: coding, bytes: bytes)
            }
            do {
                guard case .sound = try replica.standing(of: signed) else { continue }
                _ = try replica.install(signed.manifest.id)
                return
            } catch let error as StoreError where [.corrupted, .notFound, .diverged].contains(error.code) {
                continue
            }
        }
    }

    // MARK: - Writing back

    /// Writes the pages of the new replica over those of the damaged one, in one transaction.
    ///
    /// - Returns: false when it turned out, once nobody else could write any more, that somebody had.
    private func replace(with scratch: String, unless hasChanged: () throws -> Bool) throws -> Bool {
        let target = try BareConnection(files.database, .replacing)
        let source = try BareConnection(ReplicaFolder(path: scratch).database, .checked)
        guard let backup = sqlite3_backup_init(target.handle, "main", source.handle, "main") else {
            throw SQLiteFailure.error(on: target.handle)
        }
        var code = sqlite3_backup_step(backup, 1)
        if code == SQLITE_OK, try hasChanged() {
            sqlite3_backup_finish(backup)
            return false
        }
        if code == SQLITE_OK { code = sqlite3_backup_step(backup, -1) }
        sqlite3_backup_finish(backup)
        guard code == SQLITE_DONE else { throw SQLiteFailure.error(on: target.handle) }
        // Pages in the log count before those in the file; who copies them when is of no matter.
        _ = sqlite3_wal_checkpoint_v2(target.handle, "main", SQLITE_CHECKPOINT_PASSIVE, nil, nil)
        return true
    }
}
