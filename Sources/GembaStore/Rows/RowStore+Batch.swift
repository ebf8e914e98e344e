import GembaCausality
import GembaWire

/// Applies operations as they were encoded. Nearly all of them find their row in an ordinary state and leave it so; those
/// are carried out by one SQL statement each, which takes the values from where they stand.
extension RowStore {
    /// Applies all operations of a batch, row by row in the order of the tables, each row's in the order of the batch, which
    /// has to be causal.
    ///
    /// - Parameters:
    ///   - dots: the changes of the batch.
    ///   - pause: called now and then; what it throws ends the work.
    func merge(_ batch: OperationBatch, as dots: [LocalDot], pausing pause: () throws -> Void = {}) throws {
        try batch.withValues { values in
            let places = batch.placesByRow()
            var start = 0
            var nextPause = Self.pauseInterval
            while start < places.count {
                if start >= nextPause {
                    try pause()
                    nextPause += Self.pauseInterval
                }
                let first = batch.items[places[start]]
                var end = start + 1
                while end < places.count, batch.items[places[end]].row == first.row,
                    batch.items[places[end]].table == first.table
                {
                    end += 1
                }
                try merge(places[start..<end], of: batch, values, as: dots)
                start = end
            }
        }
    }

    /// Operations between two pauses, which take a millisecond or two.
    private static let pauseInterval = 64

    /// Applies operations on one row.
    private func merge(
        _ places: ArraySlice<Int>, of batch: OperationBatch, _ values: EncodedValues, as dots: [LocalDot]
    ) throws {
        let first = batch.items[places[places.startIndex]]
        if let layout = layout(of: first.table) {
            if places.count == 1, first.verb == .insert {
                let row = Insertion(row: first.row, steps: batch.steps(of: first), values: values)
                if try insert(row, as: dots[first.change], into: layout) { return }
            } else if try settle(places, of: batch, values, as: dots, in: layout) {
                return
            }
        }
        let operations = places.filter { isApplied($0, of: batch) }.map { place in
            Dotted(dot: dots[batch.items[place].change], operation: batch.operation(batch.items[place]))
        }
        try merge(operations, table: first.table, row: first.row)
    }

    // MARK: - Inserting

    /// A new row, with what is written to its groups.
    struct Insertion {
        var row: RowID
        /// Sorted by group.
        var steps: ArraySlice<OperationBatch.Step>
        var values: EncodedValues
    }

    /// Inserts a row, when all of its values fit columns.
    ///
    /// - Returns: false, with nothing done, when it takes more than that, or a row of that id is or was there.
    func insert(_ insertion: Insertion, as dot: LocalDot, into layout: TableLayout) throws -> Bool {
        guard try !isHidden(insertion.row, table: layout.table.id) else { return false }
        let family: MergeFamily = layout.table.holdsFacts ? .fact : .register
        let statement = try connection.statement(layout.insert)
        // Steps and groups are both sorted by group number, and so are walked together.
        var group = 0
        var bound = 0
        for step in insertion.steps {
            guard case .write(let write) = step.content, write.isFact == (family == .fact) else { return false }
            while group < layout.groupIDs.count, layout.groupIDs[group] < step.group { group += 1 }
            guard group < layout.groupIDs.count, layout.groupIDs[group] == step.group,
                layout.holds(family, group: group, width: write.count)
            else { return false }
            let places = layout.ranges[group]
            layout.bindDefaults(bound..<places.lowerBound, to: statement)
            var reader = insertion.values.reader(of: write)
            for place in places {
                let value = reader.next()
                guard layout.accepts(value, column: place) else { return false }
                statement.bind(Int32(place + 2), value)
            }
            bound = places.upperBound
        }
        layout.bindDefaults(bound..<layout.columns.count, to: statement)
        let metadata = freshMetadata.bytes(by: dot, groups: insertion.steps.lazy.map { $0.group }, family: family)
        return try run(statement, inserting: insertion.row, metadata, into: layout)
    }

    /// Inserts a row of which only registers, or only facts, are written, and writes what was inserted.
    ///
    /// - Returns: false, with nothing done, when a value does not fit, or a row of that id is or was there.
    func insert(
        _ row: RowID, _ values: [Value], by form: InsertForm, _ family: MergeFamily, as dot: LocalDot,
        writing writer: inout CBORWriter
    ) throws -> Bool {
        let layout = form.layout
        guard try !isHidden(row, table: layout.table.id) else { return false }
        let statement = try connection.statement(layout.insert)
        writer.beginInsertion(of: row, into: layout.table.id, writes: form.groups.count)
        let fits = form.prefixes.withUnsafeBytes { prefixes in
            for column in form.written {
                writer.raw(UnsafeRawBufferPointer(rebasing: prefixes[column.prefix]))
                // The value is not named: that would count one more reference to each text.
                let written =
                    if let source = column.source { writer.value(values[source]) } else {
                        writer.value(layout.defaults[column.place])
                    }
                guard let written, layout.accepts(written, column: column.place) else {
                    return false
                }
                statement.bind(Int32(column.place + 2), written)
            }
            return true
        }
        guard fits else { return false }
        for place in form.unwritten { statement.bind(Int32(place + 2), layout.defaults[place]) }
        let metadata = freshMetadata.bytes(by: dot, groups: form.groups, family: family)
        return try run(statement, inserting: row, metadata, into: layout)
    }

