import GembaCRDT
import GembaCausality
import GembaWire

/// Projects rows of one table again after its declaration changed: only those that may show something else now.
///
/// A new column of a million rows changes none of them, unless others wrote it before this program knew it.
struct ProjectionUpdate {
    let context: StoreContext
    let layout: TableLayout

    private var table: Int64 { Int64(layout.table.id.rawValue) }

    /// Shows the rows of a table that was unknown until now.
    func showHiddenRows() throws {
        try project(try rows("SELECT row FROM gemba_hidden WHERE tbl = ? ORDER BY row"))
    }

    func update(after change: TableChange) throws {
        var affected: Set<RowID> = []
        if !change.addedGroups.isEmpty || !change.widenedGroups.isEmpty {
            affected.formUnion(try rows("SELECT DISTINCT row FROM gemba_sibling WHERE tbl = ?"))
        }
        for group in change.reorderedGroups {
            affected.formUnion(
                try rows("SELECT DISTINCT row FROM gemba_sibling WHERE tbl = ? AND grp = \(group.rawValue)"))
        }
        let inMetadata = { (group: GroupID) in
            let merge = layout.index(of: group).map { layout.groups[$0].merge }
            return merge == .set || merge == .counter || merge == .text
        }
        let added = change.addedGroups.filter(inMetadata)
        let reordered = change.reorderedGroups.filter(inMetadata)
        if !added.isEmpty || !reordered.isEmpty {
            affected.formUnion(
                try rowsWithStates { key, state in
                    added.contains(key.group) || (reordered.contains(key.group) && state.names.count > 1)
                })
        }
        try project(affected.sorted())
        // Names and rules may differ from those that the lines state.
        for row in try rows("SELECT DISTINCT row_id FROM conflict WHERE table_id = ?") {
            context.rows.noteContest(over: row, in: layout.table.id)
        }
    }

    /// Has the conflicts found of a table that was made before the table `conflict` was kept.
    func findConflicts() throws {
        try context.connection.statement("SELECT id, gemba_meta FROM \(layout.quotedName)").forEach { line in
            let metadata = try line.withBytes(1) { bytes in Result { try RowMetadata(decoding: bytes) } }.get()
            if metadata.isContested(in: layout) {
                context.rows.noteContest(over: try line.fixed(0), in: layout.table.id)
            }
        }
        for row in try rows("SELECT row FROM gemba_hidden WHERE tbl = ?") {
            context.rows.noteContest(over: row, in: layout.table.id)
        }
    }

    private func project(_ rows: [RowID]) throws {
        for row in rows { try context.rows.project(table: layout.table.id, row: row) }
    }

    private func rows(_ sql: String) throws -> [RowID] {
        var rows: [RowID] = []
        try context.connection.statement(sql).bind(1, table).forEach { rows.append(try $0.fixed(0)) }
        return rows
    }

    /// The visible rows that have a group state of which the condition holds, among those that are not in a column.
    ///
    /// Reads the metadata of every row and decodes that of few.
    private func rowsWithStates(_ condition: (GroupKey, GroupState<Nothing>) -> Bool) throws -> [RowID] {
        var found: [RowID] = []
        try context.connection.statement("SELECT id, gemba_meta FROM \(layout.quotedName)").forEach { line in
            let metadata = try line.withBytes(1) { bytes in
                Result { try RowMetadata.listsGroups(bytes) ? RowMetadata(decoding: bytes) : nil }
            }.get()
            if let metadata, metadata.state.groups.contains(where: condition) { found.append(try line.fixed(0)) }
        }
        return found
    }
}
