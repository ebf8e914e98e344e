public import GembaCRDT
public import GembaCausality
import GembaWire

/// Places in texts that stay where they are while others edit.
extension RowReader {
    /// An anchor for a position of a text column; nil when the row or the position is not there.
    public func anchor(
        at position: Int, staying bias: TextBias, in column: String, of row: RowID, in table: String
    ) throws -> TextAnchor<Dot>? {
        guard var document = try document(of: row, in: table, column: column), (0...document.count).contains(position)
        else { return nil }
        return document.anchor(at: position, staying: bias)
    }

    /// Where an anchor is now; nil when the row or the anchor's character is not held.
    public func position(
        of anchor: TextAnchor<Dot>, in column: String, of row: RowID, in table: String
    ) throws -> Int? {
        guard var document = try document(of: row, in: table, column: column) else { return nil }
        return document.position(of: anchor)
    }

    /// The changes that inserted what is shown of a text column, in the order of their dots.
    func contributors(to group: GroupID, of row: RowID, in layout: TableLayout) throws -> [LocalDot] {
        let state = try context.rows.load(table: layout.table.id, row: row)?.state.text(group)
        let runs = try state?.document(global: context.rows.global).runs ?? []
        let dots = Set(runs.filter { $0.text != nil }.map(\.first.name)).sorted()
        return try dots.map(context.rows.local)
    }

    private func document(of row: RowID, in table: String, column: String) throws -> TextDocument<Dot>? {
        let layout = try context.layout(named: table)
        guard let place = layout.place(ofColumn: column) else { throw context.unknownColumn(column, in: table) }
        guard let found = try context.rows.load(table: layout.table.id, row: row) else { return nil }
        let state = found.state.text(layout.groups[place.group].id)
        return try state?.document(global: context.rows.global) ?? TextDocument()
    }
}
