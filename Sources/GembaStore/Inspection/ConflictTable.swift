import GRDB
import GembaCausality
import GembaWire

/// The table `conflict`: a line for each value that somebody wrote and nobody is shown.
///
/// It is an ordinary table, so that any program reads it with plain SQL, and is written in the transaction that changes
/// the rows: lines of rows without conflicts cost nothing, because nothing looks for them. It can be computed anew from
/// the rows and the logs, and `verify` does so.
enum ConflictTable {
    static let name = "conflict"

    /// `value` is that of a single column, or a JSON object by column. `written_at` counts milliseconds since 1970.
    static let definition = """
        CREATE TABLE conflict (
            table_id INTEGER NOT NULL,
            row_id BLOB NOT NULL,
            place INTEGER NOT NULL,
            kind TEXT NOT NULL,
            table_name TEXT NOT NULL,
            group_id INTEGER,
            column_names TEXT NOT NULL,
            value ANY,
            written_by TEXT NOT NULL,
            written_at INTEGER NOT NULL,
            reason TEXT NOT NULL,
            station BLOB NOT NULL,
            replica BLOB NOT NULL,
            sequence INTEGER NOT NULL,
            PRIMARY KEY (table_id, row_id, place)
        ) STRICT, WITHOUT ROWID;
        """

    static func create(in database: Database) throws {
        try database.execute(sql: definition)
        try TableGuards.install(
            on: name, saying: "conflict is kept by Gemba: settle through it, and others hear of it", database)
    }

    /// One line, apart from its key.
    struct Line: Hashable {
        var kind: String
        var table: String
        var group: GroupID?
        var columns: String
        var value: Value
        var provenance: Provenance
    }

    /// What of a row's conflicts is not shown.
    static func lines(of conflicts: [Conflict]) -> [Line] {
        conflicts.flatMap { conflict in
            let shown = conflict.siblings.first { $0.isShown }
            // The same value by another author is nothing to choose between.
            let others = conflict.siblings.filter { sibling in
                !sibling.isShown && (sibling.written.isEmpty || sibling.written != shown?.written)
            }
            return others.map { sibling in
                Line(
                    kind: conflict.kind.rawValue, table: conflict.table, group: conflict.group,
                    columns: conflict.columns.joined(separator: ", "), value: value(of: sibling, in: conflict),
                    provenance: sibling.provenance)
            }
        }
    }

    private static func value(of sibling: Conflict.Sibling, in conflict: Conflict) -> Value {
        let written = sibling.written
        if written.count < 2 { return written.first ?? .null }
        if written.count != conflict.columns.count { return .text(JSON.array(written)) }
        return .text(JSON.object(zip(conflict.columns, written).map { (name: $0, value: $1) }))
    }
}

// MARK: - Keeping it up

extension StoreContext {
    /// Brings the table `conflict` up to date with what the transaction changed.
    func updateConflicts() throws {
        if rows.contestedRows.isEmpty { return }
        for (table, contested) in rows.contestedRows.sorted(by: { $0.key < $1.key }) {
            for row in contested.sorted() { try updateConflicts(over: row, in: table) }
        }
        try connection.database.notifyChanges(in: GRDB.Table(ConflictTable.name))
    }

    private func updateConflicts(over row: RowID, in table: TableID) throws {
        try connection.statement("DELETE FROM conflict WHERE table_id = ? AND row_id = ?")
            .bind(1, Int64(table.rawValue)).bind(2, row).run()
        for (place, line) in try conflictLines(over: row, in: table).enumerated() {
            let statement = try connection.statement(
                "INSERT INTO conflict VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            statement.bind(1, Int64(table.rawValue)).bind(2, row).bind(3, place).bind(4, line.kind).bind(5, line.table)
            statement.bind(6, line.group.map { Value.integer(Int64($0.rawValue)) } ?? .null)
            statement.bind(7, line.columns).bind(8, line.value)
            let written = line.provenance
            statement.bind(9, written.actor).bind(10, written.timestamp.milliseconds).bind(11, written.reason)
            statement.bind(12, written.station).bind(13, written.dot.replica).bind(14, written.dot.sequence)
            try statement.run()
        }
    }

    func conflictLines(over row: RowID, in table: TableID) throws -> [ConflictTable.Line] {
        guard let layout = environment.layouts[table] else { return [] }
        return try ConflictFinder(row, in: layout, context: self).map { ConflictTable.lines(of: try $0.conflicts()) }
            ?? []
    }

    /// Has lines written anew that name replicas which are called otherwise now.
    func renewConflicts(over replicas: [ReplicaID]) throws {
        for replica in replicas {
            let statement = try connection.statement("SELECT table_id, row_id FROM conflict WHERE replica = ?")
            try statement.bind(1, replica).forEach { line in
                rows.noteContest(
                    over: try line.fixed(1), in: TableID(rawValue: UInt32(truncatingIfNeeded: line.int(0))))
            }
        }
    }

    /// Whether there are lines about a row.
    func hasConflict(over row: RowID, in table: TableID) throws -> Bool {
        try connection.statement("SELECT 1 FROM conflict WHERE table_id = ? AND row_id = ? LIMIT 1")
            .bind(1, Int64(table.rawValue)).bind(2, row).first { _ in true } ?? false
    }

    /// The lines about a row as they are stored.
    func storedConflictLines(over row: RowID, in table: TableID) throws -> [ConflictTable.Line] {
        var lines: [ConflictTable.Line] = []
        let statement = try connection.statement(
            """
            SELECT kind, table_name, group_id, column_names, value, written_by, written_at, reason, station, replica,
                sequence
            FROM conflict WHERE table_id = ? AND row_id = ? ORDER BY place
            """)
        try statement.bind(1, Int64(table.rawValue)).bind(2, row).forEach { line in
            let dot = Dot(try line.fixed(9), line.unsigned(10))
            // The table keeps neither the counter of a timestamp nor the lamport number.
            let held = try localIfHeld(dot).map(provenance)
            lines.append(
                ConflictTable.Line(
                    kind: line.text(0), table: line.text(1),
                    group: line.isNull(2) ? nil : GroupID(rawValue: UInt32(truncatingIfNeeded: line.int(2))),
                    columns: line.text(3), value: line.value(4),
                    provenance: Provenance(
                        dot: dot,
                        timestamp: held.flatMap { $0.timestamp.milliseconds == line.unsigned(6) ? $0.timestamp : nil }
                            ?? HybridTimestamp(rawValue: 0),
                        lamport: held?.lamport ?? 0, station: try line.fixed(8), actor: line.text(5),
                        reason: line.text(7))))
        }
        return lines
    }
}
