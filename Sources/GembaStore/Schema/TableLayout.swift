import GembaWire

/// A table as the store works with it: where the columns of each group stand, and the SQL for them.
final class TableLayout: Sendable {
    let table: Table
    /// All columns in SQL order, after `id` and before `gemba_meta`.
    let columns: [Column]
    /// The group of each entry of `groupRanges`, sorted by group number.
    let groups: [Group]
    /// The numbers and merge families of `groups`, and the domains of `columns`, for checks that every value passes.
    let groupIDs: [GroupID]
    /// The numbers of `groups` with the places of their columns.
    let places: [(id: GroupID, places: Range<Int>)]
    /// For each column: the index of its group.
    let groupOfColumn: [Int]
    /// For each column: what a reader sees where nobody has written.
    let defaults: [Value]
    /// The columns of texts.
    let textPlaces: [Int]
    /// Whether rows have both facts and other groups.
    let mixesFacts: Bool
    private let families: [MergeFamily]
    private let domains: [Column.Domain]
    /// For the group at the same index: its columns' places in `columns`.
    let ranges: [Range<Int>]
    /// For the group at the same index: which of its siblings is shown.
    let orders: [SiblingOrder]
    /// `id, columns…, gemba_meta`.
    let allColumns: String
    let quotedName: String
    let insert: SQLText
    let replace: SQLText
    let selectRow: SQLText
    let selectAll: SQLText
    let selectMetadata: SQLText
    let delete: SQLText
    private let indexByGroup: [GroupID: Int]
    private let placeByColumn: [String: (group: Int, column: Int)]

    init(_ table: Table, ranks: [String: RankFunction]) {
        self.table = table
        groups = table.groups.sorted { $0.id < $1.id }
        var columns: [Column] = []
        var ranges: [Range<Int>] = []
        var placeByColumn: [String: (group: Int, column: Int)] = [:]
        for (index, group) in groups.enumerated() {
            ranges.append(columns.count..<columns.count + group.columns.count)
            for column in group.columns {
                placeByColumn[column.name] = (index, columns.count)
                columns.append(column)
            }
        }
        self.columns = columns
        groupIDs = groups.map { $0.id }
        families = groups.map { MergeFamily($0.merge) }
        domains = columns.map { $0.domain }
        defaults = columns.map { $0.defaultValue }
        self.ranges = ranges
        orders = groups.map { SiblingOrder(of: $0, ranks: ranks) }
        places = zip(groupIDs, ranges).map { ($0, $1) }
        groupOfColumn = ranges.enumerated().flatMap { index, range in range.map { _ in index } }
        textPlaces = zip(groups, ranges).filter { $0.0.merge == .text }.map { $0.1.lowerBound }
        mixesFacts = !table.holdsFacts && table.groups.contains { $0.merge == .fact }
        self.placeByColumn = placeByColumn
        indexByGroup = Dictionary(uniqueKeysWithValues: groups.enumerated().map { ($1.id, $0) })

        let name = SQL.quoted(table.name)
        let all = (["id"] + columns.map { SQL.quoted($0.name) } + ["gemba_meta"]).joined(separator: ", ")
        let marks = Array(repeating: "?", count: columns.count + 2).joined(separator: ", ")
        quotedName = name
        allColumns = all
        insert = SQLText("INSERT INTO \(name) (\(all)) VALUES (\(marks)) ON CONFLICT DO NOTHING")
        replace = SQLText("INSERT OR REPLACE INTO \(name) (\(all)) VALUES (\(marks))")
        selectRow = SQLText("SELECT \(all) FROM \(name) WHERE id = ?")
        selectAll = SQLText("SELECT \(all) FROM \(name) ORDER BY id")
        selectMetadata = SQLText("SELECT gemba_meta FROM \(name) WHERE id = ?")
        delete = SQLText("DELETE FROM \(name) WHERE id = ?")
    }

    func index(of group: GroupID) -> Int? {
        // Groups are mostly numbered from 1 on.
        let guess = Int(group.rawValue) - 1
        if groupIDs.indices.contains(guess), groupIDs[guess] == group { return guess }
        return indexByGroup[group]
    }

    /// The index of a column's group in `groups`, and its own in `columns`.
    func place(ofColumn name: String) -> (group: Int, column: Int)? {
        // Comparing a few short names takes less than hashing one.
        if columns.count > Self.fewColumns { return placeByColumn[name] }
        return columns.firstIndex { $0.name == name }.map { (groupOfColumn[$0], $0) }
    }

    private static let fewColumns = 16

    /// Whether values can stand in the columns of a group.
    func fits(_ values: [Value], group: Int, family: MergeFamily) -> Bool {
        let range = ranges[group]
        guard families[group] == family, values.count == range.count else { return false }
        return zip(range, values).allSatisfy { domains[$0].contains($1) }
    }

    /// Whether a group is of a family and has so many columns.
    func holds(_ family: MergeFamily, group: Int, width: Int) -> Bool {
        families[group] == family && ranges[group].count == width
    }

    /// Binds the defaults of columns to an ``insert``.
    func bindDefaults(_ places: Range<Int>, to statement: Statement) {
        for place in places { statement.bind(Int32(place + 2), defaults[place]) }
    }

    /// Whether a column takes a value.
    func accepts(_ value: Value, column: Int) -> Bool { domains[column].contains(value) }

    /// Whether a column takes a value.
    func accepts(_ value: EncodedValue, column: Int) -> Bool { domains[column].contains(value) }

    /// Updates the columns at the given places of one row, which the edits given to ``RowSettler`` leave settled.
    func update(columns places: [Int]) -> String {
        let assignments =
            places.map { "\(SQL.quoted(columns[$0].name)) = ?" }
            + ["gemba_meta = \(RowSettler.functionName)(gemba_meta)"]
        return "UPDATE \(quotedName) SET \(assignments.joined(separator: ", ")) WHERE id = ?"
    }
}

/// A SQL text that is prepared once on each connection, and then found by its identity instead of by its letters.
final class SQLText: Sendable {
    let text: String

    init(_ text: String) { self.text = text }
}

/// Pieces of SQL text.
enum SQL {
    static func literal(_ text: String) -> String { "'" + text.replacing("'", with: "''") + "'" }

    static func quoted(_ identifier: String) -> String {
        "\"" + identifier.replacing("\"", with: "\"\"") + "\""
    }
}
