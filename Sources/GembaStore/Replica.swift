import Foundation
public import GRDB
import GembaCausality
public import GembaTrust
public import GembaWire
import Synchronization

/// One incarnation of a station's database: the logs of everyone, and the tables that are their projection.
///
/// A folder holds the database, its side file and the station's keys. Several processes may have the same folder open;
/// everything that must not be told twice lives in the database and is read inside the transaction that uses it.
///
/// ```swift
/// let replica = try Replica.open(in: "/var/lib/gemba", schema: shop)
/// try replica.write(by: "ewa", because: "counted") { tx in
///     try tx.insert(into: "part", ["name": .text("label roll")])
/// }
/// ```
public final class Replica: Sendable {
    /// The folder.
    public let folder: String
    /// The station's keys.
    public let identity: StationIdentity
    /// The plant that the replica belongs to.
    public let plant: PlantID
    /// The schema that the replica was opened with.
    public let schema: Schema

    let pool: DatabasePool
    let environment: StoreEnvironment
    let sideFile: SideFile
    let machine: MachineFingerprint
    /// What was found wrong with the file's pages.
    let damage: PageDamage
    /// Nil when nothing is searchable.
    let searchIndex: SearchIndex?
    /// Digests of all rows, to compare them with a peer's; not made before that is asked for.
    let rowTree: DerivedFile
    let commitListeners = CommitListeners()
    /// Who waits to make a change.
    let waiting: WaitingWriters
    /// How much of what comes from peers is applied at once.
    let pace = Mutex(ApplyPace())
    private let writer = WriterState()
    private let readers = ReaderStates()
    /// The sequence numbers of own logs that the side file holds durably, so that it is not synced again for them.
    let exposed = Mutex<[Int64: UInt64]>([:])
    /// The checkpoints that are being given or taken.
    let openCheckpoints = Mutex<[CheckpointID: CheckpointFile]>([:])

    init(
        folder: String, identity: StationIdentity, plant: PlantID, schema: Schema, pool: DatabasePool,
        sources: ReplicaSources
    ) throws {
        self.folder = folder
        self.identity = identity
        self.plant = plant
        self.schema = schema
        self.pool = pool
        environment = try StoreEnvironment(plant: plant, identity: identity, schema: schema, sources: sources)
        sideFile = SideFile(path: ReplicaFolder(path: folder).sideFile)
        waiting = WaitingWriters(path: ReplicaFolder(path: folder).waitingSign)
        damage = try CheckedFiles.watch(ReplicaFolder(path: folder).database)
        searchIndex = SearchIndex(path: ReplicaFolder(path: folder).searchIndex, environment: environment)
        rowTree = DerivedFile(
            path: ReplicaFolder(path: folder).rowTree, label: "gemba.rows", create: RowTree.create(in:))
        var machine = try MachineFingerprint.current(databasePath: ReplicaFolder(path: folder).database)
        if let name = sources.machine { machine.machineID = name }
        self.machine = machine
    }

    /// Lets go of the readers' statements before the pool closes its connections. A connection closes when its last statement
    /// is gone, and the writer must be the last to do so: one that may only read cannot take the write-ahead log away.
    deinit { readers.removeAll() }

    // MARK: - Reading

    /// Reads in a snapshot that no write disturbs.
    public func read<Result>(_ body: (Database) throws -> Result) throws -> Result {
        try pool.read(body)
    }

    /// Reads in a snapshot that no write disturbs, without blocking the caller's thread.
    public func read<Result: Sendable>(_ body: @escaping @Sendable (Database) throws -> Result) async throws -> Result {
        try await pool.read(body)
    }

    /// Reads rows with where they came from.
    public func readRows<Result>(_ body: (RowReader) throws -> Result) throws -> Result {
        try withReader { try body(RowReader($0)) }
    }

    func withReader<Result>(_ body: (StoreContext) throws -> Result) throws -> Result {
        // The pool's own transactions prepare their statements each time, which takes longer than most of what is read.
        try pool.unsafeRead { database in
            let context = try reader(on: database)
            return try context.connection.inSnapshot { try body(context) }
        }
    }

    /// The context of a reader connection, at the beginning of a read.
    func reader(on database: Database) throws -> StoreContext {
        let context = try readers.context(database, environment: environment)
        context.beginTransaction()
        return context
    }

    // MARK: - Writing

    /// Makes one change: appends it to the log, projects it, and returns when it is on disk.
    ///
    /// - Parameters:
    ///   - actor: the person who acts, as this station claims.
    ///   - reason: why; may be empty.
    ///   - body: what is done. When it throws, nothing has happened; when it does nothing, no change is made.
    @discardableResult
    public func write<Result>(
        by actor: String, because reason: String = "", _ body: (WriteTransaction) throws -> Result
    ) throws -> Result {
        let arrival = waiting.arrive()
        return try pool.writeWithoutTransaction { database in
            arrival.end()
            return try write(on: database, by: actor, because: reason, body)
        }
    }

    /// Makes one change without blocking the caller's thread.
    @discardableResult
    public func write<Result: Sendable>(
        by actor: String, because reason: String = "",
        _ body: @escaping @Sendable (WriteTransaction) throws -> Result
    ) async throws -> Result {
        let arrival = waiting.arrive()
        return try await pool.writeWithoutTransaction { [self] database in
            arrival.end()
            return try write(on: database, by: actor, because: reason, body)
        }
    }

