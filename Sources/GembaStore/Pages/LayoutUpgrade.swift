/// Gives the pages of a file of an earlier format room for checksums, and the checksums.
///
/// All pages are written anew into the write-ahead log, in one transaction, and copied from there: a crash leaves either the old
/// layout or the new one, or the new one in the log, where the next opening finds it. Nobody else may have the file open: a
/// program that knows no checksums would go on to write pages without them.
struct LayoutUpgrade {
    let path: String
    let isDurable: Bool

    func run() throws(StoreError) {
        let connection = try BareConnection(path, .unchecked)
        do {
            try connection.execute(
                """
                PRAGMA locking_mode = EXCLUSIVE;
                PRAGMA synchronous = \(isDurable ? "FULL" : "OFF");
                PRAGMA journal_mode = WAL;
                BEGIN IMMEDIATE; ROLLBACK;
                """)
        } catch {
            throw StoreError(
                .storageFailed,
                "The replica is of an earlier format and cannot be upgraded while another program has it open: stop that.",
                cause: error)
        }
        // What was written without checksums leaves the log before anything is written with them.
        try connection.truncateLog()
        try connection.reserveChecksums()
        try connection.execute("VACUUM")
        try connection.truncateLog()
    }
}
