public import GembaCausality
import GembaWire

extension Replica {
    /// What people did apart and nobody has settled, by table, row and group.
    ///
    /// The table `conflict` says in which rows that is; other programs read it with plain SQL.
    ///
    /// - Parameter row: considers only this row.
    public func conflicts(ofRow row: RowID? = nil) throws -> [Conflict] {
        try withReader { context in
            try context.contestedRows(row).flatMap { table, row -> [Conflict] in
                guard let layout = context.environment.layouts[table] else { return [] }
                return try ConflictFinder(row, in: layout, context: context)?.conflicts() ?? []
            }
        }
    }

    /// How many conflicts there are.
    public func conflictCount() throws -> Int {
        try withReader { context in
            let sql = "SELECT count(*) FROM (SELECT DISTINCT table_id, row_id, group_id, kind FROM conflict)"
            return Int(try context.connection.statement(sql).first { $0.int(0) } ?? 0)
        }
    }
}

extension StoreContext {
    fileprivate func contestedRows(_ row: RowID?) throws -> [(TableID, RowID)] {
        var found: [(TableID, RowID)] = []
        let condition = row == nil ? "" : "WHERE row_id = ?"
        let statement = try connection.statement(
            "SELECT DISTINCT table_id, row_id FROM conflict \(condition) ORDER BY table_id, row_id")
        if let row { statement.bind(1, row) }
        try statement.forEach { line in
            found.append((TableID(rawValue: UInt32(truncatingIfNeeded: line.int(0))), try line.fixed(1)))
        }
        return found
    }
}
