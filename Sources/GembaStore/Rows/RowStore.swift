import GRDB
import GembaCRDT
import GembaCausality
import GembaWire

/// Merges operations into rows and keeps the SQL tables a projection of the merge state.
///
/// A visible row of a known table stands in that table: settled values in its columns, everything else that merging
/// needs in `gemba_meta`. All other rows (of unknown tables, deleted ones, orphans) stand in `gemba_hidden`. Values that no
/// column can hold (siblings, unknown groups, values that do not fit) stand in `gemba_sibling`.
///
/// Belongs to one write transaction at a time.
final class RowStore {
    let connection: Connection
    let numbers: ReplicaNumbers
    private let log: LogStore
    private let history: CausalHistory
    /// Whether the author of a change has the right to drop rows.
    let mayDrop: (LocalDot) throws -> Bool
    let layouts: [TableID: TableLayout]
    let calibration: StoreCalibration
    /// The tables whose projection the transaction changed, with the changed rows of those from which others are derived.
    private(set) var changedRows: [TableID: Set<RowID>] = [:]
    private let derivedFrom: Set<TableID>
    /// The rows about which something waits for a person, or did before this transaction.
    private(set) var contestedRows: [TableID: Set<RowID>] = [:]
    /// The table that was changed last, if no other is derived from it.
    private var lastUnderived: TableID?
    /// Settles rows inside the statements that update them.
    let settler: RowSettler
    /// The change being written, whose timestamp is not in the log yet.
    var pending: (dot: LocalDot, timestamp: HybridTimestamp)?
    private var lastLayout: TableLayout?
    private var tablesWithHiddenRows: [TableID: Bool] = [:]
    /// The table that was last found to have no hidden rows.
    private var lastWithoutHidden: TableID?
    /// What the row that was inserted before got.
    var freshMetadata = FreshMetadata()
    /// The columns that the update at hand writes, in ascending order, and what it writes there.
    var places: [Int] = []
    var written: [EncodedValue] = []

    init(
        connection: Connection, numbers: ReplicaNumbers, log: LogStore, history: CausalHistory,
        environment: StoreEnvironment, mayDrop: @escaping (LocalDot) throws -> Bool
    ) {
        self.connection = connection
        self.numbers = numbers
        self.log = log
        self.history = history
        self.mayDrop = mayDrop
        settler = connection.settler
        layouts = environment.layouts
        derivedFrom = environment.derivedFrom
        calibration = environment.sources.calibration
    }

    /// One operation with the dot of its change.
    struct Dotted {
        var dot: LocalDot
        var operation: RowOperation
    }

    /// Applies operations on one row in whatever state, in causal order.
    func merge(_ operations: [Dotted], table: TableID, row: RowID) throws {
        if layouts[table] != nil { noteChange(of: row, in: table) }
        var (state, _) = try load(table: table, row: row) ?? (RowState<[Value]>(), false)
        let wasContested = isContested(state, table: table)
        for dotted in operations {
            let unknown = try state.apply(dotted.operation, as: dotted.dot, knowing: self, payload: { $0 })
            if state.drops.contains(dotted.dot) { try removeDeferred(table: table, row: row) }
            for effect in unknown { try deferEffect(effect, table: table, row: row, dot: dotted.dot) }
        }
        if calibration.contains(.losesSiblings) { state.loseSiblings() }
        if wasContested || isContested(state, table: table) { noteContest(over: row, in: table) }
        try save(state, table: table, row: row)
    }

    func isContested(_ state: RowState<[Value]>, table: TableID) -> Bool {
        layouts[table].map { state.isContested(in: $0) } ?? false
    }

    /// Has the lines about a row in the table `conflict` written anew when the transaction ends.
    func noteContest(over row: RowID, in table: TableID) { contestedRows[table, default: []].insert(row) }

    /// Shows a row anew, after what the schema says of its table changed.
    func project(table: TableID, row: RowID) throws {
        guard let (state, _) = try load(table: table, row: row) else { return }
        noteChange(of: row, in: table)
        if isContested(state, table: table) { noteContest(over: row, in: table) }
        try save(state, table: table, row: row)
    }

