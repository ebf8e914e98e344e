import GRDBSQLite

/// Something that is asked of a checked file beneath SQLite, through the connection that has it open.
final class PageRequest {
    /// The operation in SQLite's `sqlite3_file_control`; numbers above 100 are free.
    static let operation: CInt = 0x476d

    enum Question {
        /// Whether the file is checked at all.
        case standing
        /// A page as it stands in the file.
        case page(UInt32)
        /// Whether pages are sound, at most so many from one on.
        case survey(from: UInt32, count: Int)
        /// Mend a page, if it is damaged.
        case mend(UInt32)
        /// Give a page that is in no use a sound content.
        case clear(UInt32)
    }

    let question: Question
    private(set) var standing: Standing?
    private(set) var page: [UInt8]?
    private(set) var survey: Survey?
    private(set) var mending: Mending?

    struct Standing {
        var isLegacy: Bool
        var pageCount: UInt32
    }

    struct Survey {
        /// How many pages were looked at; fewer than asked for at the end of the file.
        var count = 0
        var damaged: [UInt32] = []
    }

    /// What came of mending a page.
    enum Mending {
        /// There was nothing wrong with it.
        case sound
        case mended
        /// It holds nothing that could be put right from itself.
        case lost
        /// Somebody copies pages from the log right now, and may be writing this one.
        case busy
        case failed(CInt)
    }

    init(_ question: Question) { self.question = question }

    /// Asks the file of a connection's main database.
    ///
    /// - Returns: whether it is a checked one, so that there is an answer.
    func ask(_ connection: OpaquePointer) -> Bool {
        let code = sqlite3_file_control(connection, "main", Self.operation, Unmanaged.passUnretained(self).toOpaque())
        return code == SQLITE_OK
    }

    func answer(for file: CheckedFile, scratch: UnsafeMutableRawPointer) {
        switch question {
        case .standing: standing = Standing(isLegacy: file.isLegacy, pageCount: file.pageCount)
        case .page(let number):
            guard file.readPage(number, into: scratch) == SQLITE_OK else { return }
            page = Array(UnsafeRawBufferPointer(start: scratch, count: PageChecksum.pageBytes))
        case .survey(let first, let count): survey = file.survey(from: first, count: count, scratch: scratch)
        case .mend(let number):
            mending = file.mend(number, scratch: scratch) { PageChecksum.correct($0, number: number) }
        case .clear(let number):
            mending = file.mend(number, scratch: scratch) { page in
                page.initializeMemory(as: UInt8.self, repeating: 0, count: PageChecksum.pageBytes)
                PageChecksum.stamp(page, number: number)
                return true
            }
        }
    }
}

extension CheckedFile {
    /// The page that SQLite never uses, because it locks bytes of it on some systems.
    static let unusedPage = UInt32(0x4000_0000 / PageChecksum.pageBytes + 1)

    var pageCount: UInt32 {
        var size: sqlite3_int64 = 0
        guard functions.xFileSize(inner, &size) == SQLITE_OK else { return 0 }
        return UInt32(clamping: size / Int64(PageChecksum.pageBytes))
    }

    func readPage(_ number: UInt32, into buffer: UnsafeMutableRawPointer) -> CInt {
        functions.xRead(inner, buffer, CInt(PageChecksum.pageBytes), PageChecksum.offset(of: number))
    }

    func survey(from first: UInt32, count: Int, scratch: UnsafeMutableRawPointer) -> PageRequest.Survey {
        var survey = PageRequest.Survey()
        let pageCount = pageCount
        while survey.count < count, UInt32(survey.count) + first <= pageCount {
            let number = UInt32(survey.count) + first
            survey.count += 1
            if number == Self.unusedPage { continue }
            guard readPage(number, into: scratch) == SQLITE_OK, PageChecksum.isSound(scratch, number: number) else {
                survey.damaged.append(number)
                continue
            }
            damage.forget(number)
        }
        return survey
    }

    /// Puts a damaged page right where it stands. Nobody else writes to the file meanwhile: pages are copied to it under the lock
    /// that is held here.
    func mend(
        _ number: UInt32, scratch: UnsafeMutableRawPointer, _ correct: (UnsafeMutableRawPointer) -> Bool
    ) -> PageRequest.Mending {
        guard
            lockShared(first: Self.checkpointLock, count: 1, flags: SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE) == SQLITE_OK
        else { return .busy }
        defer {
            _ = lockShared(first: Self.checkpointLock, count: 1, flags: SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE)
        }
        let read = readPage(number, into: scratch)
        guard read == SQLITE_OK else {
            damage.noteUnreadable(number)
            return .lost
        }
        if PageChecksum.isSound(scratch, number: number) {
            damage.forget(number)
            return .sound
        }
        guard correct(scratch) else {
            damage.noteUnreadable(number)
            return .lost
        }
        let code = functions.xWrite(inner, scratch, CInt(PageChecksum.pageBytes), PageChecksum.offset(of: number))
        guard code == SQLITE_OK else { return .failed(code) }
        let synced = functions.xSync(inner, SQLITE_SYNC_NORMAL)
        guard synced == SQLITE_OK else { return .failed(synced) }
        damage.forget(number)
        return .mended
    }
}
