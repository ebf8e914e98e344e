import GRDBSQLite

/// Frames on their way to the log, each behind the one before, which go to the file together.
///
/// A file system that is given many pages at once finds room for all of them in one go; given one by one, each costs several
/// times as much. A frame that ends a transaction never waits here, so what others may read, and what a commit waits for, is in
/// the file.
final class FrameBuffer {
    /// As many frames as the system's VFS writes at once, which takes less than 128 KiB.
    private static let capacity = ((128 << 10) - 1) / LogFrame.bytes

    private let memory = UnsafeMutableRawPointer.allocate(byteCount: capacity * LogFrame.bytes, alignment: 16)
    /// Where the first frame goes.
    private var start: Int64 = 0
    private var count = 0

    deinit { memory.deallocate() }

    private var byteCount: Int { count * LogFrame.bytes }

    /// Where the frame has to be made that is added next.
    var next: UnsafeMutableRawPointer { memory + byteCount }

    /// Adds the frame that was made at ``next``, and writes all when it ends a transaction, or there are many.
    func add(at offset: Int64, to file: UnsafeMutablePointer<sqlite3_file>) -> CInt {
        if count == 0 { start = offset }
        precondition(offset == start + Int64(byteCount), "a frame at \(offset) among others that it does not follow")
        let endsTransaction = LogFrame.endsTransaction(next)
        count += 1
        return endsTransaction || count == Self.capacity ? flush(to: file) : SQLITE_OK
    }

    /// Whether a frame at an offset could be added.
    func takes(_ offset: Int64) -> Bool { count == 0 || offset == start + Int64(byteCount) }

    /// Whether some frame stands before an offset.
    func isAny(before offset: Int64) -> Bool { count > 0 && start < offset }

    /// Writes all frames to the file. When that fails they stay, so that nothing is committed without them.
    func flush(to file: UnsafeMutablePointer<sqlite3_file>) -> CInt {
        if count == 0 { return SQLITE_OK }
        let code = file.pointee.pMethods.pointee.xWrite(file, memory, CInt(byteCount), start)
        if code == SQLITE_OK { count = 0 }
        return code
    }

    /// Forgets frames of a transaction that was taken back.
    func discard() { count = 0 }
}