    /// Removes a row without a trace: it was inserted and deleted by one change.
    func erase(table: TableID, row: RowID) throws {
        if let layout = layouts[table] { try connection.statement(layout.delete).bind(1, row).run() }
        try removeOutside(table: table, row: row)
    }

    /// The layout of a table. Most operations are on the same one as the operation before.
    func layout(of table: TableID) -> TableLayout? {
        if let lastLayout, lastLayout.table.id == table { return lastLayout }
        lastLayout = layouts[table]
        return lastLayout
    }

    func noteChange(of row: RowID, in table: TableID) {
        if lastUnderived == table { return }
        if derivedFrom.contains(table) {
            changedRows[table, default: []].insert(row)
        } else {
            if changedRows[table] == nil { changedRows[table] = [] }
            lastUnderived = table
        }
    }

    func local(_ dot: Dot) throws -> LocalDot { try numbers.local(dot, on: connection) }

    func global(_ dot: LocalDot) throws -> Dot { try numbers.global(dot, on: connection) }

    /// Whether the author of a change had seen all of some others.
    func hasSeen(_ earlier: [LocalDot], by dot: LocalDot) throws -> Bool {
        // A change that is being made has seen all that is held.
        if earlier.isEmpty || pending?.dot == dot || calibration.contains(.editsDroppedRows) { return true }
        return try earlier.allSatisfy { try history.hasSeen($0, by: dot) }
    }

    func isHidden(_ row: RowID, table: TableID) throws -> Bool {
        if lastWithoutHidden == table { return false }
        if tablesWithHiddenRows[table] == nil {
            let statement = try connection.statement("SELECT 1 FROM gemba_hidden WHERE tbl = ? LIMIT 1")
            tablesWithHiddenRows[table] = try statement.bind(1, Int64(table.rawValue)).first { _ in true } ?? false
        }
        guard tablesWithHiddenRows[table] == true else {
            lastWithoutHidden = table
            return false
        }
        let statement = try connection.statement("SELECT 1 FROM gemba_hidden WHERE tbl = ? AND row = ?")
        return try statement.bind(1, Int64(table.rawValue)).bind(2, row).first { _ in true } ?? false
    }

    // MARK: - Loading

    /// The metadata of a row wherever it stands, without the values of registers.
    func metadata(table: TableID, row: RowID) throws -> (metadata: RowMetadata, isVisible: Bool)? {
        if let layout = layouts[table], let found = try visibleMetadata(of: row, in: layout) { return (found, true) }
        let statement = try connection.statement("SELECT meta FROM gemba_hidden WHERE tbl = ? AND row = ?")
        return try statement.bind(1, Int64(table.rawValue)).bind(2, row)
            .first { (try decodeMetadata(in: $0, at: 0), false) }
    }

    private func visibleMetadata(of row: RowID, in layout: TableLayout) throws -> RowMetadata? {
        try connection.statement(layout.selectMetadata).bind(1, row).first { try decodeMetadata(in: $0, at: 0) }
    }

    func decodeMetadata(in statement: Statement, at column: Int32) throws -> RowMetadata {
        try statement.withBytes(column) { bytes in Result { try RowMetadata(decoding: bytes) } }.get()
    }

    /// The whole merge state of a row, or nil when nothing is known of it.
    func load(table: TableID, row: RowID) throws -> (state: RowState<[Value]>, isVisible: Bool)? {
        if let layout = layouts[table] {
            let statement = try connection.statement(layout.selectRow)
            if let state = try statement.bind(1, row).first({ try visibleState($0, layout: layout, row: row) }) {
                return (state, true)
            }
        }
        guard let (metadata, _) = try metadata(table: table, row: row) else { return nil }
        return (try state(of: metadata, table: table, row: row, inline: { _ in nil }), false)
    }

    /// The merge state of a hidden row whose metadata stands in a column of the row that a statement stands on.
    func hiddenState(_ statement: Statement, at column: Int32, table: TableID, row: RowID) throws -> RowState<[Value]> {
        try state(of: decodeMetadata(in: statement, at: column), table: table, row: row, inline: { _ in nil })
    }

