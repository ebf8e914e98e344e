public import GembaCausality
public import GembaWire

/// Inserts rows into the same columns of a table, one after another, as a prepared statement does: names are looked up once,
/// and values are told by their position.
///
/// Not `Sendable`: valid only in the closure of ``Replica/write(by:because:_:)``.
public struct RowInserter {
    private let transaction: WriteTransaction
    private let layout: TableLayout
    private let count: Int
    /// For each column of the table: where its value stands among those that are given.
    private var sources: [Int?]

    init(of places: [Int], in layout: TableLayout, by transaction: WriteTransaction) {
        self.transaction = transaction
        self.layout = layout
        count = places.count
        sources = [Int?](repeating: nil, count: layout.columns.count)
        for (index, place) in places.enumerated() { sources[place] = index }
    }

    /// Inserts a row.
    ///
    /// - Parameters:
    ///   - id: its id; a fresh one where none is given.
    ///   - values: one for each of the columns, in their order.
    /// - Throws: ``StoreError`` when there are more or fewer values than columns, one does not fit, or the id is taken.
    @discardableResult
    public mutating func insert(id: RowID? = nil, _ values: [Value]) throws -> RowID {
        try transaction.checkCount(values.count, of: count, in: layout)
        let id = id ?? transaction.newRowID()
        try transaction.insert(RowValues(values: values, sources: sources), as: id, into: layout)
        return id
    }
}
