public import GembaCRDT
public import GembaCausality
import GembaWire

/// Text that several people edit at once. Positions count Unicode scalars of what the transaction shows at that moment.
extension WriteTransaction {
    /// Edits a text column. What others insert and delete apart from it stays.
    ///
    /// - Throws: ``StoreError`` when the text is shorter than the edit expects, or cannot be stored.
    public func edit(_ column: String, of row: RowID, in table: String, by edit: TextEdit) throws {
        let layout = try context.layout(named: table)
        let group = try group(ofColumn: column, merge: .text, in: layout)
        try self.edit(group, of: row, in: layout, by: edit)
    }

    /// Replaces characters of a text column.
    public func replace(
        _ positions: Range<Int>, with text: String, in column: String, of row: RowID, in table: String
    ) throws {
        guard positions.lowerBound >= 0 else { throw outside(column, table) }
        var edit = TextEdit()
        edit.replace(positions, with: text)
        try self.edit(column, of: row, in: table, by: edit)
    }

    /// Inserts characters into a text column.
    public func insert(
        _ text: String, at position: Int, in column: String, of row: RowID, in table: String
    ) throws {
        guard position >= 0 else { throw outside(column, table) }
        try replace(position..<position, with: text, in: column, of: row, in: table)
    }

    /// Edits a text column so that it becomes a given text, by as few words as can be: of two people who do that apart,
    /// both keep what they changed.
    public func setText(_ column: String, of row: RowID, in table: String, to text: String) throws {
        let layout = try context.layout(named: table)
        let group = try group(ofColumn: column, merge: .text, in: layout)
        try setText(group, of: row, in: layout, to: [.text(text)])
    }

    // MARK: - Parts of other calls

    /// The effect of writing a text with a new row; nil for an empty one.
    func insertion(of values: [Value], as group: Group) -> Effect? {
        guard case .text(let text) = values.first, !text.isEmpty else { return nil }
        return Effect(group: group.id, content: .text(TextEffect(inserting: text)))
    }

    func setText(_ group: Group, of row: RowID, in layout: TableLayout, to values: [Value]) throws {
        guard case .text(let text) = values.first else { return }
        let shown = try context.rows.load(table: layout.table.id, row: row)?.state.text(group.id)?.text ?? ""
        try edit(group, of: row, in: layout, by: TextEdit(from: shown, to: text))
    }

    /// Makes of a text that was read as one what turned it into another, whatever others have made of it since.
    func setText(
        _ group: Group, of row: RowID, in layout: TableLayout, from former: Value?, to text: Value?
    ) throws {
        guard former != text, case .text(let former) = former, case .text(let text) = text else { return }
        let shown = try context.rows.load(table: layout.table.id, row: row)?.state.text(group.id)?.text ?? ""
        let since = TextEdit(from: former, to: shown)
        try edit(group, of: row, in: layout, by: TextEdit(from: former, to: text).rebased(over: since))
    }

    private func edit(_ group: Group, of row: RowID, in layout: TableLayout, by edit: TextEdit) throws {
        let state = try visibleState(of: row, in: layout)
        if edit.isEmpty { return }
        try check(edit, of: group, in: layout)
        let place = TextDraft.Place(table: layout.table.id, row: row, group: group.id)
        var draft = try textDrafts[place] ?? newDraft(of: place)
        let (before, _) = draft.applied(as: builder.dot)
        guard edit.lengthBefore <= before.count else { throw outside(group.columns[0].name, layout.table.name) }
        draft.append(edit)
        textDrafts[place] = draft
        let (document, effect) = draft.applied(as: builder.dot)
        let step = try self.edit(
            row, in: layout, state: state, effects: [Effect(group: group.id, content: .text(effect))])
        if try builder.add(step) {
            try context.rows.merge(
                .init(dot: localDot, operation: step), replacing: GroupKey(group: group.id, family: .text),
                with: .open(document))
        }
    }

    /// The text as it was before this change.
    private func newDraft(of place: TextDraft.Place) throws -> TextDraft {
        let earlier = try builder.operation(table: place.table, row: place.row)?.effects
            .first { $0.group == place.group }
        if case .text(let effect) = earlier?.content {
            // Written with the row, by this change: the text before it is empty.
            var draft = TextDraft(base: TextDocument())
            for insertion in effect.insertions {
                var edit = TextEdit()
                edit.insert(insertion.text)
                draft.append(edit)
            }
            return draft
        }
        let state = try context.rows.load(table: place.table, row: place.row)?.state.text(place.group)
        return TextDraft(base: try state?.document(global: context.rows.global) ?? TextDocument())
    }

    // MARK: - Checks

    private func check(_ edit: TextEdit, of group: Group, in layout: TableLayout) throws {
        for case .insert(let text) in edit.steps {
            guard Value.text(text).isCanonical else { throw notCanonical(group.columns[0].name) }
        }
    }

    private func outside(_ column: String, _ table: String) -> StoreError {
        StoreError(.invalidValue, "The text \(column) of table \(table) has no such position; read it again.")
    }
}