    /// The merge state of a row that a statement with ``TableLayout/allColumns`` stands on.
    func visibleState(_ statement: Statement, layout: TableLayout, row: RowID) throws -> RowState<[Value]> {
        let last = Int32(layout.columns.count + 1)
        let metadata = try decodeMetadata(in: statement, at: last)
        return try state(of: metadata, table: layout.table.id, row: row) { key in
            guard !metadata.outside.contains(key), let index = layout.index(of: key.group) else { return nil }
            return layout.ranges[index].map { statement.value(Int32($0 + 1)) }
        }
    }

    private func state(
        of metadata: RowMetadata, table: TableID, row: RowID, inline: (GroupKey) -> [Value]?
    ) throws -> RowState<[Value]> {
        var result = RowState<[Value]>(
            presence: metadata.state.presence, wasInserted: metadata.state.wasInserted, drops: metadata.state.drops)
        var outside: [OutsideKey: [Value]]?
        for (key, group) in metadata.state.groups {
            switch group {
            case .set(let set): result.groups[key] = .set(set)
            case .counter(let counter): result.groups[key] = .counter(counter)
            case .text(let text):
                var shown: String?
                if case .text(let content) = inline(key)?.first { shown = content }
                result.groups[key] = .text(try loadText(text, key, table: table, row: row, shown: shown))
            case .writes(let writes):
                if let values = inline(key), let name = writes.names.first {
                    result.groups[key] = .writes(.init(name: name, payload: values))
                    continue
                }
                let stored = try outside ?? outsideValues(table: table, row: row)
                outside = stored
                let full = try writes.writes.map { write in
                    guard let values = stored[OutsideKey(key: key, dot: write.name)] else {
                        throw StoreError(.corrupted, "A sibling value of row \(row) is missing; run `gemba verify`.")
                    }
                    return RowState<[Value]>.Writes.Write(name: write.name, payload: values)
                }
                result.groups[key] = .writes(.init(writes: full))
            }
        }
        return result
    }

    private struct OutsideKey: Hashable {
        var key: GroupKey
        var dot: LocalDot
    }

    private func outsideValues(table: TableID, row: RowID) throws -> [OutsideKey: [Value]] {
        var values: [OutsideKey: [Value]] = [:]
        let statement = try connection.statement(
            "SELECT grp, replica, sequence, content FROM gemba_sibling WHERE tbl = ? AND row = ?")
        try statement.bind(1, Int64(table.rawValue)).bind(2, row).forEach { statement in
            let content = try SiblingContent(decoding: statement.bytes(3))
            let key = GroupKey(
                group: GroupID(rawValue: UInt32(truncatingIfNeeded: statement.int(0))), family: content.family)
            let dot = LocalDot(replica: statement.int(1), sequence: statement.unsigned(2))
            values[OutsideKey(key: key, dot: dot)] = content.values
        }
        return values
    }

    // MARK: - Saving

    /// Writes a row's state to where it belongs, in place of whatever stood there.
    func save(_ state: RowState<[Value]>, table: TableID, row: RowID) throws {
        try removeOutside(table: table, row: row)
        if !state.isVisible, let layout = layouts[table] {
            try connection.statement(layout.delete).bind(1, row).run()
        }
        try insert(state, table: table, row: row)
    }