    /// Runs an insertion whose values are bound; returns false when a row of that id is there.
    private func run(
        _ statement: Statement, inserting row: RowID, _ metadata: [UInt8], into layout: TableLayout
    ) throws -> Bool {
        try row.withBytes { row in
            try metadata.withUnsafeBytes { metadata in
                statement.bind(1, .blob(row))
                statement.bind(Int32(layout.columns.count + 2), .blob(metadata))
                try statement.run()
            }
        }
        guard statement.changes == 1 else { return false }
        noteChange(of: row, in: layout.table.id)
        return true
    }

    // MARK: - Updating

    /// Applies edits to a visible row, when every group they touch is settled before and after.
    private func settle(
        _ places: ArraySlice<Int>, of batch: OperationBatch, _ values: EncodedValues, as dots: [LocalDot],
        in layout: TableLayout
    ) throws -> Bool {
        beginUpdate()
        for place in places where isApplied(place, of: batch) {
            let item = batch.items[place]
            guard item.verb == .edit else { return false }
            for step in batch.steps(of: item) {
                guard case .write(let write) = step.content, !write.isFact, let group = layout.index(of: step.group),
                    layout.holds(.register, group: group, width: write.count)
                else { return false }
                var reader = values.reader(of: write)
                for column in layout.ranges[group] {
                    let value = reader.next()
                    guard layout.accepts(value, column: column) else { return false }
                    self.write(value, at: column)
                }
            }
            try settler.exchange.add(item, of: batch, as: dots[item.change], local: local)
        }
        return try runUpdate(of: batch.items[places[places.startIndex]].row, in: layout)
    }

    /// Forgets the update before.
    private func beginUpdate() {
        settler.exchange.begin()
        places.removeAll(keepingCapacity: true)
        written.removeAll(keepingCapacity: true)
    }

    /// Has the update at hand write a value to a column.
    private func write(_ value: EncodedValue, at place: Int) {
        if let last = places.last, last >= place {
            let known = places.firstIndex { $0 >= place } ?? places.endIndex
            if places[known] == place {
                written[known] = value
            } else {
                places.insert(place, at: known)
                written.insert(value, at: known)
            }
        } else {
            places.append(place)
            written.append(value)
        }
    }

    /// Writes whole registers of a visible row in place of all that there is, when they are settled before and after, and the
    /// change has not touched the row before. What was replaced is then found in ``settler``.
    ///
    /// - Parameters:
    ///   - registers: the indexes of the groups that the form's columns make up.
    ///   - ends: gets where each value ends in what was written.
    /// - Returns: false, with nothing done, when the row needs more than that, or a value does not fit.
    func settle(
        _ row: RowID, _ values: [Value], by form: UpdateForm, _ registers: [Int], as dot: LocalDot,
        writing writer: inout CBORWriter, ends: inout [Int]
    ) throws -> Bool {
        let layout = form.layout
        let statement = try connection.update(layout, columns: form.places)
        let room = writer.free
        for (index, value) in values.enumerated() {
            guard let written = writer.value(value), layout.accepts(written, column: form.places[index]) else {
                return false
            }
            statement.bind(Int32(index + 1), written)
            ends.append(room - writer.free)
        }
        settler.exchange.begin()
        for register in registers { settler.exchange.write(layout.groupIDs[register]) }
        settler.exchange.end(dot)
        return try run(statement, updating: row, columns: values.count, in: layout)
    }

    private func runUpdate(of row: RowID, in layout: TableLayout) throws -> Bool {
        let statement = try connection.update(layout, columns: places)
        for (index, value) in written.enumerated() { statement.bind(Int32(index + 1), value) }
        return try run(statement, updating: row, columns: written.count, in: layout)
    }

    /// Runs an update whose values are bound; returns false when the row is not there or not settled.
    private func run(
        _ statement: Statement, updating row: RowID, columns count: Int, in layout: TableLayout
    ) throws -> Bool {
        let isDone = try row.withBytes { bytes in
            statement.bind(Int32(count + 1), .blob(bytes))
            return try statement.succeeds(unless: { settler.exchange.hasRefused })
        }
        guard isDone, statement.changes == 1 else { return false }
        noteChange(of: row, in: layout.table.id)
        return true
    }

    // MARK: - Planted bugs

    private func isApplied(_ place: Int, of batch: OperationBatch) -> Bool {
        if !calibration.contains(.appliesFirstOperationOnly) { return true }
        return place == 0 || batch.items[place - 1].change != batch.items[place].change
    }
}
