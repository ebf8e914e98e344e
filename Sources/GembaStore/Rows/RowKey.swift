import GembaCausality
import GembaWire

/// Names a row among those of all tables.
struct RowKey: Hashable {
    var table: TableID
    var row: RowID
}
