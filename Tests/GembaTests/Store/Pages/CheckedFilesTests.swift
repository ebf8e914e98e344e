import Foundation
import GRDB
import GembaCausality
import GembaSimulation
import GembaWire
import Testing

@testable import GembaStore

@Suite("Checked files")
struct CheckedFilesTests {
    private let folder: TemporaryFolder
    private var path: String { folder.folder("checked.sqlite") }

    init() throws { folder = try TemporaryFolder() }

    private func open(_ path: String) throws -> DatabasePool {
        _ = try CheckedFiles.watch(path)
        var configuration = Configuration()
        configuration.prepareDatabase { database in
            try database.preparePages()
            // So few pages that transactions write some of them twice.
            try database.execute(sql: "PRAGMA synchronous = FULL; PRAGMA cache_size = 8")
        }
        return try DatabasePool(path: path, configuration: configuration)
    }

    private func fill(_ pool: DatabasePool, seed: UInt64, rounds: Int = 6) throws {
        var generator = SeededGenerator(seed: seed)
        try pool.write { try $0.execute(sql: "CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, a, b)") }
        try pool.write { try $0.execute(sql: "CREATE INDEX IF NOT EXISTS i ON t (b)") }
        for round in 0..<rounds {
            try pool.writeWithoutTransaction { database in
                try database.inTransaction {
                    for _ in 0..<400 {
                        try database.execute(
                            sql: "INSERT OR REPLACE INTO t VALUES (?, randomblob(?), random())",
                            arguments: [
                                Int.random(in: 0..<600, using: &generator), Int.random(in: 0..<9000, using: &generator),
                            ])
                    }
                    return round == 2 ? .rollback : .commit
                }
            }
            try pool.write { database in
                try database.inSavepoint {
                    try database.execute(sql: "DELETE FROM t WHERE id % 7 = ?", arguments: [round])
                    return round.isMultiple(of: 2) ? .rollback : .commit
                }
                try database.execute(sql: "UPDATE t SET b = random() WHERE id % 3 = 0")
            }
            if round == 3 { try pool.writeWithoutTransaction { _ = try $0.checkpoint(.passive) } }
        }
    }

    private func content(_ reader: some DatabaseReader) throws -> [Row] {
        try reader.read { try Row.fetchAll($0, sql: "SELECT id, b, hex(a) FROM t ORDER BY id") }
    }

    private func unsoundPages(_ pool: DatabasePool) throws -> [UInt32] {
        try pool.read { database in
            let request = PageRequest(.survey(from: 1, count: .max))
            guard let connection = database.sqliteConnection, request.ask(connection) else { return [0] }
            return request.survey?.damaged ?? [0]
        }
    }

