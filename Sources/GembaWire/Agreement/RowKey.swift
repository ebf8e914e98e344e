public import GembaCausality

/// A row of a replicated table, as all replicas name it.
public struct RowKey: Hashable, Comparable, Sendable {
    /// The number of the table.
    public var table: TableID
    /// The row.
    public var row: RowID

    /// Creates a key from its parts.
    public init(table: TableID, row: RowID) {
        self.table = table
        self.row = row
    }

    /// Orders by table, then by row.
    public static func < (left: Self, right: Self) -> Bool {
        (left.table, left.row) < (right.table, right.row)
    }
}
