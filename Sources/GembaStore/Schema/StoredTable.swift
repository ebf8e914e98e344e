import Foundation
import GRDB
import GembaCausality
import GembaWire

/// A replicated table as the database has it: what the program that last changed it had declared.
///
/// Numbers tell what is what; names are looked up here to find what was renamed. Stored as JSON in `gemba_table`.
struct StoredTable: Codable, Hashable, Sendable {
    var name: String
    /// Sorted by number.
    var groups: [StoredGroup]

    struct StoredGroup: Codable, Hashable, Sendable {
        var id: UInt32
        var merge: String
        /// Which sibling is shown; see ``Group/ruleName(ranks:)``.
        var rule: String
        var columns: [StoredColumn]
    }

    struct StoredColumn: Codable, Hashable, Sendable {
        var name: String
        /// The kinds of value that it takes.
        var takes: UInt8
    }

    /// The table as a layout declares it.
    init(_ layout: TableLayout, ranks: [RankFunction]) {
        let ranks = Set(ranks.map(\.id))
        name = layout.table.name
        groups = layout.groups.map { StoredGroup($0, ranks: ranks) }
    }

    /// A table of a database that did not keep declarations yet: as declared, less what it has no columns for.
    init(_ layout: TableLayout, having columns: Set<String>) {
        name = layout.table.name
        groups = layout.groups.filter { group in group.columns.allSatisfy { columns.contains($0.name) } }
            .map { StoredGroup($0, ranks: []) }
    }
}

extension StoredTable.StoredGroup {
    init(_ group: Group, ranks: Set<String>) {
        self.init(
            id: group.id.rawValue, merge: "\(group.merge)", rule: group.ruleName(ranks: ranks),
            columns: group.columns.map { .init(name: $0.name, takes: $0.domain.rawValue) })
    }
}

extension Group {
    /// The rule that is in force, as a text that differs for different rules. A function that the program does not have
    /// leaves the latest value shown.
    func ruleName(ranks: Set<String>) -> String {
        switch rule.choice {
        case .latest: "latest"
        case .first: "first"
        case .greatest(let order, let column):
            "greatest \(column ?? "") \(order.map { Hexadecimal.encode($0.encoded()) }.joined(separator: " "))"
        case .function(let id): ranks.contains(id) ? "function \(id)" : "latest"
        }
    }
}

// MARK: - In the database

extension StoreContext {
    /// The replicated tables that the database has, by number.
    func storedTables() throws -> [TableID: StoredTable] {
        var tables: [TableID: StoredTable] = [:]
        let decoder = JSONDecoder()
        try connection.statement("SELECT tbl, declaration FROM gemba_table").forEach { row in
            let id = TableID(rawValue: UInt32(truncatingIfNeeded: row.int(0)))
            do {
                tables[id] = try decoder.decode(StoredTable.self, from: Data(row.text(1).utf8))
            } catch {
                throw StoreError(.corrupted, "The declaration of table \(id.rawValue) is damaged.", cause: error)
            }
        }
        return tables
    }

    func store(_ table: StoredTable, as id: TableID) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let text = String(decoding: try encoder.encode(table), as: UTF8.self)
        try connection.statement("INSERT OR REPLACE INTO gemba_table (tbl, declaration) VALUES (?, ?)")
            .bind(1, Int64(id.rawValue)).bind(2, text).run()
    }
}
