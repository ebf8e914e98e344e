public import GembaCausality

/// Everything one change does to one row.
///
/// It carries all that merging needs; no schema is consulted.
public struct RowOperation: Hashable, Sendable {
    /// What happens to the row as a whole.
    public enum Verb: UInt8, Sendable {
        /// The row comes into being.
        case insert = 0
        /// The row changes, or is brought back.
        case edit = 1
        /// The row goes.
        case delete = 2
    }

    /// The table of the row.
    public var table: TableID
    /// The row.
    public var row: RowID
    /// What happens to the row as a whole.
    public var verb: Verb
    /// The presence writes of the row that the author held, sorted; empty for an insert.
    public var saw: [Dot]
    /// At most one effect for each group, sorted by group. Those of a delete are what the same change wrote to the row
    /// before; an edit may have none and then says only that the row is to live.
    public var effects: [Effect]

    /// Creates an operation from its parts.
    public init(table: TableID, row: RowID, verb: Verb, saw: [Dot] = [], effects: [Effect] = []) {
        self.table = table
        self.row = row
        self.verb = verb
        self.saw = saw
        self.effects = effects
    }
}
