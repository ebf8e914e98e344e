import GRDBSQLite

/// Writes pages to the log with their checksums, and keeps the log's own chain of checksums right.
///
/// SQLite chains a checksum through all frames: after a crash the log holds up to the last frame whose link is right. It computes
/// the links before the page gets its checksum here, so each is put right: the first of a transaction is computed again, from
/// the one before as it stands in the file, and the others follow from SQLite's own by how far the one before was off.
/// SQLite reads links from the file alone, when it recovers a log or repairs the links of a transaction that wrote a page twice.
///
/// SQLite writes a frame's header and then its page. The header waits for the page here, and the frame for others. Only where a
/// transaction has written a page twice are there headers that no page follows, which repair the links of frames before.
struct FrameWriter {
    /// A frame's header as SQLite wrote it.
    private struct Header {
        var offset: Int64
        /// The 24 bytes.
        var words: (UInt64, UInt64, UInt64)

        init(_ buffer: UnsafeRawPointer, offset: Int64) {
            self.offset = offset
            words = buffer.loadUnaligned(as: (UInt64, UInt64, UInt64).self)
        }
    }

    /// The frame whose page is to come.
    private var header: Header?
    /// The frames that are not in the file yet; nil where nothing was ever written.
    private var pending: FrameBuffer?
    /// Where the frames of this transaction end.
    private var end: Int64 = 0
    /// Bytes of frames that this transaction has written.
    private var written: Int64 = 0
    /// The frame that was written last: where the next one follows, its link, by how much that differs from SQLite's, and the
    /// salt of this round of the log.
    private var last: (end: Int64, link: FrameLink, difference: FrameLink, salt: UInt64)?
    /// Which byte order a round of the log is in.
    private var order: (salt: UInt64, isBigEndian: Bool)?

    /// Forgets what was written, by a transaction that has ended: another process may write before this one does again.
    mutating func forget() {
        header = nil
        last = nil
        end = 0
        written = 0
        pending?.discard()
    }

    /// Writes frames that still wait, if any stands before an offset: whoever calls is about to read or write up to there.
    func settle(before offset: Int64, in file: UnsafeMutablePointer<sqlite3_file>) -> CInt {
        guard let pending, pending.isAny(before: offset) else { return SQLITE_OK }
        return pending.flush(to: file)
    }

    mutating func write(
        _ buffer: UnsafeRawPointer, count: Int, at offset: Int64, scratch: UnsafeMutableRawPointer,
        to file: UnsafeMutablePointer<sqlite3_file>
    ) -> CInt {
        if count == PageChecksum.pageBytes, LogFrame.isPage(offset) {
            return writePage(buffer, at: offset, scratch: scratch, to: file)
        }
        header = nil
        if count == LogFrame.headerBytes, LogFrame.isHeader(offset) {
            header = Header(buffer, offset: offset)
            if last?.end != offset { last = nil }
            if offset >= end { return SQLITE_OK }
        } else {
            last = nil
        }
        let code = settle(before: offset + Int64(count), in: file)
        guard code == SQLITE_OK else { return code }
        return file.pointee.pMethods.pointee.xWrite(file, buffer, CInt(count), offset)
    }

    private mutating func writePage(
        _ page: UnsafeRawPointer, at offset: Int64, scratch: UnsafeMutableRawPointer,
        to file: UnsafeMutablePointer<sqlite3_file>
    ) -> CInt {
        let start = offset - Int64(LogFrame.headerBytes)
        guard let header, header.offset == start else {
            return rewritePage(page, at: offset, scratch: scratch, to: file)
        }
        self.header = nil
        let pending = pending ?? FrameBuffer()
        self.pending = pending
        if !pending.takes(start) {
            let code = pending.flush(to: file)
            guard code == SQLITE_OK else { return code }
        }
        let frame = pending.next
        frame.storeBytes(of: header.words, as: (UInt64, UInt64, UInt64).self)
        let unstamped = Self.fill(frame, with: page)
        let code = link(frame, unstamped: unstamped, at: start, in: file)
        guard code == SQLITE_OK else { return code }
        written += Int64(LogFrame.bytes)
        end = max(end, start + Int64(LogFrame.bytes))
        return pending.add(at: start, to: file)
    }

    /// Writes a page that its transaction had written before: SQLite repairs the links that follow before it commits.
    private mutating func rewritePage(
        _ page: UnsafeRawPointer, at offset: Int64, scratch: UnsafeMutableRawPointer,
        to file: UnsafeMutablePointer<sqlite3_file>
    ) -> CInt {
        let functions = file.pointee.pMethods.pointee
        header = nil
        last = nil
        let settled = settle(before: offset + Int64(PageChecksum.pageBytes), in: file)
        guard settled == SQLITE_OK else { return settled }
        let code = functions.xRead(file, scratch, CInt(LogFrame.headerBytes), offset - Int64(LogFrame.headerBytes))
        guard code == SQLITE_OK else { return code }
        _ = Self.fill(scratch, with: page)
        return functions.xWrite(file, scratch + LogFrame.headerBytes, CInt(PageChecksum.pageBytes), offset)
    }

