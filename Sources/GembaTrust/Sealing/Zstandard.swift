internal import CZstd
import Synchronization

/// One Zstandard frame (RFC 8878) per body, with bounds that do not depend on what the frame claims.
///
/// What is a valid frame must be the same for every implementation. It is one frame of the current format with nothing
/// after it, without a dictionary, whose window and content have at most the permitted size. Skippable frames, the
/// formats of before version 0.8 and a second frame are refused.
package enum Zstandard {
    /// The fastest level of the ordinary range: bodies are compressed while somebody waits for a commit.
    static let level: CInt = 1

    /// What every frame begins with (RFC 8878, section 3.1.1).
    static let magic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]

    /// Why a frame was refused.
    package enum Failure: Error {
        /// Not a frame as described above, or a damaged one.
        case malformed
        /// More content than permitted, or a window that is larger than that.
        case tooLarge
    }

    /// Compresses content into a frame that states its content's size and has no checksum, because the hash chain
    /// covers it; nil when the library runs out of memory.
    package static func compress(_ content: [UInt8]) -> [UInt8]? {
        let bound = ZSTD_compressBound(content.count)
        let frame = [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
            let written = content.withUnsafeBytes { source in
                compressors.lend {
                    ZSTD_compressCCtx($0, buffer.baseAddress, bound, source.baseAddress, source.count, level)
                }
            }
            count = written.flatMap { ZSTD_isError($0) == 0 ? $0 : nil } ?? 0
        }
        return frame.isEmpty ? nil : frame
    }

    /// The content of a frame that this program made and whose size it knows; nil when it is damaged.
    package static func decompress(_ frame: [UInt8], exactly size: Int) -> [UInt8]? {
        let content = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            let written = frame.withUnsafeBytes { source in
                decompressors.lend {
                    ZSTD_decompressDCtx($0, buffer.baseAddress, size, source.baseAddress, source.count)
                }
            }
            count = written.flatMap { ZSTD_isError($0) == 0 ? $0 : nil } ?? 0
        }
        return content.count == size ? content : nil
    }

    /// The content of a frame that somebody else made.
    package static func decompress(_ frame: [UInt8], atMost limit: Int) throws(Failure) -> [UInt8] {
        let declared = try checkHeader(of: frame, limit: limit)
        if let declared, declared <= frame.count * ordinaryRatio {
            let size = frame.withUnsafeBytes { ZSTD_findFrameCompressedSize($0.baseAddress, $0.count) }
            guard size == frame.count, let content = decompress(frame, exactly: declared) else { throw .malformed }
            return content
        }
        guard let context = decompressors.take() else { throw .malformed }
        defer { decompressors.giveBack(context) }
        return try decompress(frame, atMost: limit, with: context)
    }

    /// Up to this, room is made for the size that a frame declares: the sender has sent a fair part of it.
    private static let ordinaryRatio = 16

    /// Produces the content piece by piece, so that memory grows with what is really there.
    private static func decompress(
        _ frame: [UInt8], atMost limit: Int, with context: OpaquePointer
    ) throws(Failure) -> [UInt8] {
        ZSTD_DCtx_reset(context, ZSTD_reset_session_only)
        var content: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: min(ZSTD_DStreamOutSize(), limit + 1))
        var consumed = 0
        while true {
            let (status, produced) = step(context, frame, &consumed, into: &piece)
            guard ZSTD_isError(status) == 0 else { throw .malformed }
            guard content.count + produced <= limit else { throw .tooLarge }
            content.append(contentsOf: piece[..<produced])
            if status == 0 { break }
            // The input is used up and the frame is not complete.
            guard produced == piece.count || consumed < frame.count else { throw .malformed }
        }
        guard consumed == frame.count else { throw .malformed }
        return content
    }

    /// Decompresses until the piece is full, the input is used up, or the frame ends, which status 0 tells.
    private static func step(
        _ context: OpaquePointer, _ frame: [UInt8], _ consumed: inout Int, into piece: inout [UInt8]
    ) -> (status: Int, produced: Int) {
        frame.withUnsafeBytes { source in
            piece.withUnsafeMutableBytes { target in
                var input = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: consumed)
                var output = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
                let status = ZSTD_decompressStream(context, &output, &input)
                consumed = input.pos
                return (status, output.pos)
            }
        }
    }

    /// Checks the frame header (RFC 8878, section 3.1.1.1) for what the library leaves to its settings.
    ///
    /// - Returns: the size of the content, if it is stated.
    private static func checkHeader(of frame: [UInt8], limit: Int) throws(Failure) -> Int? {
        guard frame.count >= 6, frame.starts(with: magic) else { throw .malformed }
        let descriptor = frame[4]
        let isSingleSegment = descriptor & 0x20 != 0
        let hasReservedBit = descriptor & 0x08 != 0
        let hasDictionary = descriptor & 0x03 != 0
        guard !hasReservedBit, !hasDictionary else { throw .malformed }
        if !isSingleSegment {
            let base = 1 << (10 + Int(frame[5] >> 3))
            let window = base + base / 8 * Int(frame[5] & 7)
            guard window <= limit else { throw .tooLarge }
        }
        let declared = frame.withUnsafeBytes { ZSTD_getFrameContentSize($0.baseAddress, $0.count) }
        // The library's two greatest values stand for "not stated" and for an error.
        let unknown = UInt64.max
        guard declared != unknown - 1 else { throw .malformed }
        guard declared != unknown else { return nil }
        guard declared <= UInt64(limit) else { throw .tooLarge }
        return Int(declared)
    }

    static let compressors = ContextPool(make: ZSTD_createCCtx, free: { ZSTD_freeCCtx($0) })
    private static let decompressors = ContextPool(make: ZSTD_createDCtx, free: { ZSTD_freeDCtx($0) })
}

/// The library's working memory, kept from call to call: to make it anew takes as long as to compress a short body.
final class ContextPool: Sendable {
    /// `@unchecked Sendable`: the library's objects may pass from thread to thread, and each has one user at a time.
    private struct Context: @unchecked Sendable { var pointer: OpaquePointer }

    private static let greatestIdle = 4
    private let make: @Sendable () -> OpaquePointer?
    private let free: @Sendable (OpaquePointer) -> Void
    private let idle = Mutex<[Context]>([])

    init(make: @escaping @Sendable () -> OpaquePointer?, free: @escaping @Sendable (OpaquePointer) -> Void) {
        self.make = make
        self.free = free
    }

    /// Nil when memory runs out.
    func lend<Result>(_ body: (OpaquePointer) -> Result) -> Result? {
        guard let context = take() else { return nil }
        defer { giveBack(context) }
        return body(context)
    }

    func take() -> OpaquePointer? { idle.withLock { $0.popLast() }?.pointer ?? make() }

    func giveBack(_ context: OpaquePointer) {
        let held = Context(pointer: context)
        let isKept = idle.withLock { idle in
            if idle.count == Self.greatestIdle { return false }
            idle.append(held)
            return true
        }
        if !isKept { free(context) }
    }
}
