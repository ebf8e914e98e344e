import GembaWire

/// A table as the store works with it: where the columns of each group stand, and the SQL for them.
struct TableLayout: Sendable {
    let table: Table
    /// All columns in SQL order, after `id` and before `gemba_meta`.
    let columns: [Column]
    /// The group of each entry of `groupRanges`, sorted by group number.
    let groups: [Group]
    /// For the group at the same index: its columns' places in `columns`.
    let ranges: [Range<Int>]
    /// `id, columns…, gemba_meta`.
    let allColumns: String
    let quotedName: String
    let insertSQL: String
    let replaceSQL: String
    let selectRowSQL: String
    let selectMetadataSQL: String
    let deleteSQL: String
    private let indexByGroup: [GroupID: Int]
    private let groupByColumn: [String: (group: Int, member: Int)]

    init(_ table: Table) {
        self.table = table
        groups = table.groups.sorted { $0.id < $1.id }
        var columns: [Column] = []
        var ranges: [Range<Int>] = []
        var groupByColumn: [String: (group: Int, member: Int)] = [:]
        for (index, group) in groups.enumerated() {
            ranges.append(columns.count..<columns.count + group.columns.count)
            for (member, column) in group.columns.enumerated() {
                groupByColumn[column.name] = (index, member)
                columns.append(column)
            }
        }
        self.columns = columns
        self.ranges = ranges
        self.groupByColumn = groupByColumn
        indexByGroup = Dictionary(uniqueKeysWithValues: groups.enumerated().map { ($1.id, $0) })

        let name = SQL.quoted(table.name)
        let all = (["id"] + columns.map { SQL.quoted($0.name) } + ["gemba_meta"]).joined(separator: ", ")
        let marks = Array(repeating: "?", count: columns.count + 2).joined(separator: ", ")
        quotedName = name
        allColumns = all
        insertSQL = "INSERT INTO \(name) (\(all)) VALUES (\(marks)) ON CONFLICT DO NOTHING"
        replaceSQL = "INSERT OR REPLACE INTO \(name) (\(all)) VALUES (\(marks))"
        selectRowSQL = "SELECT \(all) FROM \(name) WHERE id = ?"
        selectMetadataSQL = "SELECT gemba_meta FROM \(name) WHERE id = ?"
        deleteSQL = "DELETE FROM \(name) WHERE id = ?"
    }

    func index(of group: GroupID) -> Int? { indexByGroup[group] }

    func place(ofColumn name: String) -> (group: Int, member: Int)? { groupByColumn[name] }

    /// Updates the columns at the given places and the metadata of one row.
    func updateSQL(columns places: [Int]) -> String {
        let assignments = places.map { "\(SQL.quoted(columns[$0].name)) = ?" } + ["gemba_meta = ?"]
        return "UPDATE \(quotedName) SET \(assignments.joined(separator: ", ")) WHERE id = ?"
    }
}

/// Pieces of SQL text.
enum SQL {
    static func quoted(_ identifier: String) -> String {
        "\"" + identifier.replacing("\"", with: "\"\"") + "\""
    }
}
