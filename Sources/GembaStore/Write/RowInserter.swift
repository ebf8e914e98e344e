public import GembaCausality
public import GembaWire

/// Inserts rows into the same columns of a table, one after another, as a prepared statement does: names are looked up once,
/// and values are told by their position.
///
/// Not `Sendable`: valid only in the closure of ``Replica/write(by:because:_:)``.
public struct RowInserter {
    private let transaction: WriteTransaction
    private let layout: TableLayout
    /// Where the columns stand among all of the table.
    private let places: [Int]
    /// The row at hand, by place among all columns.
    private var row: [Value?]

    init(of places: [Int], in layout: TableLayout, by transaction: WriteTransaction) {
        self.transaction = transaction
        self.layout = layout
        self.places = places
        row = [Value?](repeating: nil, count: layout.columns.count)
    }

    /// Inserts a row.
    ///
    /// - Parameters:
    ///   - id: its id; a fresh one where none is given.
    ///   - values: one for each of the columns, in their order.
    /// - Throws: ``StoreError`` when there are more or fewer values than columns, one does not fit, or the id is taken.
    @discardableResult
    public mutating func insert(id: RowID? = nil, _ values: [Value]) throws -> RowID {
        guard values.count == places.count else {
            throw StoreError(
                .invalidValue, "\(values.count) values are given for \(places.count) columns of \(layout.table.name).")
        }
        for (place, value) in zip(places, values) {
            try transaction.check(value, column: place, layout)
            row[place] = value
        }
        let id = id ?? transaction.newRowID()
        try transaction.insert(row, as: id, into: layout)
        return id
    }
}
