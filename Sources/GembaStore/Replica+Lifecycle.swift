import Foundation
import GRDB
import GembaCausality
public import GembaTrust
import GembaWire

extension Replica {
    /// Founds a plant: makes the keys of its first station, which administers it, and an empty replica.
    ///
    /// - Parameter isSealed: whether changes are sealed, so that relays store and forward what they cannot read.
    /// - Returns: the replica, and the recovery key, which outranks every member and is kept nowhere else.
    public static func found(
        plant plantName: String, station stationName: String, in folder: String, schema: Schema, isSealed: Bool = true,
        sources: ReplicaSources = .system
    ) throws -> (replica: Replica, recovery: RecoveryKey) {
        var generator = SourceGenerator(sources: sources)
        let identity = StationIdentity.generate(using: &generator)
        let founding = try PlantFounding(
            plantName: plantName, stationName: stationName, identity: identity, using: &generator)
        let replica = try create(
            in: folder, plant: founding.plant, identity: identity, log: founding.log, schema: schema, sources: sources)
        if isSealed { try replica.beginEpoch() }
        return (replica, founding.recovery)
    }

    /// Prepares a station that an invitation admits: its keys, an empty replica, and the roster log that holds its join
    /// act. The station is a member once another member has taken that log.
    ///
    /// - Parameter stationName: the station's short code; nil takes the one that the invitation suggests.
    public static func join(
        with token: InvitationToken, station stationName: String?, in folder: String, schema: Schema,
        actor: String = "",
        sources: ReplicaSources = .system
    ) throws -> Replica {
        var generator = SourceGenerator(sources: sources)
        let identity = StationIdentity.generate(using: &generator)
        let timestamp = HybridTimestamp(milliseconds: sources.wallClock(), counter: 0)
        let log = try token.makeRosterLog(
            for: identity, named: stationName, at: timestamp, actor: actor, using: &generator)
        return try create(
            in: folder, plant: token.plant, identity: identity, log: log,
            schema: token.role == .relay ? .none : schema, sources: sources)
    }

    /// Opens the replica in a folder.
    ///
    /// A relay has no tables, whatever program opens it: it keeps and passes on what it does not look into.
    ///
    /// - Throws: ``StoreError`` with the remedy: there is none, it is damaged, or a newer program made it.
    public static func open(in folder: String, schema: Schema, sources: ReplicaSources = .system) throws -> Replica {
        do {
            return try openSound(in: folder, schema: schema, sources: sources)
        } catch let error as DatabaseError where error.isDamage {
            throw StoreError.damaged(folder, cause: error)
        }
    }

    private static func openSound(in folder: String, schema: Schema, sources: ReplicaSources) throws -> Replica {
        let files = ReplicaFolder(path: folder)
        guard FileManager.default.fileExists(atPath: files.database) else {
            throw StoreError(
                .notFound, "There is no replica in \(folder). Make one with `gemba init` or `gemba join`.")
        }
        let identity = try StationIdentity.load(fromFolder: files.keys, passphrase: sources.passphrase)
        let pool = try openUpgradedPool(files, sources: sources)
        let (plant, version) = try pool.read { database in
            let version = try DatabaseFormat.check(database)
            let bytes = try Data.fetchOne(database, sql: "SELECT plant FROM gemba_state WHERE id = 1")
            return (bytes.flatMap { PlantID(bytes: $0) }, version)
        }
        guard let plant else {
            throw StoreError(.corrupted, "The replica in \(folder) does not know its plant; restore it or join again.")
        }
        var replica = try Replica(
            folder: folder, identity: identity, plant: plant, schema: schema, pool: pool, sources: sources)
        if version < DatabaseFormat.version {
            try replica.write { context in
                // Another process may have been faster.
                let version = try DatabaseFormat.check(context.connection.database)
                try FormatUpgrade(context: context).run(from: version)
            }
        }
        if !schema.tables.isEmpty, try replica.withReader({ try $0.ownRole() }) == .relay {
            replica = try Replica(
                folder: folder, identity: identity, plant: plant, schema: .none, pool: pool, sources: sources)
        }
        let isInstalled = try replica.withReader { context in
            try SchemaInstaller(context: context).check()
            return try SchemaInstaller(context: context).isInstalled()
        }
        if !isInstalled { try replica.write { try SchemaInstaller(context: $0).install() } }
        if try replica.withReader({ try DeferredDrops(context: $0).isNeeded() }) {
            try replica.write { try DeferredDrops(context: $0).apply() }
        }
        return replica
    }

    // MARK: - Creating

