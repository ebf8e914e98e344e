public import GRDB
import GembaCRDT
public import GembaCausality
public import GembaWire

/// One change in the making: everything done through it becomes visible everywhere together, or not at all.
///
/// Not `Sendable`: valid only in the closure of ``Replica/write(by:because:_:)``. Each step shows in ``database`` at once.
public final class WriteTransaction {
    /// The connection, for plain SQL reads. Replicated tables must not be written through it.
    public let database: Database
    let context: StoreContext
    private(set) var builder: ChangeBuilder
    private let localDot: LocalDot
    private let makeRowID: () -> RowID

    init(context: StoreContext, dot: Dot, localDot: LocalDot, makeRowID: @escaping () -> RowID) {
        self.context = context
        self.localDot = localDot
        self.makeRowID = makeRowID
        database = context.connection.database
        builder = ChangeBuilder(dot: dot)
    }

    /// Reads rows with where they came from.
    public var reader: RowReader { RowReader(context) }

    /// A fresh id, greater than all that this process made before.
    public func newRowID() -> RowID { makeRowID() }

    // MARK: - Rows

    /// Inserts a row. Columns that are not given stay unwritten and show their defaults; the columns of one group are
    /// written together.
    ///
    /// - Throws: ``StoreError`` when a name is unknown, a value does not fit, or the id is taken.
    @discardableResult
    public func insert(into table: String, id: RowID? = nil, _ values: [String: Value]) throws -> RowID {
        let layout = try context.layout(named: table)
        let row = id ?? newRowID()
        let effects = try groupedValues(values, layout: layout, row: nil).map { index, values in
            let group = layout.groups[index]
            return Effect(
                group: group.id,
                content: group.merge == .fact ? .fact(values: values) : .register(replaces: [], values: values))
        }
        let operation = RowOperation(table: layout.table.id, row: row, verb: .insert, effects: effects)
        guard try context.rows.insert(.init(dot: localDot, operation: operation), into: layout) else {
            throw StoreError(.invalidOperation, "Table \(table) has a row \(row) already, or had one that was deleted.")
        }
        builder.add(insertion: operation)
        return row
    }

    /// Writes columns of a row that is there.
    ///
    /// - Parameter seen: what the writer had before it; nil stands for all that the replica holds.
    /// - Throws: ``StoreError`` when the row is missing, deleted or a fact.
    public func update(
        _ table: String, _ row: RowID, _ values: [String: Value], basedOn seen: VersionToken? = nil
    ) throws {
        let layout = try context.layout(named: table)
        let metadata = try visibleMetadata(of: row, in: layout)
        let state = metadata.state
        let effects = try groupedValues(values, layout: layout, row: row).map { index, values in
            let group = layout.groups[index]
            guard group.merge == .register else {
                throw StoreError(
                    .invalidOperation, "Table \(table) holds facts; they are stated once and never edited.")
            }
            let held = try globalNames(state.writes(GroupKey(group: group.id, family: .register)).names)
            // A row that this change inserts has no earlier writes, whatever the token says.
            let isNew = builder.operation(table: layout.table.id, row: row)?.verb == .insert
            let replaced = try isNew ? held : seen?.dots[group.id].map(checked) ?? held
            return Effect(group: group.id, content: .register(replaces: replaced, values: values))
        }
        try apply(edit(row, in: layout, state: state, effects: effects), metadata: metadata)
    }

    /// Deletes a row. An edit made elsewhere without knowledge of the deletion brings it back, and says so.
    public func delete(_ table: String, _ row: RowID) throws {
        let layout = try context.layout(named: table)
        let state = try visibleState(of: row, in: layout)
        guard !layout.table.holdsFacts else {
            throw StoreError(.invalidOperation, "Table \(table) holds facts; they are never deleted.")
        }
        let saw = try globalNames(state.presence.names)
        try apply(RowOperation(table: layout.table.id, row: row, verb: .delete, saw: saw))
    }

    /// Brings a deleted row back as it was.
    public func restore(_ table: String, _ row: RowID) throws {
        let layout = try context.layout(named: table)
        guard let (metadata, _) = try context.rows.metadata(table: layout.table.id, row: row),
            metadata.state.wasInserted
        else { throw missing(row, in: layout) }
        guard !metadata.state.presence.isAlive else { return }
        try apply(edit(row, in: layout, state: metadata.state, effects: []))
    }

    // MARK: - Sets

    /// Adds an element to a set column. It wins over a removal made elsewhere without knowledge of it.
    public func add(_ element: Value, to column: String, of row: RowID, in table: String) throws {
        try change(element, adds: true, column: column, row: row, table: table)
    }

    /// Removes an element from a set column; without effect when it is not there.
    public func remove(_ element: Value, from column: String, of row: RowID, in table: String) throws {
        try change(element, adds: false, column: column, row: row, table: table)
    }

