public import GembaCausality
public import GembaWire

/// Inserts rows into the same columns of a table, one after another, as a prepared statement does: names are looked up once,
/// and values are told by their position.
///
/// Not `Sendable`: valid only in the closure of ``Replica/write(by:because:_:)``.
public struct RowInserter {
    private let transaction: WriteTransaction
    private let form: InsertForm

    init(of places: [Int], in layout: TableLayout, by transaction: WriteTransaction) {
        self.transaction = transaction
        form = InsertForm(of: places, in: layout)
    }

    /// Inserts a row.
    ///
    /// - Parameters:
    ///   - id: its id; a fresh one where none is given.
    ///   - values: one for each of the columns, in their order.
    /// - Throws: ``StoreError`` when there are more or fewer values than columns, one does not fit, or the id is taken.
    @discardableResult
    public func insert(id: RowID? = nil, _ values: [Value]) throws -> RowID {
        try transaction.checkCount(values.count, of: form.places.count, in: form.layout)
        let id = id ?? transaction.newRowID()
        try transaction.insert(values, as: id, by: form)
        return id
    }
}
