import GRDB
import GembaCausality
import GembaStore
import GembaWire

/// Compares what a replica shows with what the rules give.
struct StateChecker {
    let replica: Replica
    let node: String
    let model: ReferenceModel

    func check() throws {
        for table in replica.schema.tables { try check(table) }
        try checkConflicts()
        let digest = try replica.digest()
        guard digest.bytes == model.digest() else { throw Violation(.model, at: node, try differingState()) }
    }

    /// Names the first row whose state is not the one that the rules give, with both in canonical encoding.
    private func differingState() throws -> String {
        let rows = try replica.canonicalRows()
        let held = Dictionary(rows.map { (ReferenceModel.Key(table: $0.table, row: $0.row), $0.encoding) }) { $1 }
        for key in Set(held.keys).union(model.rows.keys).sorted() {
            let expected = model.rows[key].map { model.encoding(of: $0, key) } ?? []
            if held[key] ?? [] != expected {
                let (has, wants) = (Hexadecimal.encode(held[key] ?? []), Hexadecimal.encode(expected))
                return "row \(key.row) of table \(key.table.rawValue) is \(has) instead of \(wants)"
            }
        }
        return "the digest is not that of its rows"
    }

    private func check(_ table: GembaStore.Table) throws {
        let shown = try rows(of: table)
        let expected = model.projection(of: table)
        if shown == expected { return }
        let difference = zip(shown, expected).first { $0 != $1 }
        throw Violation(
            .model, at: node,
            "table \(table.name) shows \(shown.count) rows of \(expected.count) that the rules give; "
                + "first difference: \(difference.map { "\($0.0) instead of \($0.1)" } ?? "none")")
    }

    /// The rows as SQL gives them, columns in the order of the groups' numbers.
    private func rows(of table: GembaStore.Table) throws -> [[Value]] {
        let columns = table.groups.sorted { $0.id < $1.id }.flatMap(\.columns).map { "\"\($0.name)\"" }
        let list = (["id"] + columns).joined(separator: ", ")
        return try replica.read { database in
            try Row.fetchAll(database, sql: "SELECT \(list) FROM \(table.name) ORDER BY id").map { row in
                (0...columns.count).map { Value.fromDatabaseValue(row[$0]) ?? .null }
            }
        }
    }

    private func checkConflicts() throws {
        let conflicts = try replica.conflicts()
        try check(orphans: conflicts.filter { $0.kind == .orphan })
        let listed = conflicts.filter { $0.kind != .orphan }.map { conflict in
            ConflictKey(
                kind: conflict.kind, table: conflict.table, row: conflict.row, columns: conflict.columns,
                dots: conflict.siblings.map(\.provenance.dot).sorted())
        }
        let expected = model.conflicts(in: replica.schema)
        guard Set(listed) == expected, listed.count == expected.count else {
            throw Violation(
                .model, at: node, "\(listed.count) conflicts are listed, \(expected.count) exist by the rules")
        }
    }

    /// Every row that is an orphan by the rules is listed, and by nothing else than changes that made it one.
    private func check(orphans: [Conflict]) throws {
        let tables = Dictionary(replica.schema.tables.map { ($0.name, $0.id) }) { first, _ in first }
        let expected = model.orphans(in: replica.schema)
        var listed: Set<ReferenceModel.Key> = []
        for conflict in orphans {
            guard let table = tables[conflict.table] else { continue }
            let key = ReferenceModel.Key(table: table, row: conflict.row)
            listed.insert(key)
            let dots = Set(conflict.siblings.map(\.provenance.dot))
            guard !dots.isEmpty, dots.isSubset(of: expected[key] ?? []) else {
                throw Violation(
                    .model, at: node, "row \(conflict.row) of \(conflict.table) is listed as an orphan of \(dots)")
            }
        }
        guard listed == Set(expected.keys) else {
            throw Violation(
                .model, at: node, "\(listed.count) orphans are listed, \(expected.count) exist by the rules")
        }
    }
}
