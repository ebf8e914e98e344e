import GembaCRDT
import GembaCausality
import GembaTrust
public import GembaWire

/// What dropping deleted rows would do now, and what keeps it from doing more.
public struct DropPlan: Sendable {
    /// How many rows would be dropped.
    public var rows: UInt64 = 0
    /// About how many bytes of merge state they take on each replica, beyond the few that stay.
    public var bytes: UInt64 = 0
    /// How many deleted rows are held with their merge state, those that would be dropped included.
    public var deletedRows: UInt64 = 0
    /// How many rows were dropped before.
    public var droppedRows: UInt64 = 0
    /// Why there is not more, the most effective reason first.
    public var obstacles: [Obstacle] = []

    /// Something that holds dropping back.
    public enum Obstacle: Sendable {
        /// A member has not acknowledged the deletion of so many rows; when it last wrote, in milliseconds since 1970.
        case unacknowledged(by: StationKey, rows: UInt64, lastWrite: UInt64?)
        /// So many rows were deleted later than the policy drops.
        case recent(rows: UInt64)
    }

    mutating func add(_ part: DropPlan) {
        rows += part.rows
        bytes += part.bytes
    }
}

/// Finds the rows that may be dropped: every presence write that stands is a deletion, stable and old.
///
/// What is stable every active member has acknowledged (M16), so whatever one of them does to such a row from now on, it does
/// in knowledge of the deletion. Linear in hidden rows.
struct DropPlanner {
    let context: StoreContext
    /// Rows deleted after this time stay, by the deleters' clocks, in milliseconds since 1970.
    let newest: UInt64
    private let stable: StableCut

    init(context: StoreContext, newest: UInt64) throws {
        (self.context, self.newest) = (context, newest)
        stable = try StableCut(context, without: [])
    }

    /// A row and the deletions of it that stand.
    struct Candidate {
        var table: TableID
        var row: RowID
        var marks: [LocalDot]
    }

    /// Counts all rows.
    func plan() throws -> DropPlan {
        var plan = DropPlan()
        var recent: UInt64 = 0
        var waiting: [StationKey: UInt64] = [:]
        try forEachHidden(after: nil) { table, row, metadata, bytes in
            let state = metadata.state
            if state.isDropped, !state.presence.isAlive { plan.droppedRows += 1 }
            guard Self.isDeleted(state) else { return true }
            plan.deletedRows += 1
            let marks = state.presence.names
            if !isStable(marks) {
                for (station, known) in stable.acknowledged where !marks.allSatisfy({ Self.covers(known, $0) }) {
                    waiting[station, default: 0] += 1
                }
            } else if try !isOld(marks) {
                recent += 1
            } else {
                plan.rows += 1
                plan.bytes += try size(of: row, in: table, metadata: bytes)
            }
            return true
        }
        let lastWrites = Dictionary(stable.laggards.map { ($0.station, $0.lastWrite) }) { first, _ in first }
        plan.obstacles = waiting.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map {
            .unacknowledged(by: $0.key, rows: $0.value, lastWrite: lastWrites[$0.key] ?? nil)
        }
        if recent > 0 { plan.obstacles.append(.recent(rows: recent)) }
        return plan
    }

    /// The next rows that may be dropped, sorted by table and id, and what they take.
    func candidates(after last: Candidate?, atMost count: Int) throws -> (rows: [Candidate], plan: DropPlan) {
        var found: [Candidate] = []
        var plan = DropPlan()
        try forEachHidden(after: last) { table, row, metadata, bytes in
            let marks = metadata.state.presence.names
            guard Self.isDeleted(metadata.state), isStable(marks), try isOld(marks) else { return true }
            found.append(Candidate(table: table, row: row, marks: marks))
            plan.rows += 1
            plan.bytes += try size(of: row, in: table, metadata: bytes)
            return found.count < count
        }
        return (found, plan)
    }

    /// Up to where the logs that deleted these rows are stable.
    func cut(of rows: [Candidate]) throws -> [ChangeReference] {
        let logs = Set(rows.flatMap(\.marks).map(\.replica))
        return try context.references(
            to: logs.map { LocalDot(replica: $0, sequence: (stable.counts[$0] ?? 1) - 1) })
    }

    // MARK: - Rows

    /// Whether there is merge state that only a deletion keeps from being shown.
    private static func isDeleted(_ state: RowState<Nothing>) -> Bool {
        !state.presence.isEmpty && !state.presence.isAlive && (state.wasInserted || !state.groups.isEmpty)
    }

    private static func covers(_ known: [Int64: SequenceNumber], _ dot: LocalDot) -> Bool {
        known[dot.replica].map { dot.sequence < $0 } ?? false
    }

    private func isStable(_ marks: [LocalDot]) -> Bool { marks.allSatisfy { Self.covers(stable.counts, $0) } }

    private func isOld(_ marks: [LocalDot]) throws -> Bool {
        try marks.allSatisfy { try context.log.record(of: $0).map { $0.timestamp.milliseconds <= newest } ?? false }
    }

    /// Calls `body` with each row that no table shows, until it returns false.
    private func forEachHidden(
        after last: Candidate?, _ body: (TableID, RowID, RowMetadata, _ bytes: Int) throws -> Bool
    ) throws {
        let statement = try context.connection.statement(
            "SELECT tbl, row, meta, length(meta) FROM gemba_hidden WHERE (tbl, row) > (?, ?) ORDER BY tbl, row")
        statement.bind(1, last.map { Int64($0.table.rawValue) } ?? -1)
        statement.bind(2, last?.row ?? RowID(rawValue: 0))
        try statement.scan { line in
            let table = TableID(rawValue: UInt32(truncatingIfNeeded: line.int(0)))
            return try body(
                table, try line.fixed(1), try context.rows.decodeMetadata(in: line, at: 2), Int(line.int(3)))
        }
    }

    /// What goes of a row: its metadata but for what stays, and what stands beside it.
    private func size(of row: RowID, in table: TableID, metadata: Int) throws -> UInt64 {
        let statement = try context.connection.statement(
            """
            SELECT (SELECT coalesce(sum(length(content) + 24), 0) FROM gemba_sibling WHERE tbl = ?1 AND row = ?2)
                + (SELECT coalesce(sum(length(content) + 20), 0) FROM gemba_text WHERE tbl = ?1 AND row = ?2)
                + (SELECT coalesce(sum(length(effect) + 24), 0) FROM gemba_deferred WHERE tbl = ?1 AND row = ?2)
            """)
        let beside = try statement.bind(1, Int64(table.rawValue)).bind(2, row).first { Int($0.int(0)) } ?? 0
        return UInt64(max(0, metadata - Self.rest) + beside)
    }

    /// The metadata of a dropped row.
    private static let rest = 16
}
