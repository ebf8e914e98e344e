import Foundation
import GRDB
import Synchronization

/// A database of its own beside the replica's, made from what that holds, so that a commit waits for it in no way.
///
/// It can be removed at any time, and is then made anew. It is not synced to the disk with each step: a power cut takes back
/// the newest part, and with it the note of how far it had come. Several processes may use it at once.
final class DerivedFile: Sendable {
    private let path: String
    private let label: String
    /// Makes the tables that are not there.
    private let create: @Sendable (Database) throws -> Void
    private let opened = Mutex<DatabasePool?>(nil)

    init(path: String, label: String, create: @escaping @Sendable (Database) throws -> Void) {
        self.path = path
        self.label = label
        self.create = create
    }

    /// Reads in a snapshot.
    func read<Result>(_ body: (Database) throws -> Result) throws -> Result { try database().read(body) }

    /// Runs `body` in one immediate transaction.
    func write<Result>(_ body: (Database) throws -> Result) throws -> Result {
        try database().writeWithoutTransaction { database in
            var result: Result?
            try database.inTransaction(.immediate) {
                result = try body(database)
                return .commit
            }
            guard let result else { preconditionFailure("a transaction that ends has a result") }
            return result
        }
    }

    /// Runs `body`, and once more with an empty file when that turns out to be damaged.
    func repairing<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as DatabaseError where Self.damage.contains(error.resultCode) {
            opened.withLock { $0 = nil }
            for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
            return try body()
        }
    }

    private static let damage: [ResultCode] = [.SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR]

    private func database() throws -> DatabasePool {
        try opened.withLock { opened in
            if let opened { return opened }
            let pool = try open()
            opened = pool
            return pool
        }
    }

    private func open() throws -> DatabasePool {
        var configuration = Configuration()
        configuration.busyMode = .timeout(Self.busyTimeout)
        configuration.label = label
        let mask = umask(0o077)
        defer { umask(mask) }
        // Synchronous is NORMAL in a pool.
        let pool = try DatabasePool(path: path, configuration: configuration)
        try pool.writeWithoutTransaction { database in
            try database.inTransaction(.immediate) {
                try create(database)
                return .commit
            }
        }
        return pool
    }

    /// How long a process waits for another's step.
    private static let busyTimeout: TimeInterval = 10
}
