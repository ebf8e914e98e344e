import Foundation
import GRDB

/// What can be told of a replica's health within a moment, without reading its whole log.
public struct ReplicaCondition: Sendable {
    /// Why the next write will open a new incarnation, in words; nil when the database goes on under its name.
    public var incarnationDoubt: String?
    /// What SQLite finds wrong with the file; empty when nothing.
    public var fileFaults: [String]
    /// Bytes that are free where the replica lies; nil when that cannot be told.
    public var freeBytes: Int64?
    /// Bytes of the database with its log.
    public var databaseBytes: Int64
}

extension Replica {
    /// Looks at identity, file and disk. Reads every page of the file once.
    public func condition() throws -> ReplicaCondition {
        let files = ReplicaFolder(path: folder)
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: folder)
        let sizes = [files.database, files.database + "-wal"].map { path in
            (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? NSNumber)?.int64Value ?? 0
        }
        return ReplicaCondition(
            incarnationDoubt: try withReader { try incarnation.doubt(context: $0, state: $0.state()) },
            fileFaults: try fileFaults(),
            freeBytes: (attributes?[.systemFreeSize] as? NSNumber)?.int64Value,
            databaseBytes: sizes.reduce(0, +))
    }

    private func fileFaults() throws -> [String] {
        do {
            return try read { database in
                try String.fetchAll(database, sql: "PRAGMA quick_check(5)").filter { $0 != "ok" }
            }
        } catch let error as DatabaseError where error.isDamage {
            return ["\(max(1, damage.found.unreadable.count)) or more pages are damaged"]
        }
    }
}
