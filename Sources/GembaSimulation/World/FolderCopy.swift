import Foundation

/// A copy of a replica's files at one moment, as a backup, a disk image or a power cut leaves it.
struct FolderCopy {
    /// What of a folder is put back.
    enum Extent {
        /// The database; the side file stays as it is.
        case database
        /// The database and its side file.
        case folder
    }

    let path: String
    private static let databaseFiles = ["replica.sqlite", "replica.sqlite-wal"]
    private static let sideFile = "replica.side"

    /// Copies the files. No transaction may be open.
    init(of folder: String, to path: String) throws {
        self.path = path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for name in Self.databaseFiles + [Self.sideFile] where Self.exists(folder, name) {
            try FileManager.default.copyItem(atPath: folder + "/" + name, toPath: path + "/" + name)
        }
        try FileManager.default.copyItem(atPath: folder + "/keys", toPath: path + "/keys")
    }

    /// Puts the files back.
    ///
    /// - Parameter isInPlace: overwrites the database file, which keeps its inode; otherwise another file takes its name.
    func restore(to folder: String, _ extent: Extent, isInPlace: Bool) throws {
        let names = Self.databaseFiles + (extent == .folder ? [Self.sideFile] : [])
        for name in names {
            let target = folder + "/" + name
            guard Self.exists(path, name) else {
                if Self.exists(folder, name) { try FileManager.default.removeItem(atPath: target) }
                continue
            }
            if isInPlace, Self.exists(folder, name) {
                try Self.overwrite(target, with: path + "/" + name)
            } else {
                if Self.exists(folder, name) { try FileManager.default.removeItem(atPath: target) }
                try FileManager.default.copyItem(atPath: path + "/" + name, toPath: target)
            }
        }
    }

    /// Makes a new folder of the copy, as a cloned disk would.
    func clone(to folder: String) throws {
        try FileManager.default.copyItem(atPath: path, toPath: folder)
    }

    func remove() throws { try FileManager.default.removeItem(atPath: path) }

    private static func exists(_ folder: String, _ name: String) -> Bool {
        FileManager.default.fileExists(atPath: folder + "/" + name)
    }

    private static func overwrite(_ target: String, with source: String) throws {
        let content = try Data(contentsOf: URL(filePath: source))
        let handle = try FileHandle(forWritingTo: URL(filePath: target))
        defer { try? handle.close() }
        try handle.truncate(atOffset: 0)
        try handle.write(contentsOf: content)
    }
}
