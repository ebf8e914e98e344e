public import GembaCausality
public import GembaWire

/// Writes the same columns of many rows of a table, one after another, as a prepared statement does: names are looked up once,
/// and values are told by their position.
///
/// Not `Sendable`: valid only in the closure of ``Replica/write(by:because:_:)``.
public struct RowUpdater {
    private let transaction: WriteTransaction
    private let form: UpdateForm
    /// For each column of `form`: where its value stands among those that are given; nil when they are in that order.
    private let order: [Int]?

    init(of places: [Int], in layout: TableLayout, by transaction: WriteTransaction) {
        self.transaction = transaction
        form = UpdateForm(of: places.sorted(), in: layout)
        order = places == form.places ? nil : places.indices.sorted { places[$0] < places[$1] }
    }

    /// Writes the columns of a row that is there, as ``WriteTransaction/update(_:_:_:basedOn:)`` does.
    ///
    /// - Parameters:
    ///   - values: one for each of the columns, in their order.
    ///   - seen: what the writer had before it; nil stands for all that the replica holds.
    /// - Throws: ``StoreError`` when there are more or fewer values than columns, one does not fit, or the row is missing,
    ///   deleted or a fact.
    public func update(_ row: RowID, _ values: [Value], basedOn seen: VersionToken? = nil) throws {
        try transaction.checkCount(values.count, of: form.places.count, in: form.layout)
        try transaction.update(row, order?.map { values[$0] } ?? values, by: form, basedOn: seen)
    }
}
