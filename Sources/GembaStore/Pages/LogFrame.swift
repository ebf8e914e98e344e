import GRDBSQLite

/// A page in the write-ahead log: a header of 24 bytes and the page, as the file format of SQLite has it (section 4).
enum LogFrame {
    static let headerBytes = 24
    static let bytes = headerBytes + PageChecksum.pageBytes
    /// Bytes before the first frame.
    static let logHeaderBytes = 32

    /// Whether the page of a frame begins at an offset.
    static func isPage(_ offset: Int64) -> Bool { isHeader(offset - Int64(headerBytes)) }

    /// Whether a frame begins at an offset.
    static func isHeader(_ offset: Int64) -> Bool {
        offset >= Int64(logHeaderBytes) && (offset - Int64(logHeaderBytes)).isMultiple(of: Int64(bytes))
    }

    /// The number of the page that a frame holds.
    static func page(of frame: UnsafeRawPointer) -> UInt32 {
        UInt32(bigEndian: frame.loadUnaligned(as: UInt32.self))
    }
}

/// Writes pages to the log with their checksums, and keeps the log's own chain of checksums right.
///
/// SQLite chains a checksum through all frames: after a crash the log holds up to the last frame whose link is right. It computes
/// the links before the page gets its checksum here, so each is put right: the first of a transaction is computed again, from
/// the one before as it stands in the file, and the others follow from SQLite's own by how far the one before was off.
/// SQLite reads links from the file alone, when it recovers a log or repairs the links of a transaction that wrote a page twice.
///
/// SQLite writes a frame's header and then its page. The header waits for the page here, and both go to the file at once. Only
/// where a transaction has written a page twice are there headers that no page follows, which repair the links.
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
    /// Whether this transaction has written a page twice.
    private var repairsLinks = false
    /// Bytes of frames that this transaction has written.
    private var written: Int64 = 0
    /// The frame that was written last: where the next one follows, its link, by how much that differs from SQLite's, and the
    /// salt of this round of the log.
    private var last: (end: Int64, link: Link, difference: Link, salt: UInt64)?
    /// Which byte order a round of the log is in.
    private var order: (salt: UInt64, isBigEndian: Bool)?

    /// Forgets what was written: another process may write before this one does again.
    mutating func forget() {
        header = nil
        last = nil
        repairsLinks = false
        written = 0
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
            guard repairsLinks else { return SQLITE_OK }
        } else {
            last = nil
        }
        return file.pointee.pMethods.pointee.xWrite(file, buffer, CInt(count), offset)
    }

    private mutating func writePage(
        _ page: UnsafeRawPointer, at offset: Int64, scratch: UnsafeMutableRawPointer,
        to file: UnsafeMutablePointer<sqlite3_file>
    ) -> CInt {
        let functions = file.pointee.pMethods.pointee
        let start = offset - Int64(LogFrame.headerBytes)
        let isRewritten = header?.offset != start
        if let header, !isRewritten {
            scratch.storeBytes(of: header.words, as: (UInt64, UInt64, UInt64).self)
        } else {
            // A page that its transaction had written before: SQLite repairs the links that follow before it commits.
            repairsLinks = true
            let code = functions.xRead(file, scratch, CInt(LogFrame.headerBytes), start)
            guard code == SQLITE_OK else { return code }
        }
        header = nil
        (scratch + LogFrame.headerBytes).copyMemory(from: page, byteCount: PageChecksum.pageBytes)
        let unstamped = scratch.loadUnaligned(fromByteOffset: LogFrame.bytes - PageChecksum.bytes, as: UInt64.self)
        PageChecksum.stamp(scratch + LogFrame.headerBytes, number: LogFrame.page(of: scratch))
        if isRewritten {
            last = nil
            return functions.xWrite(file, scratch + LogFrame.headerBytes, CInt(PageChecksum.pageBytes), offset)
        }
        let code = link(scratch, unstamped: unstamped, at: start, in: file)
        guard code == SQLITE_OK else { return code }
        written += Int64(LogFrame.bytes)
        return functions.xWrite(file, scratch, CInt(LogFrame.bytes), start)
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

    /// The two sums of the chain (section 4.2). Each step takes two words of four bytes: `first += x + second`, then
    /// `second += y + first`, modulo 2^32.
    private struct Link {
        var first: UInt32
        var second: UInt32

        /// Where the salt and the link are in a frame's header.
        static let saltOffset = 8
        static let offset = 16
        /// The bytes of a frame that its link covers: page number and database size, then the page.
        static let coveredHeader = 8

        init(first: UInt32, second: UInt32) {
            self.first = first
            self.second = second
        }

        init(_ bytes: UnsafeRawPointer) {
            first = UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self))
            second = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
        }

        /// Two words of what is covered.
        init(words: UInt64, isBigEndian: Bool) {
            first = UInt32(truncatingIfNeeded: words.littleEndian)
            second = UInt32(truncatingIfNeeded: words.littleEndian >> 32)
            if isBigEndian { (first, second) = (first.byteSwapped, second.byteSwapped) }
        }

        func store(to bytes: UnsafeMutableRawPointer) {
            bytes.storeBytes(of: first.bigEndian, as: UInt32.self)
            bytes.storeBytes(of: second.bigEndian, toByteOffset: 4, as: UInt32.self)
        }

        static func + (left: Link, right: Link) -> Link {
            Link(first: left.first &+ right.first, second: left.second &+ right.second)
        }

        static func - (left: Link, right: Link) -> Link {
            Link(first: left.first &- right.first, second: left.second &- right.second)
        }

        /// The sums after one more step.
        private func step(_ x: UInt32, _ y: UInt32) -> Link {
            let first = first &+ x &+ second
            return Link(first: first, second: second &+ y &+ first)
        }

        mutating func add(_ bytes: UnsafeRawPointer, count: Int, isBigEndian: Bool) {
            for place in stride(from: 0, to: count, by: 8) {
                let words = Link(
                    words: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self), isBigEndian: isBigEndian)
                self = step(words.first, words.second)
            }
        }

        /// By how much two sums differ after a frame before which they differed by this: steps are linear.
        var afterFrame: Link {
            let (one, other) = Self.afterFrame
            return Link(
                first: one.first &* first &+ other.first &* second,
                second: one.second &* first &+ other.second &* second)
        }

        /// What becomes of a difference of one in the first sum, and of one in the second.
        private static let afterFrame: (Link, Link) = {
            var (one, other) = (Link(first: 1, second: 0), Link(first: 0, second: 1))
            for _ in 0..<(coveredHeader + PageChecksum.pageBytes) / 8 {
                (one, other) = (one.step(0, 0), other.step(0, 0))
            }
            return (one, other)
        }()
    }

    /// Gives a frame that is about to be written the link that follows from the one before.
    ///
    /// - Parameter unstamped: the page's last eight bytes as SQLite knew them when it computed its link.
    private mutating func link(
        _ frame: UnsafeMutableRawPointer, unstamped: UInt64, at offset: Int64,
        in file: UnsafeMutablePointer<sqlite3_file>
    ) -> CInt {
        let salt = frame.loadUnaligned(fromByteOffset: Link.saltOffset, as: UInt64.self)
        // While links wait to be repaired SQLite leaves them out, so that none is right until the end.
        if salt == 0, frame.loadUnaligned(fromByteOffset: Link.offset, as: UInt64.self) == 0 {
            last = nil
            return SQLITE_OK
        }
        let code = readOrder(salt: salt, in: file)
        guard code == SQLITE_OK else { return code }
        let isBigEndian = order?.isBigEndian ?? false
        let theirs = Link(frame + Link.offset)
        var link: Link
        if let last, last.end == offset, last.salt == salt {
            let stamped = frame.loadUnaligned(fromByteOffset: LogFrame.bytes - PageChecksum.bytes, as: UInt64.self)
            let change =
                Link(words: stamped, isBigEndian: isBigEndian) - Link(words: unstamped, isBigEndian: isBigEndian)
            link =
                theirs + last.difference.afterFrame + Link(first: change.first, second: change.first &+ change.second)
        } else {
            guard let previous = readLink(before: offset, in: file) else { return SQLITE_IOERR }
            link = previous
            link.add(frame, count: Link.coveredHeader, isBigEndian: isBigEndian)
            link.add(frame + LogFrame.headerBytes, count: PageChecksum.pageBytes, isBigEndian: isBigEndian)
        }
        link.store(to: frame + Link.offset)
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
    private func readLink(before offset: Int64, in file: UnsafeMutablePointer<sqlite3_file>) -> Link? {
        let isFirst = offset == Int64(LogFrame.logHeaderBytes)
        let place = isFirst ? 24 : offset - Int64(LogFrame.bytes) + Int64(Link.offset)
        var words: UInt64 = 0
        let code = file.pointee.pMethods.pointee.xRead(file, &words, CInt(MemoryLayout<UInt64>.size), place)
        return code == SQLITE_OK ? withUnsafeBytes(of: words) { $0.baseAddress.map(Link.init) } : nil
    }
}
