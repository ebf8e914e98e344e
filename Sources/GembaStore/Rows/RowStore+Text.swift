import GembaCRDT
import GembaCausality
import GembaWire

/// Where texts stand: what readers see in the column, the structure of a text that was edited in `gemba_text`. A text
/// that no column can hold stands in `gemba_text` as well.
extension RowStore {
    /// Applies an operation without its effects, and puts a group's text in place of the one that is there.
    func merge(_ dotted: Dotted, replacing key: GroupKey, with text: TextState) throws {
        let (table, row) = (dotted.operation.table, dotted.operation.row)
        noteChange(of: row, in: table)
        var (state, _) = try load(table: table, row: row) ?? (RowState<[Value]>(), false)
        let wasContested = isContested(state, table: table)
        var operation = dotted.operation
        operation.effects = []
        _ = try state.apply(operation, as: dotted.dot, knowing: self, payload: { $0 })
        state.groups[key] = text.isEmpty ? nil : .text(text)
        if wasContested || isContested(state, table: table) { noteContest(over: row, in: table) }
        try save(state, table: table, row: row)
    }

    // MARK: - Saving

    /// Stores what the columns of a row do not hold of a text.
    ///
    /// - Returns: whether no column holds what is shown.
    func saveText(
        _ text: TextState, _ key: GroupKey, table: TableID, row: RowID, visible: TableLayout?
    ) throws -> Bool {
        let isInline =
            visible.flatMap { layout in
                layout.index(of: key.group).map { layout.fits([.text(text.text)], group: $0, family: key.family) }
            } ?? false
        var writer = ByteWriter()
        switch text {
        case .fresh:
            if isInline { return false }
        case .stored(let saved):
            guard let saved else { preconditionFailure("a text is saved that was not read") }
            writer.number(UInt64(saved.authors.count))
            for author in saved.authors { writer.number(UInt64(try local(Dot(author, 0)).replica)) }
            writer.number(UInt64(saved.structure.count))
            writer.raw(saved.structure)
        case .open:
            preconditionFailure("a text is saved that was not settled")
        }
        if !isInline { writer.raw(Array(text.text.utf8)) }
        try connection.statement("INSERT INTO gemba_text (tbl, row, grp, content) VALUES (?, ?, ?, ?)")
            .bind(1, Int64(table.rawValue)).bind(2, row).bind(3, Int64(key.group.rawValue)).bind(4, writer.bytes).run()
        return !isInline
    }

    // MARK: - Loading

    /// Reads a text of which the metadata is known.
    ///
    /// - Parameter shown: the content of the column that holds what is shown; nil when it is stored outside.
    func loadText(_ text: TextState, _ key: GroupKey, table: TableID, row: RowID, shown: String?) throws -> TextState {
        if case .fresh(let dot, _) = text, let shown { return .fresh(dot, shown) }
        let statement = try connection.statement("SELECT content FROM gemba_text WHERE tbl = ? AND row = ? AND grp = ?")
        let content = try statement.bind(1, Int64(table.rawValue)).bind(2, row).bind(3, Int64(key.group.rawValue))
            .first { statement in
                try statement.withBytes(0) { bytes in
                    Result { try read(text, ByteReader(bytes), shown: shown) }
                }.get()
            }
        guard let content else {
            throw StoreError(.corrupted, "The text of row \(row) is missing; run `gemba verify`.")
        }
        return content
    }

    private func read(_ text: TextState, _ content: ByteReader, shown: String?) throws -> TextState {
        var reader = content
        if case .fresh(let dot, _) = text { return .fresh(dot, String(decoding: reader.rest(), as: UTF8.self)) }
        var authors: [ReplicaID] = []
        for _ in 0..<(try reader.number()) {
            authors.append(try numbers.replica(Int64(bitPattern: try reader.number()), on: connection))
        }
        let structure = try reader.bytes(count: try reader.number())
        return .stored(
            SavedText(
                authors: authors, structure: structure, text: shown ?? String(decoding: reader.rest(), as: UTF8.self),
                deleted: ""))
    }
}