    private func change(_ element: Value, adds: Bool, column: String, row: RowID, table: String) throws {
        guard element.isCanonical else { throw notCanonical(column) }
        let layout = try context.layout(named: table)
        let group = try group(ofColumn: column, merge: .set, in: layout)
        let state = try visibleState(of: row, in: layout)
        let saw = try globalNames(state.set(group.id).names(of: element))
        if !adds, saw.isEmpty { return }
        let operation = Effect.ElementOperation(element: element, adds: adds, saw: saw)
        try apply(
            edit(row, in: layout, state: state, effects: [Effect(group: group.id, content: .set([operation]))]))
    }

    // MARK: - Counters

    /// Adds to a counter column; at most 2^53 either way, and 0 does nothing.
    public func increment(_ column: String, of row: RowID, in table: String, by delta: Int64) throws {
        if delta == 0 { return }
        let layout = try context.layout(named: table)
        let group = try group(ofColumn: column, merge: .counter, in: layout)
        let state = try visibleState(of: row, in: layout)
        let bases = state.counter(group.id).bases
        if let own = bases[localDot] {
            let (sum, overflows) = own.value.addingReportingOverflow(delta)
            guard !overflows else { throw StoreError(.invalidValue, "Counter \(column) passes 64 bits.") }
            try setCounter(group, to: sum, row: row, layout: layout, state: state)
            return
        }
        let (total, overflows) = builder.increment(of: group.id, row: row, in: layout.table.id)
            .addingReportingOverflow(delta)
        guard !overflows, total.magnitude <= Effect.greatestIncrement.magnitude else {
            throw StoreError(.invalidValue, "Counter \(column) is changed by more than 2^53 in one write; split it.")
        }
        let content = Effect.Content.increment(bases: try globalNames(bases.names), delta: delta)
        try apply(edit(row, in: layout, state: state, effects: [Effect(group: group.id, content: content)]))
    }

    /// Sets a counter column, as after counting the stock. Increments made elsewhere without knowledge of it do not
    /// change the new count; they stay listed.
    public func setCounter(_ column: String, of row: RowID, in table: String, to value: Int64) throws {
        let layout = try context.layout(named: table)
        let group = try group(ofColumn: column, merge: .counter, in: layout)
        try setCounter(group, to: value, row: row, layout: layout, state: try visibleState(of: row, in: layout))
    }

    /// - Parameter seen: the bases to replace, of those that the replica holds; nil stands for all.
    func setCounter(
        _ group: Group, to value: Int64, row: RowID, layout: TableLayout, state: RowState<Nothing>,
        replacing seen: Set<LocalDot>? = nil
    ) throws {
        if builder.increment(of: group.id, row: row, in: layout.table.id) != 0 {
            throw StoreError(
                .invalidOperation, "A counter was incremented earlier in this write; set it first, then increment it.")
        }
        let counter = state.counter(group.id)
        // What this write set before stands for what that replaced: a change does not name itself.
        let replaced =
            counter.bases[localDot]?.observed
            ?? (counter.bases.isEmpty
                ? observedInitialZero(of: counter)
                : counter.bases.names.filter { seen?.contains($0) ?? true }.map {
                    .init(name: $0, sum: Int64(clamping: counter.sum(of: $0)))
                })
        let replaces = try replaced.map { Effect.ObservedBase(dot: try global($0.name), sum: $0.sum) }
        let content = Effect.Content.base(replaces: replaces.sorted { $0.dot < $1.dot }, value: value)
        try apply(edit(row, in: layout, state: state, effects: [Effect(group: group.id, content: content)]))
    }

    /// What a first base has seen of the increments before it. Number 0 of the own log stands for the initial zero.
    private func observedInitialZero(of counter: Counter<LocalDot>) -> [Counter<LocalDot>.Observed] {
        if counter.initialSum == 0 { return [] }
        let initialZero = LocalDot(replica: localDot.replica, sequence: 0)
        return [.init(name: initialZero, sum: Int64(clamping: counter.initialSum))]
    }

    // MARK: - Applying

    private func edit(
        _ row: RowID, in layout: TableLayout, state: RowState<Nothing>, effects: [Effect]
    ) throws -> RowOperation {
        RowOperation(
            table: layout.table.id, row: row, verb: .edit, saw: try globalNames(state.presence.names),
            effects: effects.sorted { $0.group < $1.group })
    }

    func apply(_ step: RowOperation, metadata: RowMetadata? = nil) throws {
        if builder.add(step) {
            try context.rows.merge(
                [.init(dot: localDot, operation: step)], table: step.table, row: step.row, metadata: metadata)
        } else {
            try context.rows.erase(table: step.table, row: step.row)
        }
    }

    // MARK: - Checks

