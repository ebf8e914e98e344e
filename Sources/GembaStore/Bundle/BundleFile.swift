import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// A file that appears whole or not at all, also after a power cut or when the stick is pulled.
///
/// It is written beside its place, made durable, and then given its name. What it has in it is readable, so it is its
/// owner's alone where the file system knows owners.
struct BundleFile {
    let path: String
    private var scratch: String { path + ".new" }

    /// Calls `body` with a function that appends bytes, and returns what it does.
    ///
    /// - Parameter replacing: whether a file that is there already is replaced.
    func write<Result>(
        replacing: Bool, _ body: (_ append: @escaping ([UInt8]) throws -> Void) throws -> Result
    ) throws -> Result {
        if !replacing, access(path, F_OK) == 0 {
            throw StoreError(
                .alreadyExists, "The file \(path) exists already. Name another, or replace it with --force.")
        }
        unlink(scratch)
        let descriptor = open(scratch, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("made") }
        defer {
            close(descriptor)
            unlink(scratch)
        }
        let result = try body { bytes in try append(bytes, to: descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("made durable") }
        guard rename(scratch, path) == 0 else { throw failure("given its name") }
        try synchroniseFolder()
        return result
    }

    private func append(_ bytes: [UInt8], to descriptor: CInt) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("written") }
            rest = rest.dropFirst(count)
        }
    }

    private func synchroniseFolder() throws {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("made durable in its folder") }
        defer { close(descriptor) }
        // Some file systems of sticks cannot synchronise folders, and say so.
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw failure("made durable in its folder") }
    }

    private func failure(_ act: String) -> StoreError {
        let reason = String(cString: strerror(errno))
        return StoreError(.storageFailed, "The file \(path) could not be \(act): \(reason).")
    }
}
