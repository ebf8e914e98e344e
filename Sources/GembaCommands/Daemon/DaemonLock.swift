import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// Makes sure that one daemon at a time serves a data folder.
///
/// It is a POSIX record lock and not a `flock`, because a record lock can be asked about without being taken: a glance
/// at the status never stands in the way of a daemon that is starting. The kernel releases it however the process ends.
struct DaemonLock: ~Copyable {
    private let descriptor: Int32

    /// Takes the lock of a folder, or fails when a daemon holds it.
    init(folder: String) throws(CommandFailure) {
        let descriptor = open(Self.path(folder), O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw CommandFailure(.failure, "The folder \(folder) cannot be used: \(String(cString: strerror(errno))).")
        }
        var request = Self.wholeFile
        guard fcntl(descriptor, F_SETLK, &request) == 0 else {
            close(descriptor)
            let process = Self.holder(of: folder).map { " (process \($0))" } ?? ""
            throw CommandFailure(
                .failure, "Another program already serves \(folder)\(process). Stop it first, or choose another folder."
            )
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// The process that serves a folder; nil when none does, 0 when it cannot be told which.
    static func holder(of folder: String) -> Int32? {
        let descriptor = open(path(folder), O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var request = wholeFile
        guard fcntl(descriptor, F_GETLK, &request) == 0, request.l_type != Int16(F_UNLCK) else { return nil }
        return max(0, request.l_pid)
    }

    private static func path(_ folder: String) -> String { folder + "/daemon.lock" }

    private static var wholeFile: flock {
        flock(l_type: Int16(F_WRLCK), l_whence: Int16(SEEK_SET), l_start: 0, l_len: 0, l_pid: 0)
    }
}
