internal import CZstd
import Dispatch
import Synchronization

/// Compresses content while it is being made, on a thread beside the one that makes it.
///
/// What stands first in a body is known last, so the frame (RFC 8878) begins with that as it is, in raw blocks. What was
/// compressed before stays valid behind them: a block refers to earlier content by its distance. The bytes of a frame depend
/// on the pieces alone, and not on who compressed them when.
public final class EarlyCompression: Sendable {
    /// What a piece should have: less is compressed in less time than it takes to wake a thread, and each piece has tables of
    /// its own in the frame.
    public static let pieceBytes = 64 << 10

    private struct Queue {
        var pieces: [[UInt8]] = []
        /// Whether a thread comes back for them.
        var isAttended = false
        /// Whether nothing is added any more.
        var isClosed = false
    }

    private let queue = Mutex(Queue())
    /// Nobody rings it.
    private let alarm = DispatchSemaphore(value: 0)
    private let blocks: Mutex<BlockStream>

    /// Nil when memory runs out.
    public init?() {
        guard let blocks = BlockStream() else { return nil }
        self.blocks = Mutex(blocks)
    }

    /// Takes what follows on the earlier pieces, and returns at once.
    public func append(_ piece: [UInt8]) {
        let needsThread = queue.withLock { queue in
            queue.pieces.append(piece)
            defer { queue.isAttended = true }
            return !queue.isAttended
        }
        if needsThread { DispatchQueue.global(qos: .userInitiated).async { self.attend() } }
    }

    /// How long the thread sleeps when it finds nothing: a fraction of the time in which a piece is made. It is not woken for
    /// each, since on a virtual machine that takes the waker as long as it takes to compress a quarter of one.
    private static let pause = DispatchTimeInterval.microseconds(100)
    /// How often in a row the thread finds nothing before it leaves.
    private static let greatestPauses = 50

    /// Compresses pieces until no more come.
    private func attend() {
        var pauses = 0
        while true {
            if blocks.withLock({ compressWaiting(into: &$0) }) { pauses = 0 }
            let isDone = queue.withLock { queue in
                guard queue.isClosed || (pauses >= Self.greatestPauses && queue.pieces.isEmpty) else { return false }
                queue.isAttended = false
                return true
            }
            if isDone { return }
            pauses += 1
            _ = alarm.wait(timeout: .now() + Self.pause)
        }
    }

    /// The frame of content in which the pieces stand from `start` on; nil when it cannot be made. Pieces that no thread has
    /// come to yet are compressed here. Nothing can be added afterwards.
    package func frame(of content: [UInt8], from start: Int) -> [UInt8]? {
        queue.withLock { $0.isClosed = true }
        return blocks.withLock { blocks in
            _ = compressWaiting(into: &blocks)
            return content.withUnsafeBytes { blocks.frame(of: $0, from: start) }
        }
    }

    /// Returns whether there was anything.
    private func compressWaiting(into blocks: inout BlockStream) -> Bool {
        var isAny = false
        while let piece = queue.withLock({ $0.pieces.isEmpty ? nil : $0.pieces.removeFirst() }) {
            piece.withUnsafeBytes { blocks.append($0, ZSTD_e_flush) }
            isAny = true
        }
        return isAny
    }
}

/// The compressed blocks of a frame whose beginning is not known yet.
///
/// `@unchecked Sendable`: the library's object may pass from thread to thread, and has one user at a time.
private struct BlockStream: ~Copyable, @unchecked Sendable {
    private let context: OpaquePointer
    /// Begins with the header that the library gives a frame of unknown size.
    private var output: [UInt8] = []
    /// How much was compressed.
    private var count = 0
    private var hasFailed = false

    /// Of a header with a window and nothing else: magic number, descriptor 0, window.
    private static let headerBytes = 6
    /// A descriptor that says: four bytes of content size, a window, no checksum, no dictionary.
    private static let descriptor: UInt8 = 0x80
    /// No block has more content than this, or than the window, which is larger.
    private static let greatestBlock = 128 << 10

    init?() {
        guard let context = Zstandard.compressors.take() else { return nil }
        self.context = context
        ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters)
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Zstandard.level)
    }

    deinit {
        ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters)
        Zstandard.compressors.giveBack(context)
    }

    /// Compresses what follows, up to the last byte.
    mutating func append(_ content: UnsafeRawBufferPointer, _ directive: ZSTD_EndDirective) {
        count += content.count
        var input = ZSTD_inBuffer(src: content.baseAddress, size: content.count, pos: 0)
        var remaining = 1
        while remaining > 0, !hasFailed {
            let capacity = ZSTD_compressBound(content.count - input.pos)
            output.append(addingCapacity: capacity) { room in
                room.withUnsafeMutableBufferPointer { bytes, written in
                    var target = ZSTD_outBuffer(dst: bytes.baseAddress, size: bytes.count, pos: written)
                    remaining = ZSTD_compressStream2(context, &target, &input, directive)
                    written = target.pos
                }
            }
            hasFailed = ZSTD_isError(remaining) != 0
        }
    }

    /// The frame of content in which what was compressed stands from `start` on; what follows is compressed now.
    mutating func frame(of content: UnsafeRawBufferPointer, from start: Int) -> [UInt8]? {
        append(UnsafeRawBufferPointer(rebasing: content[(start + count)...]), ZSTD_e_end)
        guard !hasFailed, output.starts(with: Zstandard.magic + [0]), let size = UInt32(exactly: content.count) else {
            return nil
        }
        var frame = Zstandard.magic + [Self.descriptor, output[Self.headerBytes - 1]]
        frame.reserveCapacity(start + output.count + 32)
        withUnsafeBytes(of: size.littleEndian) { frame.append(contentsOf: $0) }
        for first in stride(from: 0, to: start, by: Self.greatestBlock) {
            let block = content[first..<min(first + Self.greatestBlock, start)]
            // Three bytes: not the last block, raw, and its size (section 3.1.1.2).
            withUnsafeBytes(of: UInt32(block.count << 3).littleEndian) { frame.append(contentsOf: $0.prefix(3)) }
            frame.append(contentsOf: block)
        }
        frame.append(contentsOf: output[Self.headerBytes...])
        return frame
    }
}