    func visibleState(of row: RowID, in layout: TableLayout) throws -> RowState<Nothing> {
        try visibleMetadata(of: row, in: layout).state
    }

    private func visibleMetadata(of row: RowID, in layout: TableLayout) throws -> RowMetadata {
        guard let (metadata, isVisible) = try context.rows.metadata(table: layout.table.id, row: row) else {
            throw missing(row, in: layout)
        }
        guard isVisible else {
            throw StoreError(
                .invalidOperation, "Row \(row) of table \(layout.table.name) is deleted; restore it before editing it.")
        }
        return metadata
    }

    private func missing(_ row: RowID, in layout: TableLayout) -> StoreError {
        StoreError(.unknownName, "Table \(layout.table.name) has no row \(row).")
    }

    private func notCanonical(_ column: String) -> StoreError {
        StoreError(
            .invalidValue,
            "The value for \(column) cannot be stored: text holds no U+0000, a number is finite and not -0.")
    }

    private func group(ofColumn column: String, merge: Group.Merge, in layout: TableLayout) throws -> Group {
        guard let place = layout.place(ofColumn: column) else {
            throw context.unknownColumn(column, in: layout.table.name)
        }
        let group = layout.groups[place.group]
        guard group.merge == merge else {
            throw StoreError(.invalidOperation, "Column \(column) of table \(layout.table.name) is not a \(merge).")
        }
        return group
    }

    /// The values given, completed to whole groups, by the groups' places in the layout.
    private func groupedValues(
        _ values: [String: Value], layout: TableLayout, row: RowID?
    ) throws -> [(Int, [Value])] {
        var given = [Value?](repeating: nil, count: layout.columns.count)
        for (name, value) in values {
            guard let place = layout.place(ofColumn: name) else {
                throw context.unknownColumn(name, in: layout.table.name)
            }
            let group = layout.groups[place.group]
            guard group.merge == .register || group.merge == .fact else {
                throw StoreError(.invalidOperation, "Column \(name) is a \(group.merge); use the calls made for it.")
            }
            guard value.isCanonical else { throw notCanonical(name) }
            guard layout.accepts(value, column: place.column) else {
                throw StoreError(
                    .invalidValue, "The value for \(name) does not fit: it takes \(layout.columns[place.column].kind).")
            }
            given[place.column] = value
        }
        var result: [(Int, [Value])] = []
        result.reserveCapacity(layout.groups.count)
        for (index, range) in layout.ranges.enumerated() {
            let count = given[range].count { $0 != nil }
            if count == 0 { continue }
            let isWhole = count == range.count
            let current = try isWhole ? nil : row.flatMap { try currentValues(group: index, row: $0, layout: layout) }
            result.append(
                (
                    index,
                    range.map { column in
                        given[column] ?? current?[column - range.lowerBound] ?? layout.columns[column].defaultValue
                    }
                ))
        }
        return result
    }

    private func currentValues(group index: Int, row: RowID, layout: TableLayout) throws -> [Value]? {
        try context.connection.statement(layout.selectRow).bind(1, row).first { statement in
            layout.ranges[index].map { statement.value(Int32($0 + 1)) }
        }
    }

    /// The dots of a version token, which must come from this database.
    private func checked(_ dots: [Dot]) throws -> [Dot] {
        for dot in dots {
            guard let local = try context.localIfHeld(dot), try local == localDot || isHeld(local) else {
                throw StoreError(
                    .invalidOperation, "The version token was not taken from this replica; read the row again.")
            }
        }
        return dots.filter { $0 != builder.dot }.sorted()
    }

    private func isHeld(_ dot: LocalDot) throws -> Bool {
        try context.log.holds(dot)
    }

    private func global(_ dot: LocalDot) throws -> Dot {
        try context.numbers.global(dot, on: context.connection)
    }

    func globalNames(_ dots: [LocalDot]) throws -> [Dot] {
        try dots.map(global).sorted()
    }
}

extension ChangeBuilder {
    /// By how much the change increments a counter so far.
    mutating func increment(of group: GroupID, row: RowID, in table: TableID) -> Int64 {
        let effect = operation(table: table, row: row)?.effects.first { $0.group == group }
        if case .increment(_, let delta) = effect?.content { return delta }
        return 0
    }
}

extension RowReader {
    /// What a reader of the row sees now, to pass with a later update.
    public func version(of row: RowID, in table: String) throws -> VersionToken {
        let layout = try context.layout(named: table)
        guard let found = try context.rows.metadata(table: layout.table.id, row: row) else {
            return VersionToken(dots: [:])
        }
        var dots: [GroupID: [Dot]] = [:]
        for (key, state) in found.metadata.state.groups where key.family == .register {
            dots[key.group] = try state.names.map { try context.numbers.global($0, on: context.connection) }.sorted()
        }
        return VersionToken(dots: dots)
    }
}
