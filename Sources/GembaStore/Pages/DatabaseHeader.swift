import GRDBSQLite

/// What stands in the first bytes of a database file (section 1.3 of SQLite's file format).
struct DatabaseHeader {
    static let bytes = 100

    private static let magic = Array("SQLite format 3\u{0}".utf8)
    private let content: [UInt8]

    /// Reads the header of an open file; nil when it is empty or no database.
    init?(of file: UnsafeMutablePointer<sqlite3_file>) {
        var content = [UInt8](repeating: 0, count: Self.bytes)
        let code = content.withUnsafeMutableBytes { buffer in
            file.pointee.pMethods.pointee.xRead(file, buffer.baseAddress, CInt(Self.bytes), 0)
        }
        guard code == SQLITE_OK, content.starts(with: Self.magic) else { return nil }
        self.content = content
    }

    /// Bytes that SQLite leaves free at the end of each page.
    var reservedBytes: Int { Int(content[20]) }

    /// Whether pages have no checksums: the file is of an earlier format, or another program's. One that says that it is of
    /// today's is damaged if it says that it has no room for them.
    var isUnchecked: Bool {
        reservedBytes == 0 && !(number(68) == DatabaseFormat.applicationID && number(60) >= DatabaseFormat.firstChecked)
    }

    private func number(_ offset: Int) -> Int64 { Int64(content.bigEndianNumber(at: offset)) }

    // MARK: - Replacing

    /// Puts the first page of an empty database in the place of one that SQLite might not take for a first page at all.
    /// What follows has to write all pages.
    ///
    /// - Parameter pageCount: as many pages as the file has; with none there is nothing to replace.
    static func replaceUnlessSound(_ buffer: UnsafeMutableRawPointer, count: Int, pageCount: UInt32) {
        if pageCount == 0 || count >= PageChecksum.pageBytes && PageChecksum.isSound(buffer, number: 1) { return }
        emptyFirstPage(pageCount: pageCount).withUnsafeBytes { bytes in
            if let first = bytes.baseAddress { buffer.copyMemory(from: first, byteCount: min(count, bytes.count)) }
        }
    }

    /// Whether a first page says that pages have room for their checksums.
    static func hasRoom(_ page: UnsafeRawPointer) -> Bool {
        page.load(fromByteOffset: 20, as: UInt8.self) == UInt8(PageChecksum.bytes)
    }

    private static func emptyFirstPage(pageCount: UInt32) -> [UInt8] {
        var page = [UInt8](repeating: 0, count: PageChecksum.pageBytes)
        func put(_ number: UInt32, at offset: Int) {
            for index in 0..<4 { page[offset + index] = UInt8(truncatingIfNeeded: number >> UInt32(24 - 8 * index)) }
        }
        page.replaceSubrange(0..<magic.count, with: magic)
        page[16] = UInt8(PageChecksum.pageBytes >> 8)
        // Write and read version: write-ahead log; free bytes; the payload fractions, which are constants.
        page.replaceSubrange(18..<24, with: [2, 2, UInt8(PageChecksum.bytes), 64, 32, 32])
        put(pageCount, at: 28)
        put(4, at: 44)
        put(1, at: 56)
        // An empty leaf of a table.
        page[100] = 13
        let end = PageChecksum.pageBytes - PageChecksum.bytes
        (page[105], page[106]) = (UInt8(end >> 8), UInt8(end & 0xff))
        return page
    }
}
