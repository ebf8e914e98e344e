#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// A small file that only its owner may read, in a folder that only its owner may change.
///
/// It is created once, and replaced only as a whole. Writing goes through a temporary file that is synchronised before it gets its
/// name, and the folder is synchronised after, so that a power cut leaves either no file or the whole one.
struct SecretFile {
    let folder: String
    let name: String

    /// Permissions of the file: read and write for the owner.
    static let fileMode: mode_t = 0o600
    /// Permissions of the folder: everything for the owner.
    static let folderMode: mode_t = 0o700
    /// Permission bits that belong to others than the owner.
    private static let othersMask: mode_t = 0o077
    /// Permission bits by which others than the owner could put another file in its place.
    private static let othersWriteMask: mode_t = 0o022

    var path: String { "\(folder)/\(name)" }

    // MARK: - Writing

    /// Writes the file, unless there is one.
    func create(_ bytes: [UInt8]) throws(TrustError) {
        let isNew = mkdir(folder, Self.folderMode) == 0
        guard isNew || errno == EEXIST else { throw failure("create the folder", folder) }
        let directory = try openFolder()
        defer { close(directory) }
        if isNew { try synchroniseParent(of: directory) }
        // Two programs that set up one station at once: the second waits and then finds the first one's file.
        guard retrying({ flock(directory, LOCK_EX) }) == 0 else { throw failure("lock", folder) }

        var status = stat()
        guard fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0 else {
            throw TrustError(.keyExists, "\(path) exists already and is not overwritten. Move it away first.")
        }
        try put(bytes, in: directory)
    }

    /// Writes the file in place of the one that is there, whose content is overwritten where the disk lets that happen.
    func replace(_ bytes: [UInt8]) throws(TrustError) {
        let directory = try openFolder()
        defer { close(directory) }
        guard retrying({ flock(directory, LOCK_EX) }) == 0 else { throw failure("lock", folder) }
        let former = openat(directory, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC)
        guard former >= 0 else {
            throw errno == ENOENT ? TrustError(.keyNotFound, "There is no \(path).") : failure("open", path)
        }
        defer { close(former) }
        try put(bytes, in: directory)
        var status = stat()
        guard fstat(former, &status) == 0 else { return }
        let zeros = [UInt8](repeating: 0, count: Int(status.st_size))
        if pwrite(former, zeros, zeros.count, 0) == zeros.count { fsync(former) }
    }

    private func put(_ bytes: [UInt8], in directory: CInt) throws(TrustError) {
        let temporary = name + ".new"
        unlinkat(directory, temporary, 0)
        try writeTemporary(bytes, named: temporary, in: directory)
        guard renameat(directory, temporary, directory, name) == 0 else { throw failure("rename", path) }
        guard fsync(directory) == 0 else { throw failure("synchronise", folder) }
    }

    private func writeTemporary(_ bytes: [UInt8], named temporary: String, in directory: CInt) throws(TrustError) {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let descriptor = openat(directory, temporary, flags, Self.fileMode)
        guard descriptor >= 0 else { throw failure("create", path) }
        defer { close(descriptor) }
        var written = 0
        while written < bytes.count {
            let count = retrying { bytes[written...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) } }
            guard count > 0 else { throw failure("write", path) }
            written += count
        }
        guard fsync(descriptor) == 0 else { throw failure("synchronise", path) }
    }

    /// Makes the folder's own name durable.
    private func synchroniseParent(of directory: CInt) throws(TrustError) {
        let parent = openat(directory, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard parent >= 0 else { throw failure("open the folder above", folder) }
        defer { close(parent) }
        guard fsync(parent) == 0 else { throw failure("synchronise the folder above", folder) }
    }

    // MARK: - Reading

    /// Reads the file, when its permissions keep others out and it has at most `limit` bytes.
    func contents(atMost limit: Int) throws(TrustError) -> [UInt8] {
        let directory = try openFolder()
        defer { close(directory) }
        let descriptor = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw errno == ENOENT ? TrustError(.keyNotFound, "There is no \(path).") : failure("open", path)
        }
        defer { close(descriptor) }
        try checkPermissions(of: descriptor, path: path, forbidden: Self.othersMask, remedy: "chmod 600 \(path)")

        var bytes = [UInt8](repeating: 0, count: limit + 1)
        var filled = 0
        while filled < bytes.count {
            let count = retrying {
                bytes[filled...].withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            }
            guard count >= 0 else { throw failure("read", path) }
            if count == 0 { break }
            filled += count
        }
        guard filled <= limit else {
            throw TrustError(.keyDamaged, "\(path) is longer than \(limit) bytes and not a key file.")
        }
        bytes.removeLast(bytes.count - filled)
        return bytes
    }

    // MARK: - Checks

    private func openFolder() throws(TrustError) -> CInt {
        let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else {
            throw errno == ENOENT ? TrustError(.keyNotFound, "There is no folder \(folder).") : failure("open", folder)
        }
        do throws(TrustError) {
            try checkPermissions(
                of: directory, path: folder, forbidden: Self.othersWriteMask, remedy: "chmod 700 \(folder)")
        } catch {
            close(directory)
            throw error
        }
        return directory
    }

    /// Refuses what belongs to somebody else or gives others one of the `forbidden` permissions.
    private func checkPermissions(
        of descriptor: CInt, path: String, forbidden: mode_t, remedy: String
    ) throws(TrustError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("examine", path) }
        guard status.st_uid == geteuid() else {
            throw TrustError(
                .insecurePermissions,
                "\(path) belongs to user \(status.st_uid), but this program runs as user \(geteuid()). "
                    + "Run it as the owner, or give it the file: chown \(geteuid()) \(path)")
        }
        let mode = status.st_mode & 0o777
        guard mode & forbidden == 0 else {
            throw TrustError(
                .insecurePermissions,
                "\(path) has permissions 0\(String(mode, radix: 8)), so that other users can read or replace "
                    + "private keys. Correct it: \(remedy)")
        }
    }

    private func failure(_ action: String, _ path: String) -> TrustError {
        let number = errno
        return TrustError(.inputOutput, "Cannot \(action) \(path): \(String(cString: strerror(number))).")
    }

    /// Repeats a call that a signal interrupted.
    private func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
        while true {
            let result = call()
            if result != -1 || errno != EINTR { return result }
        }
    }
}
