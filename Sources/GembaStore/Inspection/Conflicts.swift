import GembaCRDT
public import GembaCausality
public import GembaWire

/// A group that people wrote apart and nobody has settled.
public struct Conflict: Hashable, Sendable {
    /// One of the concurrent values.
    public struct Sibling: Hashable, Sendable {
        /// The values by column name.
        public var values: [String: Value]
        /// Who wrote it, where and when.
        public var provenance: Provenance
        /// Whether readers are shown this one.
        public var isShown: Bool
    }

    /// The name of the table.
    public var table: String
    /// The row.
    public var row: RowID
    /// The number of the group.
    public var group: GroupID
    /// The columns of the group.
    public var columns: [String]
    /// At least two, the shown one first, then by time.
    public var siblings: [Sibling]
}

extension Replica {
    /// The groups of visible rows that have more than one un-replaced write.
    ///
    /// - Parameter row: considers only this row.
    public func conflicts(ofRow row: RowID? = nil) throws -> [Conflict] {
        try withReader { context in
            let statement = try context.connection.statement(
                """
                SELECT tbl, row, grp FROM gemba_sibling
                GROUP BY tbl, row, grp HAVING count(*) > 1 ORDER BY tbl, row, grp
                """)
            var found: [(table: TableID, row: RowID, group: GroupID)] = []
            try statement.forEach { line in
                found.append(
                    (
                        TableID(rawValue: UInt32(truncatingIfNeeded: line.int(0))), try line.fixed(1),
                        GroupID(rawValue: UInt32(truncatingIfNeeded: line.int(2)))
                    ))
            }
            return try found.filter { row == nil || $0.row == row }.compactMap {
                try context.conflict(table: $0.table, row: $0.row, group: $0.group)
            }
        }
    }

    /// How many groups of visible rows are in conflict.
    public func conflictCount() throws -> Int { try conflicts().count }
}

extension WriteTransaction {
    /// Settles a conflict in favour of one of its siblings, which may be one that readers are not shown.
    ///
    /// What somebody wrote since the conflict was read stays a sibling: whoever settles has not seen it.
    public func settle(_ conflict: Conflict, with sibling: Conflict.Sibling) throws {
        let seen = VersionToken(dots: [conflict.group: conflict.siblings.map(\.provenance.dot)])
        try update(conflict.table, conflict.row, sibling.values, basedOn: seen)
    }
}

extension StoreContext {
    fileprivate func conflict(table: TableID, row: RowID, group: GroupID) throws -> Conflict? {
        guard let layout = environment.layouts[table], let index = layout.index(of: group),
            let (state, isVisible) = try rows.load(table: table, row: row), isVisible
        else { return nil }
        let declared = layout.groups[index]
        let writes = state.writes(GroupKey(group: group, family: MergeFamily(declared.merge)))
        guard writes.writes.count > 1, Set(writes.writes.map(\.payload)).count > 1 else { return nil }
        let shown = try rows.shown(writes, by: layout.orders[index])?.name
        let names = declared.columns.map(\.name)
        let siblings = try writes.writes.map { write in
            Conflict.Sibling(
                values: Dictionary(zip(names, write.payload), uniquingKeysWith: { first, _ in first }),
                provenance: try provenance(of: write.name), isShown: write.name == shown)
        }
        let sorted = siblings.sorted { left, right in
            if left.isShown != right.isShown { return left.isShown }
            return (left.provenance.timestamp, left.provenance.dot) < (right.provenance.timestamp, right.provenance.dot)
        }
        return Conflict(table: layout.table.name, row: row, group: group, columns: names, siblings: sorted)
    }
}
