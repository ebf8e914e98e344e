import Foundation
import GRDB
import GRDBSQLite
import GembaWire

/// Scrubbing: reading pages for no other reason than to find those that have decayed, while others still have what they held.
extension Replica {
    /// Looks at the next pages of a round.
    ///
    /// A page with one wrong byte is put right from its checksum, and one that is in no use is cleared; others are noted, and
    /// ``mend(progress:)`` gets what they held from elsewhere. Nobody waits for a step but for the time that the disk takes.
    ///
    /// - Returns: whether the round has ended.
    @discardableResult
    public func scrub(_ round: inout ScrubRound, pages: Int) throws -> Bool {
        if round.next == 1 {
            damage.removeMark()
            copyLog()
        }
        let survey = try survey(from: round.next, count: pages)
        round.next += UInt32(survey.count)
        round.report.pageCount += survey.count
        for page in survey.damaged { try settle(page, in: &round.report) }
        guard survey.count < pages else { return false }
        round.report.finished = wallClock
        try save(round.report)
        return true
    }

    /// Looks at all pages.
    public func scrub(progress: (Int) -> Void = { _ in }) throws -> ScrubReport {
        var round = ScrubRound()
        while try !scrub(&round, pages: Self.pagesAtOnce) { progress(round.report.pageCount) }
        return round.report
    }

    private static let pagesAtOnce = 256

    /// What the last round that ended found; nil before the first.
    public func scrubReport() throws -> ScrubReport? {
        let text = try withReader { context in
            try context.connection.statement("SELECT report FROM gemba_scrub WHERE id = 1").first { $0.text(0) }
        }
        return text.flatMap { try? JSONDecoder().decode(ScrubReport.self, from: Data($0.utf8)) }
    }

    /// Whether pages were found damaged that cannot be put right from themselves, in a round or by whoever needed them.
    public var isDamaged: Bool { damage.found.isLoss }

    /// Whether somebody came across pages that ``mendPages()`` puts right.
    public var hasMendablePages: Bool { !damage.found.correctable.isEmpty }

    /// Whether some process on this folder came across damage since the last round began.
    public var isSuspected: Bool { damage.isMarked }

    // MARK: - Steps

    /// What is in the log only is checked by copying it to the file. That it cannot be copied is noted where it is read.
    private func copyLog() {
        guard let connection = try? BareConnection(ReplicaFolder(path: folder).database, .checked) else { return }
        _ = sqlite3_wal_checkpoint_v2(connection.handle, "main", SQLITE_CHECKPOINT_PASSIVE, nil, nil)
    }

    private func survey(from first: UInt32, count: Int) throws -> PageRequest.Survey {
        try pool.read { try Self.answer(.survey(from: first, count: count), on: $0, \.survey) }
    }

    private func settle(_ page: UInt32, in report: inout ScrubReport) throws {
        switch try mend(.mend(page)) {
        case .sound: return
        case .mended: report.mendedCount += 1
        case .busy: damage.noteCorrectable(page)
        case .lost:
            // Of what is newer in the log, nobody needs the page in the file.
            copyLog()
            if case .sound = try mend(.mend(page)) { return }
            if try isFree(page), case .mended = try mend(.clear(page)) {
                report.mendedCount += 1
            } else {
                report.lostCount += 1
            }
        case .failed(let code):
            throw StoreError(.storageFailed, "Page \(page) cannot be written; SQLite says \(code). Check the disk.")
        }
    }

    private func mend(_ question: PageRequest.Question) throws -> PageRequest.Mending {
        try pool.writeWithoutTransaction { try Self.answer(question, on: $0, \.mending) }
    }

    private static func answer<Answer>(
        _ question: PageRequest.Question, on database: Database, _ answer: KeyPath<PageRequest, Answer?>
    ) throws -> Answer {
        let request = PageRequest(question)
        guard let connection = database.sqliteConnection, request.ask(connection),
            let answer = request[keyPath: answer]
        else {
            throw StoreError(.storageFailed, "The pages of the database are not checked.")
        }
        return answer
    }

    /// Puts the pages right that somebody came across and that can be put right from themselves.
    ///
    /// - Returns: how many.
    @discardableResult
    public func mendPages() throws -> Int {
        var report = ScrubReport()
        for page in damage.found.correctable.sorted() { try settle(page, in: &report) }
        return report.mendedCount
    }

    func save(_ report: ScrubReport) throws {
        let renewed = try scrubReport()?.renewed
        var report = report
        report.renewed = report.renewed ?? renewed
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let text = String(decoding: try encoder.encode(report), as: UTF8.self)
        try write { context in
            try context.connection.statement("INSERT OR REPLACE INTO gemba_scrub (id, report) VALUES (1, ?)")
                .bind(1, text).run()
        }
    }

    // MARK: - Free pages

    /// Whether a page is a leaf of the list of pages in no use (section 1.5 of SQLite's file format), whose content is nobody's.
    private func isFree(_ page: UInt32) throws -> Bool {
        try pool.read { database in
            guard let connection = database.sqliteConnection else { return false }
            func content(_ number: UInt32) -> [UInt8]? {
                let request = PageRequest(.page(number))
                guard request.ask(connection), let page = request.page,
                    page.withUnsafeBytes({ $0.baseAddress.map { PageChecksum.isSound($0, number: number) } ?? false })
                else { return nil }
                return page
            }
            guard let header = content(1) else { return false }
            var (trunk, left) = (header.bigEndianNumber(at: 32), header.bigEndianNumber(at: 36))
            while trunk != 0, left > 0, let list = content(trunk) {
                let count = min(Int(list.bigEndianNumber(at: 4)), (PageChecksum.pageBytes - PageChecksum.bytes) / 4 - 2)
                for index in 0..<count where list.bigEndianNumber(at: 8 + 4 * index) == page { return true }
                left -= min(left, UInt32(count) + 1)
                trunk = list.bigEndianNumber(at: 0)
            }
            return false
        }
    }
}
