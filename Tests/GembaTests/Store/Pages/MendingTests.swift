import Foundation
import GRDB
import GembaCausality
import GembaSimulation
import GembaTrust
import GembaWire
import Testing

@testable import GembaStore

/// Gets back what damaged pages held (G11).
@Suite("Mending")
struct MendingTests {
    private func zero(_ bytes: inout Data, _ page: UInt32) {
        let start = Int(PageChecksum.offset(of: page))
        bytes.replaceSubrange(
            start..<start + PageChecksum.pageBytes, with: Data(repeating: 0, count: PageChecksum.pageBytes))
    }

    /// Mends a copy and brings it together with the other station again.
    private func heal(
        _ path: String, of damaged: DamagedReplica, sends: Bool = true
    ) throws -> (replica: Replica, report: MendReport) {
        let report: MendReport
        if let replica = try? damaged.open(path) {
            _ = try? replica.scrub()
            report = try replica.mend()
        } else {
            report = try Replica.mend(in: path, schema: .parts, sources: .test)
        }
        let replica = try damaged.open(path)
        for kind in [LogKind.roster, .data] { try replica.pull(kind, from: damaged.other) }
        try replica.applySalvage()
        if sends { try replica.exchange(with: damaged.other) }
        return (replica, report)
    }

    /// - Parameter maySaveFalsehoods: rows with other bytes look like entries of another place, which nobody will ever follow.
    private func expectSound(_ replica: Replica, as expected: Replica, maySaveFalsehoods: Bool = false) throws {
        #expect(try replica.digest() == expected.digest())
        #expect(try replica.verify().fault == nil)
        #expect(try replica.scrub().lostCount == 0)
        let waiting = SalvageFile(folder: replica.folder).load().flatMap { log in
            log.pieces.map { "\(log.replica) \($0.run.first)...\($0.run.last)" }
        }
        #expect(!replica.isDamaged && (waiting.isEmpty || maySaveFalsehoods), "\(waiting)")
        #expect(try replica.read { try String.fetchAll($0, sql: "PRAGMA integrity_check") } == ["ok"])
    }