    private static func create(
        in folder: String, plant: PlantID, identity: StationIdentity, log: NewRosterLog, schema: Schema,
        sources: ReplicaSources
    ) throws -> Replica {
        let files = ReplicaFolder(path: folder)
        guard !FileManager.default.fileExists(atPath: files.database) else {
            throw StoreError(.alreadyExists, "There is a replica in \(folder) already; choose another folder.")
        }
        let passphrase = try sources.passphrase(.locking)
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw StoreError(.storageFailed, "The folder \(folder) cannot be made.", cause: error)
        }
        try identity.save(inFolder: files.keys, lockedWith: passphrase)
        let replica = try makeDatabase(
            in: folder, plant: plant, identity: identity, schema: schema, sources: sources)
        let tip = try replica.write { context in
            try SchemaInstaller(context: context).install()
            return try context.store(log)
        }
        try replica.record([tip], durable: true)
        return replica
    }

    /// A replica with all its tables and no logs, for filling.
    static func makeEmpty(
        in folder: String, plant: PlantID, identity: StationIdentity, schema: Schema, sources: ReplicaSources
    ) throws -> Replica {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let replica = try makeDatabase(in: folder, plant: plant, identity: identity, schema: schema, sources: sources)
        try replica.write { try SchemaInstaller(context: $0).install() }
        return replica
    }

    private static func makeDatabase(
        in folder: String, plant: PlantID, identity: StationIdentity, schema: Schema, sources: ReplicaSources
    ) throws -> Replica {
        let pool = try openPool(ReplicaFolder(path: folder), sources: sources)
        try pool.write { database in
            try DatabaseFormat.create(in: database)
            try database.execute(
                sql: """
                    INSERT INTO gemba_state (id, plant, station, latest_timestamp, renew) VALUES (1, ?, ?, 0, 0)
                    """,
                arguments: [Data(plant.bytes), Data(identity.stationKey.bytes)])
        }
        return try Replica(
            folder: folder, identity: identity, plant: plant, schema: schema, pool: pool, sources: sources)
    }

    /// Opens a database whose pages have checksums, or get them now.
    private static func openUpgradedPool(_ files: ReplicaFolder, sources: ReplicaSources) throws -> DatabasePool {
        let pool = try openPool(files, sources: sources)
        let isLegacy = try pool.read { database in
            _ = try DatabaseFormat.check(database)
            return try PageStanding(of: database).isLegacy
        }
        guard isLegacy else { return pool }
        try pool.close()
        try LayoutUpgrade(path: files.database, isDurable: sources.isDurable).run()
        return try openPool(files, sources: sources)
    }

    private static func openPool(_ files: ReplicaFolder, sources: ReplicaSources) throws -> DatabasePool {
        _ = try CheckedFiles.watch(files.database)
        var configuration = Configuration.withoutTriggers
        configuration.prepareDatabase { try $0.preparePages() }
        let sign = WaitingSign(path: files.waitingSign)
        configuration.busyMode = .callback(sign.wait)
        configuration.label = "gemba"
        let pool: DatabasePool
        do {
            let mask = umask(0o077)
            defer { umask(mask) }
            pool = try DatabasePool(path: files.database, configuration: configuration)
        } catch let error as DatabaseError where error.isDamage {
            throw StoreError.damaged(files.path, cause: error)
        } catch {
            throw StoreError(.storageFailed, "The database \(files.database) cannot be opened.", cause: error)
        }
        // GRDB sets `synchronous` to NORMAL when it enters WAL mode, which loses acknowledged commits at a power cut.
        try pool.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA synchronous = \(sources.isDurable ? "FULL" : "OFF")")
            try database.execute(sql: "PRAGMA cache_size = -\(pageCacheKibibytes)")
            try database.execute(sql: "PRAGMA wal_autocheckpoint = \(walCheckpointPages)")
        }
        return pool
    }

    /// Pages in the WAL at which a commit copies them back: rarely enough to keep commits fast, at 4 KiB a page 40 MB.
    private static let walCheckpointPages = 10_000
    /// What the writing connection keeps of the database. A transaction that touches more pages than fit has some written to the
    /// WAL before it commits, and read and written again when it touches them once more.
    private static let pageCacheKibibytes = 16 << 10
}

extension StoreContext {
    /// Stores the roster log that a founding or joining station just made, as its own.
    func store(_ log: NewRosterLog) throws -> LogTip {
        let genesis = try Genesis(decoding: log.entries[0].body)
        var tip = try self.log.create(genesis, hash: log.hashes[0], encoded: log.entries[0].encoded())
        var entries: [StoredEntry] = []
        for (entry, hash) in zip(log.entries, log.hashes).dropFirst() {
            let body = try RosterBody(decoding: entry.body)
            entries.append(
                StoredEntry(
                    sequence: tip.sequence + 1 + UInt64(entries.count), hash: hash, timestamp: body.timestamp,
                    lamport: body.lamport, isQuarantined: false, encoded: entry.encoded()))
        }
        try self.log.append(entries, to: &tip, deps: [], signature: log.head.signature)
        try save(current: tip)
        return tip
    }
}

/// The injected randomness in the form that key generation takes.
struct SourceGenerator: RandomNumberGenerator {
    let sources: ReplicaSources

    mutating func next() -> UInt64 {
        sources.randomBytes(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
