internal import Foundation

/// Wakes the thread that polls ``descriptor``; may be rung from any thread.
final class Bell: Sendable {
    /// Readable while the bell has been rung and not been silenced.
    let descriptor: Int32
    private let button: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        precondition(pipe(&ends) == 0, "no pipe can be made: \(String(cString: strerror(errno)))")
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        (descriptor, button) = (ends[0], ends[1])
    }

    deinit {
        close(descriptor)
        close(button)
    }

    /// Wakes the poller.
    ///
    /// A full pipe has been rung already.
    func ring() {
        var byte: UInt8 = 0
        while write(button, &byte, 1) < 0, errno == EINTR {}
    }

    /// Makes the descriptor unreadable until the next ring.
    func silence() {
        var bytes = [UInt8](repeating: 0, count: 64)
        while true {
            let count = read(descriptor, &bytes, bytes.count)
            guard count == bytes.count || count < 0 && errno == EINTR else { return }
        }
    }
}