    @Test(
        "Plain SQLite recovers what a crash leaves, whole, and writes sound pages when it copies the log",
        arguments: 1...4 as ClosedRange<UInt64>)
    func crash(seed: UInt64) throws {
        let pool = try open(path)
        try fill(pool, seed: seed)
        let expected = try content(pool)
        let copy = folder.folder("copy.sqlite")
        for suffix in ["", "-wal"] { try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix) }
        do {
            let plain = try DatabaseQueue(path: copy)
            #expect(try content(plain) == expected)
            #expect(try plain.read { try String.fetchAll($0, sql: "PRAGMA integrity_check") } == ["ok"])
            try plain.close()
        }
        #expect(!FileManager.default.fileExists(atPath: copy + "-wal"))
        let again = try open(copy)
        #expect(try unsoundPages(again).isEmpty)
        #expect(try content(again) == expected)
    }

    @Test("Connections that take turns, and one that copies the log, leave sound pages only")
    func turns() throws {
        let (one, two) = (try open(path), try open(path))
        for seed in 1...4 as ClosedRange<UInt64> {
            try fill(seed.isMultiple(of: 2) ? one : two, seed: seed, rounds: 2)
            if seed == 2 { try two.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) } }
        }
        #expect(try content(one) == content(two))
        let expected = try content(one)
        let copy = folder.folder("copy.sqlite")
        for suffix in ["", "-wal"] { try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix) }
        #expect(try content(DatabaseQueue(path: copy)) == expected)
        try one.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        #expect(try unsoundPages(two).isEmpty)
        #expect(try one.read { try String.fetchAll($0, sql: "PRAGMA integrity_check") } == ["ok"])
    }

    @Test("What a transaction wrote that was taken back never gets over what another connection wrote since")
    func takenBack() throws {
        let (one, two) = (try open(path), try open(path))
        try fill(one, seed: 5, rounds: 1)
        // Few pages more than the cache holds, so that some frames wait to be written when the transaction ends.
        for count in 4..<24 {
            try one.writeWithoutTransaction { database in
                try database.inTransaction {
                    for id in 0..<count {
                        try database.execute(
                            sql: "INSERT OR REPLACE INTO t VALUES (?, randomblob(5000), 0)", arguments: [1000 + id])
                    }
                    return .rollback
                }
            }
            try two.write { database in
                try database.execute(sql: "INSERT INTO t VALUES (?, randomblob(9000), 1)", arguments: [2000 + count])
            }
            #expect(try content(one) == content(two))
            try one.write { try $0.execute(sql: "UPDATE t SET b = b + 1 WHERE id >= 2000") }
        }
        let expected = try content(two)
        #expect(expected.count { ($0["id"] as Int) >= 1000 } == 20)
        let copy = folder.folder("copy.sqlite")
        for suffix in ["", "-wal"] { try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix) }
        #expect(try content(DatabaseQueue(path: copy)) == expected)
    }

    @Test("Small commits that wait for the disk do not lengthen the log, in which the next process finds them all")
    func room() throws {
        let pool = try open(path)
        try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        try pool.write { try $0.execute(sql: "CREATE TABLE t (id INTEGER PRIMARY KEY, b)") }
        var sizes: Set<Int> = []
        for number in 1...60 {
            try pool.write { try $0.execute(sql: "INSERT INTO t VALUES (?, randomblob(100))", arguments: [number]) }
            sizes.insert(try Data(contentsOf: URL(filePath: path + "-wal")).count)
        }
        #expect(sizes.count < 8, "\(sizes.sorted())")
        let copy = folder.folder("copy.sqlite")
        for suffix in ["", "-wal"] { try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix) }
        let copied = try open(copy)
        try copied.write { try $0.execute(sql: "INSERT INTO t VALUES (61, 'after')") }
        let plain = try DatabaseQueue(path: copy)
        #expect(try plain.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM t") } == 61)
    }

    @Test("VACUUM, other journals and backups keep pages sound")
    func layouts() throws {
        let pool = try open(path)
        try fill(pool, seed: 9, rounds: 2)
        try pool.vacuum()
        try pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        #expect(try unsoundPages(pool).isEmpty)
        let backup = try open(folder.folder("backup.sqlite"))
        try pool.backup(to: backup)
        #expect(try content(backup) == content(pool))
        try backup.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        #expect(try unsoundPages(backup).isEmpty)
        try backup.close()
        let single = try DatabaseQueue(path: folder.folder("backup.sqlite"))
        try single.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = DELETE; UPDATE t SET b = 1") }
        try single.close()
        #expect(try unsoundPages(open(folder.folder("backup.sqlite"))).isEmpty)
    }

    @Test("Memory mapping does not go past the checks")
    func mapping() throws {
        let pool = try open(path)
        try fill(pool, seed: 3, rounds: 1)
        try pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        try pool.close()
        var bytes = try Data(contentsOf: URL(filePath: path))
        let page = 9 * PageChecksum.pageBytes
        for place in page..<page + 64 { bytes[place] ^= 0xff }
        try bytes.write(to: URL(filePath: path))
        let damaged = try open(path)
        let error = #expect(throws: DatabaseError.self) {
            try damaged.read { database in
                try database.execute(sql: "PRAGMA mmap_size = 268435456")
                _ = try String.fetchAll(database, sql: "PRAGMA integrity_check")
                _ = try Row.fetchAll(database, sql: "SELECT * FROM t")
            }
        }
        #expect(error?.isDamage == true)
        #expect(try CheckedFiles.watch(path).found.unreadable == [10])
    }

    @Test("Files that were not named are opened as if there were no checks")
    func others() throws {
        let plain = try DatabaseQueue(path: folder.folder("plain.sqlite"))
        try plain.write { try $0.execute(sql: "CREATE TABLE t (a); INSERT INTO t VALUES (1)") }
        let isChecked = try plain.read { database in
            database.sqliteConnection.map { PageRequest(.standing).ask($0) } ?? true
        }
        #expect(!isChecked)
    }
}
