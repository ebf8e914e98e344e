import GembaCausality
import GembaWire

/// Writes rows of a checkpoint straight into the tables, in the order of their ids.
///
/// A row that one insert made goes from its encoding to the statement that inserts it. All others take the way of merged
/// rows. Nothing is looked up: the tables were emptied before.
final class CheckpointRowLoader {
    private let context: StoreContext
    private let numbers: CheckpointNumbers
    private var groups: [GroupID] = []
    private var metadata = FreshMetadata()
    private var previous: (table: TableID, row: RowID)?
    private(set) var count: UInt64 = 0

    init(context: StoreContext, numbers: CheckpointNumbers) {
        self.context = context
        self.numbers = numbers
    }

    /// Loads the rows that a section lists.
    func load(_ decoder: inout CBORDecoder, table: TableID) throws {
        let layout = context.environment.layouts[table]
        for _ in 0..<(try decoder.array()) {
            let beginning = decoder
            count += 1
            if let layout, let row = try loadPlain(&decoder, layout) {
                try checkOrder(table, row)
                continue
            }
            decoder = beginning
            let (row, state) = try CheckpointRow.decode(from: &decoder, numbers: numbers)
            try checkOrder(table, row)
            if let layout, state.isContested(in: layout) { context.rows.noteContest(over: row, in: table) }
            try context.rows.insert(state, table: table, row: row)
        }
    }

    private func checkOrder(_ table: TableID, _ row: RowID) throws {
        if let previous, (previous.table, previous.row) >= (table, row) { throw CheckpointReader.damaged }
        previous = (table, row)
    }

    /// Inserts a row that one insert made and whose values all fit their columns; nil, with nothing done, for any other.
    private func loadPlain(_ decoder: inout CBORDecoder, _ layout: TableLayout) throws -> RowID? {
        guard try decoder.array() == CheckpointRow.fields else { return nil }
        let row: RowID = try decoder.fixed()
        let flags = try decoder.unsigned()
        let dot = try numbers.dot(from: &decoder)
        guard flags & CheckpointRow.insertedFlag != 0 else { return nil }
        let family: MergeFamily = flags & CheckpointRow.factsFlag == 0 ? .register : .fact
        let statement = try context.connection.statement(layout.insert)
        statement.bind(1, row)
        guard try bindSettled(&decoder, family, layout, to: statement) else { return nil }
        guard try decoder.array() == 0, try decoder.array() == 0 else { return nil }
        statement.bind(Int32(layout.columns.count + 2), metadata.bytes(by: dot, groups: groups, family: family))
        try statement.run()
        return row
    }

    private func bindSettled(
        _ decoder: inout CBORDecoder, _ family: MergeFamily, _ layout: TableLayout, to statement: Statement
    ) throws -> Bool {
        groups.removeAll(keepingCapacity: true)
        var index = 0
        var bound = 0
        for _ in 0..<(try decoder.array()) {
            let width = try decoder.array() - 1
            let group = GroupID(rawValue: UInt32(clamping: try decoder.unsigned()))
            while index < layout.groupIDs.count, layout.groupIDs[index] < group { index += 1 }
            guard index < layout.groupIDs.count, layout.groupIDs[index] == group,
                layout.holds(family, group: index, width: width)
            else { return false }
            let range = layout.ranges[index]
            layout.bindDefaults(bound..<range.lowerBound, to: statement)
            for place in range {
                let value = try Value(from: &decoder)
                guard layout.accepts(value, column: place) else { return false }
                statement.bind(Int32(place + 2), value)
            }
            bound = range.upperBound
            groups.append(group)
        }
        layout.bindDefaults(bound..<layout.columns.count, to: statement)
        return true
    }
}