    private func write<Result>(
        on database: Database, by actor: String, because reason: String, _ body: (WriteTransaction) throws -> Result
    ) throws -> Result {
        // A write that did nothing is taken back whole: it may have opened a log, which would stand there unsigned.
        let (result, tips) = try transaction(
            on: database, completion: { $0.1.isEmpty ? .rollback : .commit },
            { try LocalCommit(context: $0, incarnation: incarnation).run(by: actor, because: reason, body) })
        if !tips.isEmpty {
            try record(tips, durable: false)
            commitListeners.tell()
        }
        return result
    }

    /// Runs the real write and takes it back: what `body` returns is what would have happened.
    public func rehearse<Result>(
        by actor: String, because reason: String = "", _ body: (WriteTransaction) throws -> Result
    ) throws -> Result {
        try pool.writeWithoutTransaction { database in
            try transaction(
                on: database, completion: { _ in .rollback },
                { try LocalCommit(context: $0, incarnation: incarnation).run(by: actor, because: reason, body).0 })
        }
    }

    // MARK: - Transactions

    /// Runs `body` in one immediate transaction on the writer.
    func write<Result>(_ body: (StoreContext) throws -> Result) throws -> Result {
        try pool.writeWithoutTransaction { try transaction(on: $0, body) }
    }

    private func transaction<Result>(
        on database: Database, completion: (Result) -> Database.TransactionCompletion = { _ in .commit },
        _ body: (StoreContext) throws -> Result
    ) throws -> Result {
        let context = try writer.context(database, environment: environment)
        context.beginTransaction()
        // As `Database.inTransaction` does, with statements that are prepared once.
        try database.cachedStatement(sql: "BEGIN IMMEDIATE TRANSACTION").execute()
        context.connection.tally.isInTransaction = true
        defer { context.connection.tally.isInTransaction = false }
        do {
            let result = try body(context)
            try context.updateConflicts()
            try context.updateDerivations()
            guard database.isInsideTransaction else { throw StoreError.transactionLost }
            if completion(result) == .commit {
                try database.cachedStatement(sql: "COMMIT TRANSACTION").execute()
            } else {
                context.numbers.forgetAll()
                try database.rollback()
            }
            return result
        } catch {
            context.numbers.forgetAll()
            // What SQLite itself took back already cannot be taken back again.
            if database.isInsideTransaction { try? database.rollback() }
            throw error
        }
    }

    /// The wall clock that stamps this replica's changes, in milliseconds since 1970.
    public var wallClock: UInt64 { environment.sources.wallClock() }

    /// Decides in each transaction whether the database may go on with its own logs.
    var incarnation: Incarnation { Incarnation(sideFile: sideFile, machine: machine) }

    /// Raises what the side file remembers of own logs.
    func record(_ tips: [LogTip], durable: Bool) throws {
        let isKnown = exposed.withLock { known in
            tips.allSatisfy { tip in known[tip.number].map { $0 >= tip.sequence } ?? false }
        }
        if isKnown { return }
        let sequences = Dictionary(tips.map { ($0.author, $0.sequence) }, uniquingKeysWith: max)
        try sideFile.record(sequences, machine: machine, durable: durable && environment.sources.isDurable)
        guard durable else { return }
        exposed.withLock { known in
            for tip in tips { known[tip.number] = max(known[tip.number] ?? 0, tip.sequence) }
        }
    }
}

/// The writer connection's context, made on first use.
///
/// `@unchecked Sendable`: reached only from the writer's queue, on which GRDB runs one closure at a time.
private final class WriterState: @unchecked Sendable {
    private var context: StoreContext?

    func context(_ database: Database, environment: StoreEnvironment) throws -> StoreContext {
        if let context { return context }
        let context = try StoreContext(database, environment: environment)
        self.context = context
        return context
    }
}

/// The contexts of the reader connections, each made on first use.
private final class ReaderStates: Sendable {
    /// `@unchecked Sendable`: reached only from its connection's queue, on which GRDB runs one closure at a time.
    private struct Kept: @unchecked Sendable {
        /// Keeps its `Database` alive, so that no other connection can come to have the identity of one.
        let context: StoreContext
    }

    private let contexts = Mutex<[ObjectIdentifier: Kept]>([:])

    func context(_ database: Database, environment: StoreEnvironment) throws -> StoreContext {
        let key = ObjectIdentifier(database)
        if let known = contexts.withLock({ $0[key] }) { return known.context }
        let kept = Kept(context: try StoreContext(database, environment: environment))
        contexts.withLock { $0[key] = kept }
        return kept.context
    }

    /// Finalises all statements. Nothing reads any more.
    func removeAll() { contexts.withLock { $0.removeAll() } }
}

/// Where the files of a replica lie.
struct ReplicaFolder {
    let path: String

    var database: String { path + "/replica.sqlite" }
    var sideFile: String { path + "/replica.side" }
    var waitingSign: String { path + "/replica.wait" }
    var searchIndex: String { path + "/search.sqlite" }
    var rowTree: String { path + "/rows.sqlite" }
    var keys: String { path + "/keys" }
}
