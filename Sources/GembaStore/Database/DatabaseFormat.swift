import GRDB

/// The library's own tables, and their versions.
enum DatabaseFormat {
    /// `PRAGMA application_id`: "Gmba".
    static let applicationID: Int64 = 0x476d_6261
    /// `PRAGMA user_version`.
    static let version: Int64 = 6
    /// The first version whose pages have checksums.
    static let firstChecked: Int64 = 3

    /// The entries of all logs, and their apply order.
    static let logTables = """
        CREATE TABLE gemba_segment (
            id INTEGER PRIMARY KEY,
            directory BLOB NOT NULL,
            heads BLOB NOT NULL,
            coding INTEGER NOT NULL,
            entries BLOB NOT NULL,
            start BLOB
        ) STRICT;
        CREATE TABLE gemba_order (
            kind INTEGER NOT NULL,
            position INTEGER NOT NULL,
            replica INTEGER NOT NULL,
            first INTEGER NOT NULL,
            PRIMARY KEY (kind, position)
        ) STRICT, WITHOUT ROWID;
        """

    /// The replicated tables as they were last declared.
    static let declarationTables = """
        CREATE TABLE gemba_table (
            tbl INTEGER PRIMARY KEY,
            declaration TEXT NOT NULL
        ) STRICT;
        """

    /// The structure of texts that were edited, and texts that no column holds.
    static let textTables = """
        CREATE TABLE gemba_text (
            tbl INTEGER NOT NULL,
            row BLOB NOT NULL,
            grp INTEGER NOT NULL,
            content BLOB NOT NULL,
            PRIMARY KEY (tbl, row, grp)
        ) STRICT;
        """

    /// Where folded entries of a log end, each with the whole hash from which the chain goes on. There are several when bodies
    /// stand between entries that were folded here and others that a checkpoint brought.
    static let floorTable = """
        CREATE TABLE gemba_floor (
            replica INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            hash BLOB NOT NULL,
            PRIMARY KEY (replica, sequence)
        ) STRICT, WITHOUT ROWID;
        """

    /// The floors, and the checkpoint that the replica stands on.
    static let checkpointTables = """
        \(floorTable)
        CREATE TABLE gemba_checkpoint (
            id BLOB PRIMARY KEY,
            manifest BLOB NOT NULL,
            trust INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """

    /// What former members wrote that does not count.
    static let voidTable = """
        CREATE TABLE gemba_void (
            replica INTEGER NOT NULL,
            first INTEGER NOT NULL,
            run BLOB NOT NULL,
            PRIMARY KEY (replica, first, run)
        ) STRICT;
        """

    /// The paths into which forks cut logs; see ``BranchMap``.
    static let branchTable = """
        CREATE TABLE gemba_branch (
            name BLOB PRIMARY KEY,
            log INTEGER NOT NULL,
            replica INTEGER NOT NULL,
            first INTEGER NOT NULL,
            parent INTEGER NOT NULL,
            previous BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        """

    /// What the last round through all pages found, and when.
    static let scrubTable = """
        CREATE TABLE gemba_scrub (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            report TEXT NOT NULL
        ) STRICT;
        """

    static let tables = """
        CREATE TABLE gemba_replica (
            id INTEGER PRIMARY KEY,
            replica BLOB NOT NULL UNIQUE,
            kind INTEGER NOT NULL,
            station BLOB NOT NULL,
            incarnation INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            hash BLOB NOT NULL,
            lamport INTEGER NOT NULL,
            timestamp INTEGER NOT NULL,
            covered INTEGER NOT NULL,
            quarantined INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX gemba_replica_station ON gemba_replica (station);

        \(logTables)
        \(declarationTables)
        \(textTables)
        \(checkpointTables)
        \(scrubTable)
        \(voidTable)
        \(branchTable)

        CREATE TABLE gemba_seen (
            author INTEGER NOT NULL,
            peer INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            upto INTEGER NOT NULL,
            PRIMARY KEY (author, peer, sequence)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE gemba_sibling (
            tbl INTEGER NOT NULL,
            row BLOB NOT NULL,
            grp INTEGER NOT NULL,
            replica INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            content BLOB NOT NULL,
            PRIMARY KEY (tbl, row, grp, replica, sequence)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE gemba_hidden (
            tbl INTEGER NOT NULL,
            row BLOB NOT NULL,
            meta BLOB NOT NULL,
            PRIMARY KEY (tbl, row)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE gemba_deferred (
            tbl INTEGER NOT NULL,
            row BLOB NOT NULL,
            grp INTEGER NOT NULL,
            replica INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            effect BLOB NOT NULL,
            PRIMARY KEY (tbl, row, grp, replica, sequence)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE gemba_state (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            plant BLOB NOT NULL,
            station BLOB NOT NULL,
            latest_timestamp INTEGER NOT NULL,
            data_replica INTEGER,
            roster_replica INTEGER,
            renew INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE gemba_derivation (
            name TEXT PRIMARY KEY,
            version INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE gemba_node (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            status TEXT NOT NULL
        ) STRICT;
        CREATE TABLE gemba_peer (
            station BLOB PRIMARY KEY,
            status TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        """

    /// Creates the tables in an empty file.
    static func create(in database: Database) throws {
        try database.execute(sql: tables)
        try ConflictTable.create(in: database)
        try database.execute(sql: "PRAGMA application_id = \(applicationID)")
        try database.execute(sql: "PRAGMA user_version = \(version)")
    }

    /// Refuses a file that is something else or newer than this program.
    ///
    /// - Returns: the version of the file.
    static func check(_ database: Database) throws -> Int64 {
        let found = try Int64.fetchOne(database, sql: "PRAGMA application_id") ?? 0
        guard found == applicationID else {
            throw StoreError(.unsupportedDatabase, "The file is not a Gemba replica; nothing was changed.")
        }
        let version = try Int64.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        guard version <= self.version else {
            throw StoreError(
                .unsupportedDatabase,
                "The replica has format \(version) and this program knows up to \(self.version); update the program.")
        }
        return version
    }
}
