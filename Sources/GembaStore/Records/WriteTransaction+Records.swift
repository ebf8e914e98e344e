import GRDB
public import GembaCausality
import GembaWire

extension WriteTransaction {
    /// Inserts a row: all properties that are not nil, the elements of sets, and counters from zero.
    ///
    /// - Returns: the row with its id, which is a fresh one where it had none.
    /// - Throws: ``StoreError`` when the schema does not declare the table so, a value cannot be stored, or the id is taken.
    @discardableResult
    public func insert<Record: Replicated>(_ record: Record) throws -> Record {
        let layout = try context.layout(of: Record.self)
        var record = record
        if record.id == .unassigned { record.id = newRowID() }
        let declaration = Record.declaration
        let values = withUnsafePointer(to: record) { self.values(in: $0, declaration.readers, layout) }
        let others = declaration.collections.isEmpty ? [] : try effects(of: declaration.collections, record)
        try insert(values, others: others, as: record.id, into: layout)
        return record
    }

    /// What the columns get that are written whole.
    private func values(
        in record: UnsafeRawPointer, _ readers: [PropertyReader?], _ layout: TableLayout
    ) -> [(place: Int, value: Value)] {
        layout.columns.indices.compactMap { place in readers[place]?.value(in: record).map { (place, $0) } }
    }

    private func effects<Record>(of collections: [Declaration<Record>.Part], _ record: Record) throws -> [Effect] {
        try collections.compactMap { part in
            switch part.content {
            case .columns: return nil
            case .elements(let elements):
                let elements = elements(record)
                guard elements.allSatisfy(\.isCanonical) else { throw notCanonical(part.group.columns[0].name) }
                let added = elements.map { Effect.ElementOperation(element: $0, adds: true, saw: []) }
                if added.isEmpty { return nil }
                return Effect(group: part.group.id, content: .set(added.sortedByEncoding))
            case .count(let count):
                let delta = count(record)
                if delta == 0 { return nil }
                try checkIncrement(delta, of: part.group.columns[0].name)
                return Effect(group: part.group.id, content: .increment(bases: [], delta: delta))
            }
        }
    }

    /// Writes what differs between two states of a row: registers whose properties differ, elements that were put in or
    /// taken out, counts by their difference. What is the same in both is not written, so that it cannot undo what somebody
    /// else wrote since.
    ///
    /// - Parameters:
    ///   - former: the row as it was read.
    ///   - seen: what the writer had before it; nil stands for all that the replica holds.
    /// - Throws: ``StoreError`` when the row is missing or deleted, or a fact differs.
    public func update<Record: Replicated>(
        _ record: Record, from former: Record, basedOn seen: VersionToken? = nil
    ) throws {
        precondition(record.id == former.id, "\(record.id) and \(former.id) are two rows")
        let layout = try context.layout(of: Record.self)
        let declaration = Record.declaration
        var values: [(place: Int, value: Value)] = []
        try withUnsafePointer(to: record) { record in
            try withUnsafePointer(to: former) { former in
                let readers = declaration.readers
                for (group, place) in declaration.texts {
                    let (old, new) = (readers[place]?.value(in: former), readers[place]?.value(in: record))
                    try setText(group, of: record.pointee.id, in: layout, from: old, to: new)
                }
                values = try differences(former, record, readers, declaration.registers, layout)
            }
        }
        if !values.isEmpty { try update(record.id, in: layout, values, basedOn: seen) }
        try updateSetsAndCounters(record, from: former, in: layout.table.name)
    }

    /// What is written to the registers of which a column differs, by place.
    private func differences(
        _ former: UnsafeRawPointer, _ record: UnsafeRawPointer, _ readers: [PropertyReader?],
        _ registers: [Range<Int>], _ layout: TableLayout
    ) throws -> [(place: Int, value: Value)] {
        var values: [(place: Int, value: Value)] = []
        for places in registers
        where places.contains(where: { readers[$0]?.value(in: record) != readers[$0]?.value(in: former) }) {
            for place in places {
                values.append((place, readers[place]?.value(in: record) ?? .null))
            }
        }
        return values
    }

    private func updateSetsAndCounters<Record: Replicated>(
        _ record: Record, from former: Record, in table: String
    ) throws {
        for part in Record.declaration.collections {
            guard let column = part.fields.first?.name else { continue }
            switch part.content {
            case .columns: continue
            case .elements(let elements):
                let (new, old) = (elements(record), elements(former))
                for element in old.subtracting(new) { try remove(element, from: column, of: record.id, in: table) }
                for element in new.subtracting(old) { try add(element, to: column, of: record.id, in: table) }
            case .count(let count):
                let (delta, overflows) = count(record).subtractingReportingOverflow(count(former))
                guard !overflows else { throw StoreError(.invalidValue, "Counter \(column) passes 64 bits.") }
                try increment(column, of: record.id, in: table, by: delta)
            }
        }
    }

    /// Changes a row as it is now.
    ///
    /// ```swift
    /// try tx.update(Part.self, part) { $0.stock -= 3; $0.labels.insert("urgent") }
    /// ```
    ///
    /// - Returns: the row after the change.
    @discardableResult
    public func update<Record: Replicated>(
        _ type: Record.Type, _ row: RowID, basedOn seen: VersionToken? = nil, _ change: (inout Record) throws -> Void
    ) throws -> Record {
        guard let former = try fetch(type, row) else {
            throw StoreError(.unknownName, "Table \(Record.declaration.table.name) has no row \(row).")
        }
        var record = former
        try change(&record)
        try update(record, from: former, basedOn: seen)
        return record
    }

    /// Sets a counter, as after counting the stock: see ``setCounter(_:of:in:to:)``.
    public func setCounter<Record: Replicated>(
        _ property: KeyPath<Record, Int>, of row: RowID, to value: Int
    ) throws {
        let column = Record.declaration.column(of: property)
        try setCounter(column, of: row, in: Record.declaration.table.name, to: Int64(value))
    }

    /// Deletes a row. An edit made elsewhere without knowledge of the deletion brings it back, and says so.
    public func delete<Record: Replicated>(_ record: Record) throws {
        try delete(Record.declaration.table.name, record.id)
    }

    /// Brings a deleted row back as it was.
    public func restore<Record: Replicated>(_ type: Record.Type, _ row: RowID) throws {
        try restore(Record.declaration.table.name, row)
    }

    // MARK: - Reading

    /// The row as the transaction sees it, or nil when it is not there.
    public func fetch<Record: Replicated>(_ type: Record.Type, _ row: RowID) throws -> Record? {
        try Query<Record>(row: row).fetchAll(database).first
    }

    /// The rows of a query as the transaction sees them.
    public func fetch<Record: Replicated>(_ query: Query<Record>) throws -> [Record] { try query.fetchAll(database) }
}

extension StoreContext {
    /// The layout that the schema gives a type's table.
    fileprivate func layout<Record: Replicated>(of type: Record.Type) throws -> TableLayout {
        let table = Record.declaration.table
        // Of one origin the two share their storage, and are compared by its address.
        guard let layout = environment.layouts[table.id], layout.table == table else {
            throw StoreError(
                .invalidSchema,
                "The schema does not declare table \(table.name) as \(type) does; put `\(type).declaration.table` into it."
            )
        }
        return layout
    }
}

extension [Effect.ElementOperation] {
    fileprivate var sortedByEncoding: [Effect.ElementOperation] {
        if count < 2 { return self }
        return map { (encoded: $0.element.encoded(), operation: $0) }
            .sorted { $0.encoded.lexicographicallyPrecedes($1.encoded) }.map(\.operation)
    }
}
