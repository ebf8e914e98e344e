import GembaWire

/// What has to be done to a stored table so that it is as declared. A pure function of the two declarations.
///
/// Everything that it holds can be done without writing a change: names, rules and accepted kinds are local, and a new
/// column is an empty group of every row. What cannot be done at all is an error that says what can be instead.
struct TableChange {
    /// The name that the table had, where it differs.
    var formerName: String?
    /// The names that columns had, with those that they get.
    var renamedColumns: [(from: String, to: String)] = []
    /// The columns to add, by their places in the layout.
    var addedColumns: [Int] = []
    /// The groups that are new to the database.
    var addedGroups: Set<GroupID> = []
    /// Whether a column takes more than its SQL type allows, so that the table has to be built anew.
    var needsRebuilding = false
    /// The groups of which columns take more than they did.
    var widenedGroups: Set<GroupID> = []
    /// The groups of which another sibling may be shown.
    var reorderedGroups: Set<GroupID> = []

    init(from stored: StoredTable, to layout: TableLayout, ranks: [RankFunction]) throws(StoreError) {
        if stored.name != layout.table.name { formerName = stored.name }
        let known = Dictionary(uniqueKeysWithValues: stored.groups.map { ($0.id, $0) })
        for group in stored.groups where layout.index(of: GroupID(rawValue: group.id)) == nil {
            throw Self.unknown(group, in: layout.table)
        }
        for (index, declared) in StoredTable(layout, ranks: ranks).groups.enumerated() {
            if let former = known[declared.id] {
                try compare(former, declared, layout: layout, index: index)
            } else {
                addedGroups.insert(layout.groupIDs[index])
                addedColumns += layout.ranges[index]
            }
        }
    }

    private mutating func compare(
        _ former: StoredTable.StoredGroup, _ declared: StoredTable.StoredGroup, layout: TableLayout, index: Int
    ) throws(StoreError) {
        let table = layout.table.name
        let formerNames = former.columns.map(\.name)
        let names = declared.columns.map(\.name)
        let keepsOrder = zip(formerNames, names).allSatisfy { $0 == $1 || !formerNames.contains($1) }
        guard former.merge == declared.merge, formerNames.count == names.count, keepsOrder else {
            throw StoreError(
                .invalidSchema,
                "Group \(former.id) of table \(table) is a \(former.merge) of \(formerNames.joined(separator: ", ")), for "
                    + "ever: other stations hold it so. Declare what is new as a group with a number of its own.")
        }
        let id = layout.groupIDs[index]
        for (place, (old, new)) in zip(layout.ranges[index], zip(former.columns, declared.columns)) {
            if old.name != new.name { renamedColumns.append((old.name, new.name)) }
            let (had, has) = (Column.Domain(rawValue: old.takes), layout.columns[place].domain)
            guard has.isSuperset(of: had) else {
                throw StoreError(
                    .invalidSchema,
                    "Column \(new.name) of table \(table) took \(had) and cannot take less: what was written would be "
                        + "hidden. Declare that it is widened from these, or a new group.")
            }
            if has != had { widenedGroups.insert(id) }
            if has.sqlType != had.sqlType { needsRebuilding = true }
        }
        if former.rule != declared.rule { reorderedGroups.insert(id) }
    }

    private static func unknown(_ group: StoredTable.StoredGroup, in table: Table) -> StoreError {
        let names = group.columns.map(\.name).joined(separator: ", ")
        return unknown("column \(names) of table \(table.name)")
    }

    /// What is stored and not declared: what this program would keep beside it, the program that knows it would not find.
    static func unknown(_ what: String) -> StoreError {
        StoreError(
            .unsupportedDatabase,
            "This replica holds the \(what), which this program does not know. Open it with the program that made it, in the "
                + "same or a later version; a version that no longer wants it declares it as hidden.")
    }
}