    /// Puts a page with its checksum behind a header.
    ///
    /// - Returns: what stood in the place of the checksum.
    private static func fill(_ frame: UnsafeMutableRawPointer, with page: UnsafeRawPointer) -> UInt64 {
        (frame + LogFrame.headerBytes).copyMemory(from: page, byteCount: PageChecksum.pageBytes)
        let unstamped = frame.loadUnaligned(fromByteOffset: LogFrame.bytes - PageChecksum.bytes, as: UInt64.self)
        PageChecksum.stamp(frame + LogFrame.headerBytes, number: LogFrame.page(of: frame))
        return unstamped
    }

    // MARK: - Room

    /// The room that a small transaction needs, in bytes.
    private static let leastRoom: Int64 = 16 * Int64(LogFrame.bytes)
    /// How much is added, in pieces of a size that SQLite writes at once.
    private static let addedRoom: Int64 = 256 << 10
    private static let zeros = [UInt8](repeating: 0, count: 64 << 10)

    /// Lengthens the file by zeros when it is about to end, before it is synced: a commit that lengthens it has the file system
    /// write where it ends and what it consists of as well, and on ext4 one of five pages waits half as long again. Room that is
    /// only reserved would not do, as the system notes when it is filled. A large transaction waits for so much that this is
    /// nothing.
    ///
    /// Zeros are no frame, since they do not have the salt of the log; so the log ends where it did. That there is no room shows
    /// when a frame is written.
    func makeRoom(in file: UnsafeMutablePointer<sqlite3_file>) {
        guard let last, written > 0, written < Self.addedRoom else { return }
        let functions = file.pointee.pMethods.pointee
        var end: Int64 = 0
        guard functions.xFileSize(file, &end) == SQLITE_OK, end < last.end + Self.leastRoom else { return }
        Self.zeros.withUnsafeBytes { zeros in
            for place in stride(from: end, to: end + Self.addedRoom, by: zeros.count) {
                guard functions.xWrite(file, zeros.baseAddress, CInt(zeros.count), place) == SQLITE_OK else { return }
            }
        }
    }

    // MARK: - Links

    /// Gives a frame that is about to be written the link that follows from the one before.
    ///
    /// - Parameter unstamped: the page's last eight bytes as SQLite knew them when it computed its link.
    private mutating func link(
        _ frame: UnsafeMutableRawPointer, unstamped: UInt64, at offset: Int64,
        in file: UnsafeMutablePointer<sqlite3_file>
    ) -> CInt {
        let salt = frame.loadUnaligned(fromByteOffset: FrameLink.saltOffset, as: UInt64.self)
        // While links wait to be repaired SQLite leaves them out, so that none is right until the end.
        if salt == 0, frame.loadUnaligned(fromByteOffset: FrameLink.offset, as: UInt64.self) == 0 {
            last = nil
            return SQLITE_OK
        }
        let code = readOrder(salt: salt, in: file)
        guard code == SQLITE_OK else { return code }
        let isBigEndian = order?.isBigEndian ?? false
        let theirs = FrameLink(frame + FrameLink.offset)
        var link: FrameLink
        if let last, last.end == offset, last.salt == salt {
            let stamped = frame.loadUnaligned(fromByteOffset: LogFrame.bytes - PageChecksum.bytes, as: UInt64.self)
            let change =
                FrameLink(words: stamped, isBigEndian: isBigEndian)
                - FrameLink(words: unstamped, isBigEndian: isBigEndian)
            let summed = FrameLink(first: change.first, second: change.first &+ change.second)
            link = theirs + last.difference.afterFrame + summed
        } else {
            guard let previous = readLink(before: offset, in: file) else { return SQLITE_IOERR }
            link = previous
            link.add(frame, count: FrameLink.coveredHeader, isBigEndian: isBigEndian)
            link.add(frame + LogFrame.headerBytes, count: PageChecksum.pageBytes, isBigEndian: isBigEndian)
        }
        link.store(to: frame + FrameLink.offset)
        last = (offset + Int64(LogFrame.bytes), link, link - theirs, salt)
        return SQLITE_OK
    }

    /// Finds out which byte order this round of the log is in.
    private mutating func readOrder(salt: UInt64, in file: UnsafeMutablePointer<sqlite3_file>) -> CInt {
        if order?.salt == salt { return SQLITE_OK }
        var magic: UInt32 = 0
        let code = file.pointee.pMethods.pointee.xRead(file, &magic, CInt(MemoryLayout<UInt32>.size), 0)
        // The lowest bit of the magic number says it (section 4.1).
        if code == SQLITE_OK { order = (salt, UInt32(bigEndian: magic) & 1 == 1) }
        return code
    }

    /// The link of the frame before an offset, or of the log's own header; nil when it cannot be read.
    private func readLink(before offset: Int64, in file: UnsafeMutablePointer<sqlite3_file>) -> FrameLink? {
        guard settle(before: offset, in: file) == SQLITE_OK else { return nil }
        let isFirst = offset == Int64(LogFrame.logHeaderBytes)
        let place = isFirst ? 24 : offset - Int64(LogFrame.bytes) + Int64(FrameLink.offset)
        var words: UInt64 = 0
        let code = file.pointee.pMethods.pointee.xRead(file, &words, CInt(MemoryLayout<UInt64>.size), place)
        return code == SQLITE_OK ? withUnsafeBytes(of: words) { $0.baseAddress.map(FrameLink.init) } : nil
    }
}
