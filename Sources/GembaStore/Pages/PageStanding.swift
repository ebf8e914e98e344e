import GRDB
import GRDBSQLite

/// How the pages of an open database stand to their checksums.
struct PageStanding {
    /// The pages have none yet.
    let isLegacy: Bool
    let pageCount: UInt32

    init(of database: Database) throws(StoreError) {
        let request = PageRequest(.standing)
        guard let connection = database.sqliteConnection, request.ask(connection), let standing = request.standing
        else {
            throw StoreError(
                .storageFailed,
                "The pages of the database are not checked: another library has taken SQLite's files over.")
        }
        isLegacy = standing.isLegacy
        pageCount = standing.pageCount
    }
}

extension Database {
    /// Has a database that is made now leave room for checksums, and makes sure that pages are checked.
    func preparePages() throws {
        guard let connection = sqliteConnection else { return }
        if try PageStanding(of: self).pageCount == 0, !configuration.readonly {
            try execute(sql: "PRAGMA page_size = \(PageChecksum.pageBytes)")
            try BareConnection.reserveChecksums(on: connection)
        }
    }
}

extension DatabaseError {
    /// Whether a page was not delivered because it is damaged, or the file is no database at all.
    var isDamage: Bool {
        extendedResultCode.rawValue == CheckedFile.damaged || [.SQLITE_NOTADB, .SQLITE_CORRUPT].contains(resultCode)
    }
}

extension StoreError {
    /// The error of whoever needed a damaged page.
    static var damagedPage: StoreError {
        StoreError(
            .corrupted,
            "A page of the database file is damaged and was not used; `gemba run` mends it, or `gemba verify --mend`.")
    }

    /// The error of whoever opens a replica that cannot even be opened.
    static func damaged(_ folder: String, cause: any Error) -> StoreError {
        StoreError(
            .corrupted,
            """
            The database in \(folder) is damaged, or another program wrote to it; \
            `gemba run` mends it, or `gemba verify --mend`.
            """, cause: cause)
    }
}