    /// Writes the state of a row that stands nowhere yet.
    func insert(_ state: RowState<[Value]>, table: TableID, row: RowID) throws {
        var state = state
        var outside: Set<GroupKey> = []
        let visible = state.isVisible ? layouts[table] : nil
        for (key, group) in state.groups {
            if case .text(let text) = group {
                let settled = try text.settled(local: local)
                state.groups[key] = .text(settled)
                if try saveText(settled, key, table: table, row: row, visible: visible) { outside.insert(key) }
                continue
            }
            guard case .writes(let writes) = group else { continue }
            if let visible, writes.writes.count == 1, let index = visible.index(of: key.group),
                visible.fits(writes.writes[0].payload, group: index, family: key.family)
            {
                continue
            }
            outside.insert(key)
            for write in writes.writes {
                let content = SiblingContent(family: key.family, values: write.payload).encoded()
                try connection.statement(
                    "INSERT INTO gemba_sibling (tbl, row, grp, replica, sequence, content) VALUES (?, ?, ?, ?, ?, ?)"
                )
                .bind(1, Int64(table.rawValue)).bind(2, row).bind(3, Int64(key.group.rawValue))
                .bind(4, write.name.replica).bind(5, write.name.sequence).bind(6, content).run()
            }
        }
        let metadata = RowMetadata(state: state.dotsOnly, outside: outside).encoded()
        if let visible {
            try project(state, metadata: metadata, layout: visible, row: row)
        } else {
            try connection.statement("INSERT INTO gemba_hidden (tbl, row, meta) VALUES (?, ?, ?)")
                .bind(1, Int64(table.rawValue)).bind(2, row).bind(3, metadata).run()
            tablesWithHiddenRows[table] = true
            lastWithoutHidden = nil
        }
    }

    private func removeOutside(table: TableID, row: RowID) throws {
        for name in ["gemba_sibling", "gemba_hidden", "gemba_text"] {
            try connection.statement("DELETE FROM \(name) WHERE tbl = ? AND row = ?")
                .bind(1, Int64(table.rawValue)).bind(2, row).run()
        }
    }

    private func project(
        _ state: RowState<[Value]>, metadata: [UInt8], layout: TableLayout, row: RowID
    ) throws {
        let statement = try connection.statement(layout.replace)
        statement.bind(1, row)
        for (index, group) in layout.groups.enumerated() {
            let shown = try shownValues(of: group, at: index, in: state, layout: layout)
            for (place, value) in zip(layout.ranges[index], shown) { statement.bind(Int32(place + 2), value) }
        }
        statement.bind(Int32(layout.columns.count + 2), metadata)
        try statement.run()
    }

    // MARK: - Shown values

    /// What readers see of a state, by column name.
    func shownValues(of state: RowState<[Value]>, layout: TableLayout) throws -> [String: Value] {
        var values: [String: Value] = [:]
        for (index, group) in layout.groups.enumerated() {
            let shown = try shownValues(of: group, at: index, in: state, layout: layout)
            for (column, value) in zip(group.columns, shown) { values[column.name] = value }
        }
        return values
    }

    private func shownValues(
        of group: Group, at index: Int, in state: RowState<[Value]>, layout: TableLayout
    ) throws -> [Value] {
        switch group.merge {
        case .set: return [.text(JSON.array(state.set(group.id).sortedByEncoding.map(\.element)))]
        case .text: return [.text(state.text(group.id)?.text ?? "")]
        case .counter:
            let counter = state.counter(group.id)
            let base = try shownBase(of: counter, by: layout.orders[index])?.name
            return [.integer(counter.value(over: base))]
        case .register, .fact:
            let writes = state.writes(GroupKey(group: group.id, family: MergeFamily(group.merge)))
            guard let write = try shown(writes, by: layout.orders[index]),
                layout.fits(write.payload, group: index, family: MergeFamily(group.merge))
            else { return group.columns.map(\.defaultValue) }
            return write.payload
        }
    }

    /// The sibling that readers see.
    func shown(
        _ writes: DotFunction<LocalDot, [Value]>, by order: SiblingOrder
    ) throws -> DotFunction<LocalDot, [Value]>.Write? {
        try shown(writes, by: order, values: { $0 })
    }

    /// The base that readers see a counter on.
    func shownBase(
        of counter: Counter<LocalDot>, by order: SiblingOrder
    ) throws -> DotFunction<LocalDot, Counter<LocalDot>.Base>.Write? {
        try shown(counter.bases, by: order, values: { [.integer($0.value)] })
    }

