import GRDB
import GembaCausality
import GembaWire

/// One step of bringing the tree of rows up to date: a bounded number of rows, read in one snapshot of the replica and written
/// in one transaction of the tree.
///
/// A row is taken as it is in the snapshot, whichever change led there. So commits and batches keep no account of what they
/// change: the log names the rows, and is read later, by whoever has the time.
struct RowTreeUpdate {
    /// The tree's file, in a write transaction.
    let database: Database
    /// The replica, in a snapshot.
    let context: StoreContext
    private let tree: RowTree
    private var changed: Set<RowKey> = []

    /// Rows or entries of one step: some milliseconds, after which others may write.
    private static let stride = 500

    init(database: Database, context: StoreContext) {
        self.database = database
        self.context = context
        tree = RowTree(database)
    }

    /// - Parameter rescans: whether to read all rows again, in the order of steps: what was written to them behind the
    ///   library's back is in no log.
    /// - Returns: how many rows were read.
    mutating func run(rescans: Bool = false) throws -> Int {
        var progress = try current()
        if rescans, progress.scan == nil { progress = try beginning() }
        let rows = try progress.scan != nil ? scan(&progress) : follow(&progress)
        try tree.invalidate(changed)
        try progress.save(in: database)
        return rows
    }

    /// How far the tree is, or the beginning when it is of another history.
    private func current() throws -> RowTreeProgress {
        if let stored = try RowTreeProgress(database),
            try stored.place == context.log.place(at: stored.place.position)
        {
            // A fork that was found gave changes other names, by which rows that nobody touched are digested.
            return try stored.branches == context.log.branches().named.count ? stored : beginning()
        }
        try tree.removeAll()
        return try beginning()
    }

    private func beginning() throws -> RowTreeProgress {
        RowTreeProgress(scanningFrom: try context.log.lastPlace(), branches: try context.log.branches().named.count)
    }

    private mutating func read(_ key: RowKey) throws {
        if try tree.put(key, context.digest(of: key)) { changed.insert(key) }
    }

    // MARK: - Reading everything

    private mutating func scan(_ progress: inout RowTreeProgress) throws -> Int {
        guard var scan = progress.scan else { return 0 }
        let keys = try context.rowKeys(after: scan.last, atMost: Self.stride)
        for key in keys { try read(key) }
        scan.count += keys.count
        scan.last = keys.last ?? scan.last
        progress.scan = scan
        guard keys.count < Self.stride else { return keys.count }
        if try tree.count() == scan.count {
            progress.scan = nil
        } else {
            // Some rows are there no more: which, only a new tree tells.
            try tree.removeAll()
            progress = try beginning()
        }
        return keys.count
    }

    // MARK: - Following the log

    private mutating func follow(_ progress: inout RowTreeProgress) throws -> Int {
        guard try !context.log.holdsFolded(of: .data, after: progress.place.position) else {
            progress = try beginning()
            return try scan(&progress)
        }
        var keys: Set<RowKey> = []
        var count = 0
        try context.log.scanEntries(of: .data, after: progress.place.position) { stretch, segment, sequence in
            let author = try context.numbers.replica(stretch.replica, on: context.connection)
            let record = segment.record(sequence)
            progress.place = LogPlace(
                position: stretch.position(of: sequence),
                entry: ChangeReference(replica: author, sequence: sequence, prefix: record.prefix))
            count += 1
            // An entry without effect changed no row.
            if sequence > 0, !record.isQuarantined {
                let body = try context.body(of: sequence, in: segment)
                for operation in body.operations { keys.insert(RowKey(table: operation.table, row: operation.row)) }
                count += body.operations.count
            }
            return count < Self.stride
        }
        for key in keys.sorted() { try read(key) }
        return keys.count
    }
}

extension LogStore {
    /// Whether something after a position is held without its body, so that nothing tells which rows it changed.
    func holdsFolded(of kind: LogKind, after position: Int64) throws -> Bool {
        var isFound = false
        try scanStretches(of: kind, after: position) { stretch in
            let skipped = SequenceNumber(max(0, position + 1 - stretch.position))
            if skipped >= stretch.count { return true }
            try scanSegments(
                replica: stretch.replica, from: stretch.first + skipped, through: stretch.last
            ) { segment in
                isFound = segment.isFolded
                return !isFound
            }
            return !isFound
        }
        return isFound
    }
}

extension StoreContext {
    /// The digest of a row as it stands in the tables; nil when there is no such row.
    func digest(of key: RowKey) throws -> RowDigest? {
        do {
            guard let (state, _) = try rows.load(table: key.table, row: key.row) else { return nil }
            if try holdsDeferred(on: key) { return .notCompared }
            return RowDigest(of: try DigestBuilder(context: self).encoded(state, table: key.table, row: key.row))
        } catch let error as StoreError where error.code == .corrupted {
            // It differs from every row that can be read.
            return RowDigest(of: [])
        }
    }

    /// Whether effects on a row are kept that this program does not understand.
    private func holdsDeferred(on key: RowKey) throws -> Bool {
        try connection.statement("SELECT 1 FROM gemba_deferred WHERE tbl = ? AND row = ? LIMIT 1")
            .bind(1, Int64(key.table.rawValue)).bind(2, key.row).first { _ in true } ?? false
    }

    /// The next rows of all tables, sorted.
    func rowKeys(after last: RowKey?, atMost limit: Int) throws -> [RowKey] {
        var keys: [RowKey] = []
        for table in try RowSource.tables(self) where last.map({ $0.table <= table }) ?? true {
            let visible =
                environment.layouts[table].map { "SELECT id FROM \($0.quotedName) WHERE id > ?2 UNION ALL " } ?? ""
            let statement = try connection.statement(
                visible + "SELECT row AS id FROM gemba_hidden WHERE tbl = ?1 AND row > ?2 ORDER BY id LIMIT ?3")
            statement.bind(1, Int64(table.rawValue)).bind(3, limit - keys.count)
            // Before the first row is less than any id has.
            if let last, last.table == table { statement.bind(2, last.row) } else { statement.bind(2, [UInt8]()) }
            try statement.forEach { keys.append(RowKey(table: table, row: try $0.fixed(0))) }
            if keys.count == limit { break }
        }
        return keys
    }
}
