import GRDBSQLite

/// A replica's database or its write-ahead log, as one connection has it open.
///
/// Belongs to its connection, as SQLite's own file handles do.
final class CheckedFile {
    enum Role {
        /// The database, with where damage is noted.
        case database(PageDamage, CheckedFiles.Trust)
        /// The write-ahead log of a database.
        case log(CheckedFile)
    }

    /// The system's handle.
    let inner: UnsafeMutablePointer<sqlite3_file>
    /// What the system does with it.
    var functions: sqlite3_io_methods { inner.pointee.pMethods.pointee }
    let damage: PageDamage
    let trust: CheckedFiles.Trust
    /// Whether the pages have no checksums yet: the file is of a format before ``DatabaseFormat/firstChecked``.
    let isLegacy: Bool
    /// For a database, the writer of its log.
    private(set) weak var log: CheckedFile?
    /// For a log, its database.
    private let isLog: Bool
    private var frames = FrameWriter()
    /// Whether pages are copied from the log to the database by this connection.
    private var isCheckpointing = false
    private let scratch = UnsafeMutableRawPointer.allocate(byteCount: LogFrame.bytes, alignment: 16)

    init(inner: UnsafeMutablePointer<sqlite3_file>, role: Role) {
        self.inner = inner
        switch role {
        case .database(let damage, let trust):
            self.damage = damage
            self.trust = trust
            isLog = false
            isLegacy = DatabaseHeader(of: inner)?.isUnchecked ?? false
        case .log(let database):
            damage = database.damage
            trust = database.trust
            isLog = true
            isLegacy = database.isLegacy
            database.log = self
        }
    }

    deinit { scratch.deallocate() }

    func close() -> CInt { functions.xClose(inner) }

    /// What is not delivered because it is damaged.
    static let damaged = SQLITE_IOERR | 32 << 8

    // MARK: - Reading

    func read(into buffer: UnsafeMutableRawPointer, count: Int, at offset: Int64) -> CInt {
        if isLog { return readLog(into: buffer, count: count, at: offset) }
        let code = functions.xRead(inner, buffer, CInt(count), offset)
        switch trust {
        case .unchecked: return code
        case .replacing:
            if offset == 0, count >= DatabaseHeader.bytes {
                DatabaseHeader.replaceUnlessSound(buffer, count: count, pageCount: pageCount)
            }
            return code
        case .checked:
            if isLegacy { return code }
            return check(buffer, count: count, at: offset, after: code)
        }
    }

    /// Sizes of reads from here on are meant to be pages.
    private static let leastPage = 512

    private func check(_ buffer: UnsafeMutableRawPointer, count: Int, at offset: Int64, after code: CInt) -> CInt {
        guard count >= Self.leastPage else { return code }
        // An empty file has no first page yet. Pages that are missing at the end would be taken for zeros.
        if code == SQLITE_IOERR | 2 << 8 { return offset == 0 ? code : noteUnreadable(at: offset) }
        guard code == SQLITE_OK else { return code }
        guard count == PageChecksum.pageBytes, offset % Int64(count) == 0 else { return Self.damaged }
        let number = PageChecksum.number(at: offset)
        if PageChecksum.isSound(buffer, number: number) { return SQLITE_OK }
        guard PageChecksum.correct(buffer, number: number) else { return noteUnreadable(at: offset) }
        damage.noteCorrectable(number)
        return SQLITE_OK
    }

    private func noteUnreadable(at offset: Int64) -> CInt {
        damage.noteUnreadable(PageChecksum.number(at: offset))
        return Self.damaged
    }

    private func readLog(into buffer: UnsafeMutableRawPointer, count: Int, at offset: Int64) -> CInt {
        let settled = frames.settle(before: offset + Int64(count), in: inner)
        guard settled == SQLITE_OK else { return settled }
        guard trust != .unchecked, !isLegacy, count == PageChecksum.pageBytes, LogFrame.isPage(offset) else {
            return functions.xRead(inner, buffer, CInt(count), offset)
        }
        let code = functions.xRead(inner, scratch, CInt(LogFrame.bytes), offset - Int64(LogFrame.headerBytes))
        if trust == .replacing {
            buffer.copyMemory(from: scratch + LogFrame.headerBytes, byteCount: PageChecksum.pageBytes)
            if LogFrame.page(of: scratch) == 1 { DatabaseHeader.replaceUnlessSound(buffer, count: count, pageCount: 1) }
            return code
        }
        let page = scratch + LogFrame.headerBytes
        let isSound =
            code == SQLITE_OK
            && (PageChecksum.isSound(page, number: LogFrame.page(of: scratch))
                || PageChecksum.correct(page, number: LogFrame.page(of: scratch)))
        guard isSound else {
            guard code == SQLITE_OK || code == SQLITE_IOERR | 2 << 8 else { return code }
            damage.noteUnreadableFrame()
            return Self.damaged
        }
        buffer.copyMemory(from: page, byteCount: PageChecksum.pageBytes)
        return SQLITE_OK
    }

