internal import Foundation

/// What a connection has taken in since it last brought a message.
///
/// The library counts messages, not parts: a peer that sends a message of endless parts is never held up by a queue's
/// bound, and its parts pile up in memory. The kernel knows how much of a TCP connection has been read; other kinds
/// stay on this machine, and are not watched.
struct Intake {
    /// What may have been read without a message that we saw: what the socket's queue holds, the message that is
    /// arriving, and one to spare.
    private static let allowance =
        (UInt64(SocketProfile.highWaterMark) + 2) * UInt64(SocketProfile.maximumMessageBytes)

    /// What heartbeats may add in a second, both probes and answers; an idle link must not add up to a full one.
    private static let heartbeatsPerSecond: UInt64 = 256

    private let descriptor: Int32
    private var hasBroughtMessage = false
    private var baseline: UInt64 = 0
    private var baselineInstant: ContinuousClock.Instant

    init(descriptor: Int32, at now: ContinuousClock.Instant) {
        self.descriptor = descriptor
        baselineInstant = now
    }

    /// Notes that a message came out of the connection.
    mutating func noteMessage() { hasBroughtMessage = true }

    /// Whether more has come in without a message than any honest peer sends.
    ///
    /// Looks at the connection, so it is called now and then and not for every message.
    mutating func isStuffed(at now: ContinuousClock.Instant) -> Bool {
        guard let read = Self.bytesRead(from: descriptor) else { return false }
        if hasBroughtMessage {
            hasBroughtMessage = false
            baseline = read
            baselineInstant = now
        }
        let idle = UInt64(max(baselineInstant.duration(to: now).components.seconds, 0))
        return read > baseline + Self.allowance + idle * Self.heartbeatsPerSecond
    }

    /// All bytes that the library has ever read from a TCP connection, or nil for one of another kind: those that the
    /// kernel has received, without those that still wait there.
    private static func bytesRead(from descriptor: Int32) -> UInt64? {
        // `tcpi_bytes_received` of Linux's `struct tcp_info`, which the C library's older declaration lacks.
        let offset = 128
        var info = [UInt8](repeating: 0, count: offset + MemoryLayout<UInt64>.size)
        var length = socklen_t(info.count)
        var waiting: Int32 = 0
        guard ioctl(descriptor, UInt(FIONREAD), &waiting) == 0,
            getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_INFO, &info, &length) == 0, length == info.count
        else { return nil }
        let received = info.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self) }
        return received - min(received, UInt64(max(waiting, 0)))
    }
}
