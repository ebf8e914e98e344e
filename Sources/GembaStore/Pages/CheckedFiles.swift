import GRDBSQLite
import Synchronization

/// The layer between SQLite and the files of replicas that keeps and checks a checksum in every page.
///
/// SQLite reaches files through a *VFS*. This one passes everything on to the system's, but wraps the databases that were named
/// to it, and their write-ahead logs: each page gets its ``PageChecksum`` in the bytes that SQLite leaves free for that
/// purpose when it is written, and is compared with it when it is read. One that differs is not delivered: whoever reads
/// it gets `SQLITE_IOERR_DATA`, so that nothing damaged is shown, merged, or sent to a peer. Other programs ignore the free
/// bytes and read the file as ever.
///
/// It is the process's default VFS, since GRDB opens files with no other. Files that were not named to it are opened by the
/// system's VFS as if it were not there.
enum CheckedFiles {
    /// How a connection treats the databases that were named.
    enum Trust: CaseIterable {
        /// Pages are checked when they are read.
        case checked
        /// Pages are read as they are; for bringing a file of an earlier format to today's, and for saving what can be saved.
        case unchecked
        /// As ``unchecked``, and a first page that is none is taken for that of an empty database; for writing all pages anew.
        case replacing

        /// The VFS's name.
        var name: String {
            switch self {
            case .checked: "gemba"
            case .unchecked: "gemba-unchecked"
            case .replacing: "gemba-replacing"
            }
        }
    }

    /// Wraps the database at a path from now on, whoever opens it in this process.
    ///
    /// - Returns: what is found wrong with it.
    static func watch(_ path: String) throws(StoreError) -> PageDamage {
        guard isRegistered, let canonical = canonical(path) else {
            throw StoreError(.storageFailed, "SQLite does not take the layer that checks pages.")
        }
        return watched.withLock { watched in
            if let known = watched[canonical] { return known }
            let damage = PageDamage(database: canonical)
            watched[canonical] = damage
            return damage
        }
    }

    /// What is known of the database with a name that SQLite made canonical; nil when it is not watched.
    static func damage(at canonical: UnsafePointer<CChar>) -> PageDamage? {
        watched.withLock { $0[String(cString: canonical)] }
    }

    private static let watched = Mutex<[String: PageDamage]>([:])

    private static func canonical(_ path: String) -> String? {
        guard let standard, let fullPathname = standard.pointee.xFullPathname else { return nil }
        let capacity = Int(standard.pointee.mxPathname) + 1
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: capacity) { buffer in
            guard let start = buffer.baseAddress else { return nil }
            let code = fullPathname(standard, path, CInt(capacity), start)
            return code & 0xff == SQLITE_OK ? String(cString: start) : nil
        }
    }

    // MARK: - Registration

    /// The VFS beneath, which was the default before.
    ///
    /// Written once before anybody can read it; SQLite guards its own structures.
    nonisolated(unsafe) static let standard = sqlite3_vfs_find(nil)

    private static let isRegistered: Bool = {
        guard standard != nil else { return false }
        return Trust.allCases.allSatisfy { trust in
            guard let vfs = make(trust) else { return false }
            return sqlite3_vfs_register(vfs, trust == .checked ? 1 : 0) == SQLITE_OK
        }
    }()

    /// A copy of the standard VFS that opens files in its own way. It lives as long as the process, as SQLite demands.
    private static func make(_ trust: Trust) -> UnsafeMutablePointer<sqlite3_vfs>? {
        guard let standard else { return nil }
        let name = trust.name.utf8CString
        let characters = UnsafeMutablePointer<CChar>.allocate(capacity: name.count)
        for (index, character) in name.enumerated() { characters[index] = character }
        let vfs = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        vfs.initialize(to: standard.pointee)
        vfs.pointee.zName = UnsafePointer(characters)
        vfs.pointee.pNext = nil
        vfs.pointee.szOsFile += CInt(CheckedHandle.bytes)
        switch trust {
        case .checked:
            vfs.pointee.xOpen = { _, name, file, flags, out in
                CheckedFiles.open(name, file, flags, out, .checked)
            }
        case .unchecked:
            vfs.pointee.xOpen = { _, name, file, flags, out in
                CheckedFiles.open(name, file, flags, out, .unchecked)
            }
        case .replacing:
            vfs.pointee.xOpen = { _, name, file, flags, out in
                CheckedFiles.open(name, file, flags, out, .replacing)
            }
        }
        return vfs
    }

    // MARK: - Opening

    private static func open(
        _ name: UnsafePointer<CChar>?, _ file: UnsafeMutablePointer<sqlite3_file>?, _ flags: CInt,
        _ out: UnsafeMutablePointer<CInt>?, _ trust: Trust
    ) -> CInt {
        guard let standard, let open = standard.pointee.xOpen, let file else { return SQLITE_CANTOPEN }
        guard let name, let role = role(of: name, flags, trust) else { return open(standard, name, file, flags, out) }
        let inner = CheckedHandle.inner(of: file)
        file.pointee.pMethods = nil
        let code = open(standard, name, inner, flags, out)
        guard code == SQLITE_OK else {
            if let methods = inner.pointee.pMethods { _ = methods.pointee.xClose?(inner) }
            return code
        }
        let checked = CheckedFile(inner: inner, role: role)
        CheckedHandle.set(checked, on: file)
        file.pointee.pMethods = UnsafePointer(CheckedHandle.methods)
        return SQLITE_OK
    }

    /// What a file is to this layer; nil when it is none of its own.
    private static func role(of name: UnsafePointer<CChar>, _ flags: CInt, _ trust: Trust) -> CheckedFile.Role? {
        if flags & SQLITE_OPEN_MAIN_DB != 0 { return damage(at: name).map { .database($0, trust) } }
        guard flags & SQLITE_OPEN_WAL != 0, let database = sqlite3_database_file_object(name),
            let checked = CheckedHandle.checked(database)
        else { return nil }
        return .log(checked)
    }
}