    // MARK: - Writing

    func write(_ buffer: UnsafeRawPointer, count: Int, at offset: Int64) -> CInt {
        if isLegacy, trust == .checked { return functions.xWrite(inner, buffer, CInt(count), offset) }
        // A layout without room would lose what stands there.
        if isFirstPage(at: offset), count == PageChecksum.pageBytes, !DatabaseHeader.hasRoom(buffer) {
            return SQLITE_IOERR | 3 << 8
        }
        if isLog { return frames.write(buffer, count: count, at: offset, scratch: scratch, to: inner) }
        // What a connection that does not check copies from the log has its checksum, right or wrong.
        guard trust == .checked, count == PageChecksum.pageBytes, offset % Int64(count) == 0 else {
            return functions.xWrite(inner, buffer, CInt(count), offset)
        }
        // What is copied from the log was just found to have its checksum.
        if isCheckpointing { return functions.xWrite(inner, buffer, CInt(count), offset) }
        let number = PageChecksum.number(at: offset)
        if PageChecksum.isSound(buffer, number: number) { return functions.xWrite(inner, buffer, CInt(count), offset) }
        scratch.copyMemory(from: buffer, byteCount: count)
        PageChecksum.stamp(scratch, number: number)
        return functions.xWrite(inner, scratch, CInt(count), offset)
    }

    func sync(_ flags: CInt) -> CInt {
        let settled = settle()
        guard settled == SQLITE_OK else { return settled }
        if isLog { frames.makeRoom(in: inner) }
        return functions.xSync(inner, flags)
    }

    func truncate(to size: Int64) -> CInt {
        let settled = settle()
        return settled == SQLITE_OK ? functions.xTruncate(inner, size) : settled
    }

    func measure(_ size: UnsafeMutablePointer<sqlite3_int64>?) -> CInt {
        let settled = settle()
        return settled == SQLITE_OK ? functions.xFileSize(inner, size) : settled
    }

    /// Has all that SQLite wrote stand in the file.
    private func settle() -> CInt { frames.settle(before: .max, in: inner) }

    private func isFirstPage(at offset: Int64) -> Bool { !isLog && offset == 0 && trust == .checked }

    // MARK: - Locks

    /// The shared lock of whoever writes to the log.
    private static let writerLock: CInt = 0
    /// The shared lock of whoever copies pages from the log to the database.
    static let checkpointLock: CInt = 1

    func lockShared(first: CInt, count: CInt, flags: CInt) -> CInt {
        let code = functions.xShmLock(inner, first, count, flags)
        guard flags & SQLITE_SHM_EXCLUSIVE != 0 else { return code }
        let isLock = flags & SQLITE_SHM_LOCK != 0
        // Whether it begins or ends to write.
        if first <= Self.writerLock { log?.frames.forget() }
        if (first..<first + count).contains(Self.checkpointLock) { isCheckpointing = isLock && code == SQLITE_OK }
        return code
    }

    // MARK: - Requests

    func control(_ operation: CInt, _ argument: UnsafeMutableRawPointer?) -> CInt {
        guard operation == PageRequest.operation, let argument else {
            return functions.xFileControl(inner, operation, argument)
        }
        let request = Unmanaged<PageRequest>.fromOpaque(argument).takeUnretainedValue()
        request.answer(for: self, scratch: scratch)
        return SQLITE_OK
    }
}

extension PageChecksum {
    /// The number of the page at an offset of the database file.
    static func number(at offset: Int64) -> UInt32 { UInt32(truncatingIfNeeded: offset / Int64(pageBytes) + 1) }

    /// Where a page is in the database file.
    static func offset(of number: UInt32) -> Int64 { Int64(number - 1) * Int64(pageBytes) }
}