    private func shown<Payload>(
        _ writes: DotFunction<LocalDot, Payload>, by order: SiblingOrder, values: (Payload) -> [Value]
    ) throws -> DotFunction<LocalDot, Payload>.Write? {
        if writes.writes.count < 2 { return writes.writes.first }
        if calibration.contains(.showsLatestArrival) { return writes.writes.last }
        var ranks: [LocalDot: ShownRank] = [:]
        for write in writes.writes {
            ranks[write.name] = try rank(of: write.name, order.rank(of: values(write.payload)))
        }
        return writes.shown(
            rankedBy: { ranks[$0.name] },
            ascending: { left, right in
                guard let left, let right else { return false }
                if case .first = order { return right < left }
                return left < right
            })
    }

    private func rank(of dot: LocalDot, _ declared: Int64) throws -> ShownRank {
        let timestamp: HybridTimestamp
        if let pending, pending.dot == dot {
            timestamp = pending.timestamp
        } else {
            timestamp = try log.record(of: dot)?.timestamp ?? HybridTimestamp(rawValue: 0)
        }
        return ShownRank(
            declared: declared, timestamp: timestamp, replica: try log.author(of: dot.replica),
            sequence: dot.sequence, prefix: try orderingPrefix(of: dot))
    }

    /// What decides between changes with one number in one log; nil where the log is not forked.
    private func orderingPrefix(of dot: LocalDot) throws -> HashPrefix? {
        guard try log.branches().isForked(dot.replica) else { return nil }
        return try log.record(of: dot)?.prefix
    }

    /// The order of the changes of several authors where it decides what readers see: by the ids in their headers. Between
    /// branches of one log, numbers and hashes decide, which stay when branches get other names.
    func dotsAscend() throws -> (Dot, Dot) -> Bool {
        if try log.branches().isEmpty { return { $0.replica < $1.replica } }
        return { [self] left, right in
            guard let (left, right) = try? (local(left), local(right)),
                let ids = try? (log.author(of: left.replica), log.author(of: right.replica))
            else { return left < right }
            if ids.0 != ids.1 { return ids.0 < ids.1 }
            if left.sequence != right.sequence { return left.sequence < right.sequence }
            let prefixes = try? (log.record(of: left)?.prefix, log.record(of: right)?.prefix)
            return ShownRank.ascend(prefixes?.0, prefixes?.1)
        }
    }

    private struct ShownRank: Comparable {
        /// What the group's rule says; equal for all where it says nothing.
        var declared: Int64
        var timestamp: HybridTimestamp
        var replica: ReplicaID
        /// Decides between two writes of one replica, of which the later did not replace the earlier.
        var sequence: SequenceNumber
        /// Decides between the halves of a forked log.
        var prefix: HashPrefix?

        static func < (left: Self, right: Self) -> Bool {
            let lefts = (left.declared, left.timestamp, left.replica, left.sequence)
            let rights = (right.declared, right.timestamp, right.replica, right.sequence)
            return lefts == rights ? ascend(left.prefix, right.prefix) : lefts < rights
        }

        /// A change that is being written has no hash yet, and no other beside it.
        static func ascend(_ left: HashPrefix?, _ right: HashPrefix?) -> Bool {
            guard let left, let right else { return false }
            return left < right
        }
    }

    // MARK: - Effects of unknown kinds

    private func deferEffect(_ effect: Effect, table: TableID, row: RowID, dot: LocalDot) throws {
        let encoded: [UInt8]
        switch effect.content {
        case .unknown(_, let bytes): encoded = bytes
        case .drop: encoded = Effect.encodedDrop
        default: return
        }
        try connection.statement(
            "INSERT OR REPLACE INTO gemba_deferred (tbl, row, grp, replica, sequence, effect) VALUES (?, ?, ?, ?, ?, ?)"
        )
        .bind(1, Int64(table.rawValue)).bind(2, row).bind(3, Int64(effect.group.rawValue))
        .bind(4, dot.replica).bind(5, dot.sequence).bind(6, encoded).run()
    }

    private func removeDeferred(table: TableID, row: RowID) throws {
        try connection.statement("DELETE FROM gemba_deferred WHERE tbl = ? AND row = ?")
            .bind(1, Int64(table.rawValue)).bind(2, row).run()
    }
}
