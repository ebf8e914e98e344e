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

    /// Whether a frame is the last of its transaction: it then says how many pages the database has.
    static func endsTransaction(_ frame: UnsafeRawPointer) -> Bool {
        frame.loadUnaligned(fromByteOffset: 4, as: UInt32.self) != 0
    }
}