    @Test("Whichever page is lost, a peer gives back what it held, and work goes on")
    func anyPage() throws {
        let damaged = try DamagedReplica(rows: 90)
        let pageCount = try damaged.fileBytes / PageChecksum.pageBytes
        for number in stride(from: 1, through: UInt32(pageCount), by: 3) {
            let path = try damaged.copy(named: "lost \(number)") { zero(&$0, number) }
            let (replica, _) = try heal(path, of: damaged)
            try expectSound(replica, as: damaged.other)
            let part = try replica.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("after")]) }
            try replica.exchange(with: damaged.other)
            #expect(
                try damaged.other.read {
                    try String.fetchOne($0, sql: "SELECT name FROM part WHERE id = ?", arguments: [part])
                }
                    == "after")
        }
    }

    @Test(
        "Several pages at once, whole stretches, and other bytes everywhere are healed",
        arguments: 1...6 as ClosedRange<UInt64>)
    func several(seed: UInt64) throws {
        let damaged = try DamagedReplica(rows: 90)
        let pageCount = UInt32(try damaged.fileBytes / PageChecksum.pageBytes)
        var generator = SeededGenerator(seed: seed)
        let path = try damaged.copy(named: "several") { bytes in
            for _ in 0..<Int.random(in: 2...8, using: &generator) {
                zero(&bytes, UInt32.random(in: 1...pageCount, using: &generator))
                for _ in 0..<20 {
                    bytes[Int.random(in: 0..<bytes.count, using: &generator)] ^= UInt8.random(
                        in: 1...255, using: &generator)
                }
            }
        }
        try expectSound(try heal(path, of: damaged).replica, as: damaged.other, maySaveFalsehoods: true)
    }

    @Test("What was never sent is kept, also when it follows what was lost, and reaches everybody")
    func unsent() throws {
        let damaged = try DamagedReplica(rows: 90, unsent: 20)
        let founder = damaged.plant.founder
        let expected = try founder.digest()
        let own = try founder.withReader { try $0.log.tips(of: founder.identity.stationKey) }
        let held = try damaged.other.vector(of: .data)
        let unsent = try damaged.logPages { dot in
            guard let tip = own.first(where: { $0.number == dot.replica && $0.kind == .data }) else { return false }
            return dot.sequence > held.first { $0.replica == tip.replica }?.sequence ?? 0
        }
        #expect(!unsent.isEmpty)
        var waited = 0
        for number in try damaged.logPages() where !unsent.contains(number) {
            let path = try damaged.copy(named: "unsent \(number)") { zero(&$0, number) }
            let (replica, report) = try heal(path, of: damaged, sends: false)
            waited += report.waitingCount
            #expect(try replica.digest() == expected, "page \(number)")
            #expect(!replica.hasSalvage)
        }
        #expect(waited > 0)
    }

    @Test("Pages that another program wrote are mended like damaged ones, and everything on them is saved")
    func foreign() throws {
        let damaged = try DamagedReplica(rows: 30, unsent: 5)
        let expected = try damaged.plant.founder.digest()
        let path = damaged.folder.folder("foreign")
        let elsewhere = damaged.folder.folder("elsewhere.sqlite")
        _ = try damaged.copy(named: "foreign") { _ in }
        try FileManager.default.moveItem(atPath: ReplicaFolder(path: path).database, toPath: elsewhere)
        let plain = try DatabaseQueue(path: elsewhere)
        try plain.write { database in
            for name in try String.fetchAll(database, sql: "SELECT name FROM sqlite_master WHERE type = 'trigger'") {
                try database.execute(sql: "DROP TRIGGER \"\(name)\"")
            }
            try database.execute(sql: "UPDATE part SET name = 'by another program'; CREATE TABLE mine (a)")
        }
        try plain.close()
        try FileManager.default.moveItem(atPath: elsewhere, toPath: ReplicaFolder(path: path).database)
        let error = #expect(throws: StoreError.self) {
            _ = try damaged.open(path).scrub()
            throw StoreError.damagedPage
        }
        #expect(error?.message.contains("--mend") == true)
        let report = try Replica.mend(in: path, schema: .parts, sources: .test)
        #expect(report.waitingCount == 0)
        #expect(try damaged.open(path).digest() == expected)
    }

    @Test("Tables of the application's own are kept with their indexes; those that cannot be read are named")
    func ownTables() throws {
        let damaged = try DamagedReplica(rows: 30)
        let replica = damaged.plant.founder
        try replica.pool.write { database in
            try database.execute(
                sql: """
                    CREATE TABLE draft (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
                    CREATE INDEX draft_body ON draft (body);
                    INSERT INTO draft VALUES (1, 'unfinished')
                    """)
        }
        let report = try replica.mend()
        #expect(report.lostTables.isEmpty)
        #expect(try replica.read { try String.fetchAll($0, sql: "SELECT body FROM draft") } == ["unfinished"])
        #expect(try replica.read { try $0.indexes(on: "draft").map(\.name) } == ["draft_body"])
        #expect(try replica.digest() == damaged.other.digest())
    }

    @Test("Other connections of the process and searches go on with the replica that was made anew")
    func connections() throws {
        let damaged = try DamagedReplica(rows: 30)
        let second = try damaged.open(damaged.plant.founder.folder)
        _ = try second.digest()
        try damaged.plant.founder.mend()
        #expect(try second.digest() == damaged.other.digest())
        try second.write(by: "jan") { try $0.insert(into: "part", ["name": .text("second")]) }
        try damaged.plant.founder.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("first")]) }
        #expect(try second.digest() == damaged.plant.founder.digest())
        #expect(try damaged.plant.founder.verify().fault == nil)
    }

    @Test("A replica without any log left says so, and how to go on")
    func nothing() throws {
        let damaged = try DamagedReplica(rows: 12)
        let path = try damaged.copy(named: "nothing") { bytes in bytes = Data(repeating: 0, count: bytes.count) }
        let error = #expect(throws: StoreError.self) {
            try Replica.mend(in: path, schema: .parts, sources: .test)
        }
        #expect(error?.message.contains("join again") == true)
    }
}
