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
    var builder: ChangeBuilder
    let localDot: LocalDot
    private let rows: RowStore
    private var lastLayout: TableLayout?
    /// What the insertion before wrote.
    private var lastInsert: InsertForm?
    /// What the update before wrote.
    private var lastUpdate: UpdateForm?
    /// The values of the update at hand encoded, and where each ends.
    private var encodedValues = CBOREncoder()
    private var ends: [Int] = []
    private let makeRowID: () -> RowID
    /// The texts that this change edits so far.
    var textDrafts: [TextDraft.Place: TextDraft] = [:]
    /// Up to where everything is stable, in a change that drops rows.
    var cut: [ChangeReference] = []
    /// Dropped rows that this change inserts, as they were before.
    private var dropped: [RowKey: RowState<[Value]>] = [:]
    /// Whether a change is made although nothing is done: it says what this station holds.
    var acknowledges = false

    init(context: StoreContext, dot: Dot, localDot: LocalDot, makeRowID: @escaping () -> RowID) {
        self.context = context
        self.localDot = localDot
        rows = context.rows
        self.makeRowID = makeRowID
        database = context.connection.database
        builder = ChangeBuilder(dot: dot, room: context.takeRoom())
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
        let layout = try layout(named: table)
        let given = try values.map { (place: try place(of: $0.key, in: layout), value: $0.value) }
        let row = id ?? newRowID()
        try insert(given.sorted { $0.place < $1.place }, as: row, into: layout)
        return row
    }

    /// Inserts many rows of which the same columns are written; others stay unwritten, as with ``insert(into:id:_:)``.
    ///
    /// - Throws: ``StoreError`` when a name is unknown or given twice.
    public func inserter(into table: String, columns: [String]) throws -> RowInserter {
        let layout = try layout(named: table)
        return RowInserter(of: try places(of: columns, in: layout), in: layout, by: self)
    }

    /// The places of columns among the table's, each named once.
    private func places(of columns: [String], in layout: TableLayout) throws -> [Int] {
        let places = try columns.map { try place(of: $0, in: layout) }
        guard Set(places).count == places.count else {
            throw StoreError(.invalidOperation, "A column of table \(layout.table.name) is given twice.")
        }
        return places
    }

    /// Inserts a row with values by place among the table's columns, in ascending order.
    ///
    /// - Parameter others: what is done to its sets and counters.
    func insert(
        _ values: [(place: Int, value: Value)], others: [Effect] = [], as row: RowID, into layout: TableLayout
    ) throws {
        let places = values.map { $0.place }
        let form: InsertForm
        if let lastInsert, lastInsert.layout === layout, lastInsert.places == places {
            form = lastInsert
        } else {
            form = InsertForm(of: places, in: layout)
            lastInsert = form
        }
        try insert(values.map { $0.value }, others: others, as: row, by: form)
    }

    func insert(_ values: [Value], others: [Effect] = [], as row: RowID, by form: InsertForm) throws {
        if others.isEmpty, let family = form.family, try insertPlain(values, as: row, by: form, family) { return }
        try insertMixed(values, others: others, as: row, by: form)
    }

    /// Inserts a row of registers, or one of facts, writing each value to the change and to the statement in one pass.
    ///
    /// - Returns: false, with nothing done, when a value does not fit or a row of that id is or was there.
    private func insertPlain(
        _ values: [Value], as row: RowID, by form: InsertForm, _ family: MergeFamily
    ) throws -> Bool {
        let capacity = values.reduce(form.greatestRest) { $0 + $1.greatestEncodedCount }
        return try builder.add(insertionOf: row, into: form.layout.table.id, atMost: capacity) { writer in
            try rows.insert(row, values, by: form, family, as: localDot, writing: &writer)
        }
    }

    /// Inserts a row in whatever way it takes.
    private func insertMixed(_ values: [Value], others: [Effect], as row: RowID, by form: InsertForm) throws {
        let layout = form.layout
        for (place, value) in zip(form.places, values) { try check(value, column: place, layout) }
        if let (state, _) = try context.rows.load(table: layout.table.id, row: row) {
            guard state.isDropped else { throw taken(row, in: layout) }
            dropped[RowKey(table: layout.table.id, row: row)] = state
        }
        var whole = layout.defaults
        for (place, value) in zip(form.places, values) { whole[place] = value }
        let effects = form.groups.compactMap { id -> Effect? in
            guard let index = layout.index(of: id) else { return nil }
            let (group, written) = (layout.groups[index], Array(whole[layout.ranges[index]]))
            switch group.merge {
            case .fact: return Effect(group: group.id, content: .fact(values: written))
            // Text that is empty is text that nobody wrote.
            case .text: return written == [.text("")] ? nil : insertion(of: written, as: group)
            default: return Effect(group: group.id, content: .register(replaces: [], values: written))
            }
        }
        let all = (effects + others).sorted { $0.group < $1.group }
        try apply(RowOperation(table: layout.table.id, row: row, verb: .insert, effects: all))
    }

    private func taken(_ row: RowID, in layout: TableLayout) -> StoreError {
        StoreError(
            .invalidOperation, "Table \(layout.table.name) has a row \(row) already, or had one that was deleted.")
    }

    /// Writes columns of a row that is there. A text is edited to be what is given, by as few words as can be.
    ///
    /// - Parameter seen: what the writer had before it; nil stands for all that the replica holds.
    /// - Throws: ``StoreError`` when the row is missing, deleted or a fact.
    public func update(
        _ table: String, _ row: RowID, _ values: [String: Value], basedOn seen: VersionToken? = nil
    ) throws {
        let layout = try layout(named: table)
        try update(
            row, in: layout, values.map { (try place(of: $0.key, in: layout), $0.value) }.sorted { $0.0 < $1.0 },
            basedOn: seen)
    }

    /// Updates many rows of which the same columns are written, as with ``update(_:_:_:basedOn:)``.
    ///
    /// - Throws: ``StoreError`` when a name is unknown or given twice, or no column is named.
    public func updater(of table: String, columns: [String]) throws -> RowUpdater {
        let layout = try layout(named: table)
        guard !columns.isEmpty else { throw StoreError(.invalidOperation, "An update of \(table) names no column.") }
        return RowUpdater(of: try places(of: columns, in: layout), in: layout, by: self)
    }

    /// Writes values by place among the table's columns, in ascending order.
    func update(
        _ row: RowID, in layout: TableLayout, _ values: [(place: Int, value: Value)], basedOn seen: VersionToken?
    ) throws {
        let places = values.map { $0.place }
        let form: UpdateForm
        if let lastUpdate, lastUpdate.layout === layout, lastUpdate.places == places {
            form = lastUpdate
        } else {
            form = UpdateForm(of: places, in: layout)
            lastUpdate = form
        }
        try update(row, values.map { $0.value }, by: form, basedOn: seen)
    }

    func update(_ row: RowID, _ values: [Value], by form: UpdateForm, basedOn seen: VersionToken?) throws {
        if seen == nil, let registers = form.registers, try settle(row, values, by: form, registers) { return }
        for (place, value) in zip(form.places, values) { try check(value, column: place, form.layout) }
        try merge(row, Array(zip(form.places, values)), in: form.layout, basedOn: seen)
    }

    /// Writes whole registers, if the row is in the ordinary state; returns false, with nothing done, when it takes more than
    /// that, or a value does not fit.
    private func settle(_ row: RowID, _ values: [Value], by form: UpdateForm, _ registers: [Int]) throws -> Bool {
        encodedValues.removeAll()
        ends.removeAll(keepingCapacity: true)
        let capacity = values.reduce(0) { $0 + $1.greatestEncodedCount }
        let isSettled = try encodedValues.attempt(atMost: capacity) { writer in
            try rows.settle(row, values, by: form, registers, as: localDot, writing: &writer, ends: &ends)
        }
        if isSettled { try addSettled(row, values, registers, in: form.layout) }
        return isSettled
    }

    /// Adds the edit that was just applied to the change.
    private func addSettled(_ row: RowID, _ values: [Value], _ registers: [Int], in layout: TableLayout) throws {
        let own = localDot.replica
        let (seen, replaced) = (rows.settler.exchange.seen, rows.settler.exchange.replaced)
        if seen.allSatisfy({ $0.replica == own }), replaced.allSatisfy({ $0.map { $0.replica == own } ?? true }) {
            let capacity =
                CBORWriter.greatestOwnEdit(saw: seen.count, writes: registers.count) + encodedValues.bytes.count
            builder.add(editOf: row, in: layout.table.id, atMost: capacity) { writer in
                writer.beginOwnEdit(
                    of: row, in: layout.table.id, saw: seen.map { $0.sequence }, writes: registers.count)
                encodedValues.bytes.withUnsafeBytes { values in
                    var (start, next) = (0, 0)
                    for (index, group) in registers.enumerated() {
                        let width = layout.ranges[group].count
                        writer.beginOwnWrite(
                            to: layout.groupIDs[group], replacing: replaced[index]?.sequence, values: width)
                        next += width
                        writer.raw(UnsafeRawBufferPointer(rebasing: values[start..<ends[next - 1]]))
                        start = ends[next - 1]
                    }
                }
            }
            return
        }
        var next = 0
        let effects = try registers.enumerated().map { index, group in
            let width = layout.ranges[group].count
            defer { next += width }
            return Effect(
                group: layout.groupIDs[group],
                content: .register(
                    replaces: try replaced[index].map { [try global($0)] } ?? [],
                    values: Array(values[next..<next + width])))
        }
        _ = try builder.add(
            RowOperation(
                table: layout.table.id, row: row, verb: .edit, saw: try globalNames(seen), effects: effects))
    }

    /// Writes columns of a row in whatever state.
    private func merge(
        _ row: RowID, _ given: [(place: Int, value: Value)], in layout: TableLayout, basedOn seen: VersionToken?
    ) throws {
        let texts = given.filter { layout.groups[layout.groupOfColumn[$0.place]].merge == .text }
        for (place, value) in texts {
            try setText(layout.groups[layout.groupOfColumn[place]], of: row, in: layout, to: [value])
        }
        let given = given.filter { entry in !texts.contains { $0.place == entry.place } }
        if given.isEmpty, !texts.isEmpty { return }
        let state = try visibleState(of: row, in: layout)
        let effects = try groupedValues(given, layout: layout, row: row).map { index, values in
            let group = layout.groups[index]
            guard group.merge == .register else {
                throw StoreError(
                    .invalidOperation, "Table \(layout.table.name) holds facts; they are stated once and never edited.")
            }
            let held = try globalNames(state.writes(GroupKey(group: group.id, family: .register)).names)
            // A row that this change inserts has no earlier writes, whatever the token says.
            let isNew = try builder.operation(table: layout.table.id, row: row)?.verb == .insert
            let replaced = try isNew ? held : seen?.dots[group.id].map(checked) ?? held
            return Effect(group: group.id, content: .register(replaces: replaced, values: values))
        }
        try apply(edit(row, in: layout, state: state, effects: effects))
    }

    /// Deletes a row. An edit made elsewhere without knowledge of the deletion brings it back, and says so.
    public func delete(_ table: String, _ row: RowID) throws {
        let layout = try context.layout(named: table)
        let state = try visibleState(of: row, in: layout)
        guard !layout.table.holdsFacts else {
            throw StoreError(.invalidOperation, "Table \(table) holds facts; they are never deleted.")
        }
        let saw = try globalNames(seen(of: row, in: layout, state))
        try apply(RowOperation(table: layout.table.id, row: row, verb: .delete, saw: saw))
    }

    /// Brings a deleted row back as it was.
    public func restore(_ table: String, _ row: RowID) throws {
        let layout = try context.layout(named: table)
        guard let (metadata, _) = try context.rows.metadata(table: layout.table.id, row: row) else {
            throw missing(row, in: layout)
        }
        if metadata.state.isDropped { throw gone(row, in: layout) }
        guard metadata.state.wasInserted else { throw missing(row, in: layout) }
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
        let (total, overflows) = try builder.increment(of: group.id, row: row, in: layout.table.id)
            .addingReportingOverflow(delta)
        guard !overflows else { throw StoreError(.invalidValue, "Counter \(column) passes 64 bits.") }
        try checkIncrement(total, of: column)
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
        if try builder.increment(of: group.id, row: row, in: layout.table.id) != 0 {
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

    func edit(
        _ row: RowID, in layout: TableLayout, state: RowState<Nothing>, effects: [Effect]
    ) throws -> RowOperation {
        RowOperation(
            table: layout.table.id, row: row, verb: .edit, saw: try globalNames(seen(of: row, in: layout, state)),
            effects: effects.sorted { $0.group < $1.group })
    }

    /// The presence writes that an operation names. Those of a dropped row stay beside the one by which this change inserts it:
    /// an insert names none.
    private func seen(of row: RowID, in layout: TableLayout, _ state: RowState<Nothing>) -> [LocalDot] {
        let isInsertedAgain = !dropped.isEmpty && dropped[RowKey(table: layout.table.id, row: row)] != nil
        return isInsertedAgain ? [localDot] : state.presence.names
    }

    func apply(_ step: RowOperation) throws {
        if try builder.add(step) {
            try context.rows.merge([.init(dot: localDot, operation: step)], table: step.table, row: step.row)
        } else {
            if let before = dropped[RowKey(table: step.table, row: step.row)] {
                try context.rows.save(before, table: step.table, row: step.row)
            } else {
                try context.rows.erase(table: step.table, row: step.row)
            }
            textDrafts = textDrafts.filter { $0.key.table != step.table || $0.key.row != step.row }
        }
    }

    // MARK: - Checks

    /// The layout of a table. Most writes go to the same one as the write before.
    private func layout(named name: String) throws -> TableLayout {
        if let lastLayout, lastLayout.table.name == name { return lastLayout }
        let layout = try context.layout(named: name)
        lastLayout = layout
        return layout
    }

    func visibleState(of row: RowID, in layout: TableLayout) throws -> RowState<Nothing> {
        guard let (metadata, isVisible) = try context.rows.metadata(table: layout.table.id, row: row) else {
            throw missing(row, in: layout)
        }
        if metadata.state.isDropped { throw gone(row, in: layout) }
        guard isVisible else {
            throw StoreError(
                .invalidOperation, "Row \(row) of table \(layout.table.name) is deleted; restore it before editing it.")
        }
        return metadata.state
    }

    private func missing(_ row: RowID, in layout: TableLayout) -> StoreError {
        StoreError(.unknownName, "Table \(layout.table.name) has no row \(row).")
    }

    private func gone(_ row: RowID, in layout: TableLayout) -> StoreError {
        StoreError(
            .invalidOperation,
            "Row \(row) of table \(layout.table.name) was deleted, and what it held was dropped; insert it again.")
    }

    func notCanonical(_ column: String) -> StoreError {
        StoreError(
            .invalidValue,
            "The value for \(column) cannot be stored: text holds no U+0000, a number is finite and not -0.")
    }

    func group(ofColumn column: String, merge: Group.Merge, in layout: TableLayout) throws -> Group {
        guard let place = layout.place(ofColumn: column) else {
            throw context.unknownColumn(column, in: layout.table.name)
        }
        let group = layout.groups[place.group]
        guard group.merge == merge else {
            throw StoreError(.invalidOperation, "Column \(column) of table \(layout.table.name) is not a \(merge).")
        }
        return group
    }

    /// The place of a column among the table's, whose values are written as they are.
    private func place(of name: String, in layout: TableLayout) throws -> Int {
        guard let place = layout.place(ofColumn: name) else {
            throw context.unknownColumn(name, in: layout.table.name)
        }
        let group = layout.groups[place.group]
        guard group.merge == .register || group.merge == .fact || group.merge == .text else {
            throw StoreError(.invalidOperation, "Column \(name) is a \(group.merge); use the calls made for it.")
        }
        return place.column
    }

    /// Refuses a value that cannot be written to a column as it is.
    func check(_ value: Value, column: Int, _ layout: TableLayout) throws(StoreError) {
        guard value.isCanonical else { throw notCanonical(layout.columns[column].name) }
        guard layout.accepts(value, column: column) else {
            let column = layout.columns[column]
            throw StoreError(.invalidValue, "The value for \(column.name) does not fit: it takes \(column.domain).")
        }
    }

    /// Refuses values of which there are more or fewer than columns.
    func checkCount(_ count: Int, of columns: Int, in layout: TableLayout) throws(StoreError) {
        guard count == columns else {
            throw StoreError(.invalidValue, "\(count) values are given for \(columns) columns of \(layout.table.name).")
        }
    }

    func checkIncrement(_ delta: Int64, of column: String) throws(StoreError) {
        guard delta.magnitude <= Effect.greatestIncrement.magnitude else {
            throw StoreError(.invalidValue, "Counter \(column) is changed by more than 2^53 in one write; split it.")
        }
    }

    /// The values given, completed to whole groups, by the groups' places in the layout.
    private func groupedValues(
        _ values: [(place: Int, value: Value)], layout: TableLayout, row: RowID
    ) throws -> [(Int, [Value])] {
        var given = [Value?](repeating: nil, count: layout.columns.count)
        for (place, value) in values { given[place] = value }
        return try layout.ranges.indices.compactMap { index in
            let range = layout.ranges[index]
            let count = given[range].count { $0 != nil }
            if count == 0 { return nil }
            let current = count == range.count ? nil : try currentValues(group: index, row: row, layout: layout)
            let whole = range.map { column in
                given[column] ?? current?[column - range.lowerBound] ?? layout.columns[column].defaultValue
            }
            return (index, whole)
        }
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
    mutating func increment(of group: GroupID, row: RowID, in table: TableID) throws -> Int64 {
        let effect = try operation(table: table, row: row)?.effects.first { $0.group == group }
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
