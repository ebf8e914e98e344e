import GRDB
import GembaCausality
import GembaWire

/// Brings a file of an earlier format to today's, in one transaction.
///
/// From version 4 on the metadata of a row may list drops; what version 3 holds is valid as it is. From version 5 on a segment
/// says from which hash its chain goes on, and bodies may be sealed. From version 6 on logs may have branches, and several runs
/// that follow one entry may be set aside.
struct FormatUpgrade {
    let context: StoreContext

    /// - Parameter version: the version of the file, as ``DatabaseFormat/check(_:)`` found it.
    func run(from version: Int64) throws {
        // Whatever reads a log asks for its branches.
        if version < 6 { try context.connection.execute(DatabaseFormat.branchTable) }
        if version < 2 {
            try packEntries()
            try context.connection.execute(DatabaseFormat.declarationTables)
            try context.connection.execute(DatabaseFormat.checkpointTables)
            try ConflictTable.create(in: context.connection.database)
            try context.connection.execute(DatabaseFormat.textTables)
        } else if version < 3 {
            try keepSeveralFloors()
        }
        if version < 3 { try context.connection.execute(DatabaseFormat.scrubTable) }
        try keepSeveralVoidRuns(from: version)
        if (2..<5).contains(version) {
            try context.connection.execute("ALTER TABLE gemba_segment ADD COLUMN start BLOB")
        }
        try context.connection.execute("PRAGMA user_version = \(DatabaseFormat.version)")
    }

    // MARK: - From version 5

    /// Version 5 kept one run that follows an entry.
    private func keepSeveralVoidRuns(from version: Int64) throws {
        if version < 5 {
            try context.connection.execute(DatabaseFormat.voidTable)
        } else if version < 6 {
            try context.connection.execute(
                """
                ALTER TABLE gemba_void RENAME TO gemba_void_5;
                \(DatabaseFormat.voidTable)
                INSERT INTO gemba_void SELECT replica, first, run FROM gemba_void_5;
                DROP TABLE gemba_void_5;
                """)
        }
    }

    // MARK: - From version 2

    /// Version 2 kept one floor for each log.
    private func keepSeveralFloors() throws {
        try context.connection.execute(
            """
            ALTER TABLE gemba_floor RENAME TO gemba_floor_2;
            \(DatabaseFormat.floorTable)
            INSERT INTO gemba_floor SELECT replica, sequence, hash FROM gemba_floor_2;
            DROP TABLE gemba_floor_2;
            """)
    }

    // MARK: - From version 1

    /// Version 1 kept every entry in a row of its own, the signatures and the frontier in tables beside it.
    private func packEntries() throws {
        try context.connection.execute(
            """
            ALTER TABLE gemba_replica ADD COLUMN timestamp INTEGER NOT NULL DEFAULT 0;
            ALTER TABLE gemba_replica ADD COLUMN covered INTEGER NOT NULL DEFAULT -1;
            ALTER TABLE gemba_replica ADD COLUMN quarantined INTEGER NOT NULL DEFAULT 0;
            UPDATE gemba_replica SET covered = sequence WHERE (kind, id) NOT IN (SELECT kind, replica FROM gemba_frontier);
            \(DatabaseFormat.logTables)
            """)
        for (kind, table) in [(LogKind.data, "gemba_change"), (.roster, "gemba_roster_entry")] {
            try packEntries(of: kind, from: table)
        }
        try context.connection.execute(
            "DROP TABLE gemba_change; DROP TABLE gemba_roster_entry; DROP TABLE gemba_head; DROP TABLE gemba_frontier")
    }

    private func packEntries(of kind: LogKind, from table: String) throws {
        let entries = try context.connection.statement(
            """
            SELECT entry.replica, entry.sequence, hash, timestamp, lamport, quarantined, entry, signature, position
            FROM \(table) AS entry LEFT JOIN gemba_head USING (replica, sequence) ORDER BY position
            """)
        var group: [StoredEntry] = []
        var position: Int64 = 1
        var last: LocalDot?
        try entries.forEach { row in
            let dot = LocalDot(replica: row.int(0), sequence: row.unsigned(1))
            group.append(
                StoredEntry(
                    sequence: dot.sequence, hash: try row.fixed(2),
                    timestamp: HybridTimestamp(rawValue: row.unsigned(3)),
                    lamport: row.unsigned(4), isQuarantined: row.int(5) != 0, encoded: row.bytes(6)))
            if row.isNull(7) { return }
            try place(group, of: kind, replica: dot.replica, at: position, after: last, signature: row.bytes(7))
            position += Int64(group.count)
            last = dot
            group.removeAll()
        }
        guard group.isEmpty else {
            throw StoreError(
                .corrupted, "A log of this replica does not end at a signed head; restore it from a backup.")
        }
    }

    private func place(
        _ group: [StoredEntry], of kind: LogKind, replica: Int64, at position: Int64, after last: LocalDot?,
        signature: [UInt8]
    ) throws {
        let first = LocalDot(replica: replica, sequence: group[0].sequence)
        let beginsStretch = last?.replica != replica
        if beginsStretch {
            try context.log.insertStretch(
                LogStretch(position: position, replica: replica, first: first.sequence), of: kind)
        }
        try context.log.insert(
            group, replica: replica, after: nil, beginsStretch: beginsStretch, signature: signature)
        try context.connection.statement(
            "UPDATE gemba_replica SET timestamp = ?, quarantined = quarantined + ? WHERE id = ?"
        )
        .bind(1, group[group.count - 1].timestamp.rawValue).bind(2, group.count { $0.isQuarantined })
        .bind(3, replica).run()
        guard let tip = try context.log.tip(number: replica) else { return }
        var reached = tip
        reached.sequence = group[group.count - 1].sequence
        try context.log.packIfDue(reached, grownFrom: first.sequence == 0 ? 0 : first.sequence - 1)
    }
}
