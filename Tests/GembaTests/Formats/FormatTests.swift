import Foundation
import GRDB
import GembaCausality
import GembaStore
import GembaWire
import Testing

@Suite("Databases of every format")
struct FormatTests {
    private func open(_ fixture: FormatFixture, in folder: TemporaryFolder, schema: Schema) throws -> Replica {
        let path = folder.folder("replica")
        try fixture.copy(to: path)
        return try Replica.open(in: path, schema: schema, sources: .test)
    }

    @Test("hold what they held when they were made, and verify", arguments: FormatFixture.all)
    func content(_ fixture: FormatFixture) throws {
        let folder = try TemporaryFolder()
        let replica = try open(fixture, in: folder, schema: FormatFixture.schema)
        #expect(try FormatFixture.Expectation(of: replica) == fixture.expectation())
        #expect(try replica.verify().fault == nil)
    }

    @Test(
        "go on under a new name, since they are copies, and sync with a station of today", arguments: FormatFixture.all)
    func writing(_ fixture: FormatFixture) throws {
        let folder = try TemporaryFolder()
        let replica = try open(fixture, in: folder, schema: FormatFixture.schema)
        let before = try #require(try replica.currentTip())
        let parts = try replica.read { try RowID.fetchAll($0, sql: "SELECT id FROM part") }
        try replica.write(by: "ewa") { tx in
            for part in parts {
                try tx.update("part", part, ["name": .text("written today"), "weight": .real(1)])
                try tx.add(.text("seen"), to: "labels", of: part, in: "part")
                try tx.setCounter("stock", of: part, in: "part", to: 1)
            }
        }
        #expect(try replica.currentTip()?.replica != before.replica)
        #expect(try replica.read { try Int.fetchOne($0, sql: "SELECT sum(stock) FROM part") } == parts.count)
        #expect(try replica.verify().fault == nil)

        let token = try replica.invite(as: .station, name: "N1", validForSeconds: 60, routes: [], by: "admin")
        let fresh = try Replica.join(
            with: token, station: "N1", in: folder.folder("N1"), schema: FormatFixture.schema, sources: .test)
        try replica.pull(.roster, from: fresh)
        try fresh.exchange(with: replica)
        #expect(try fresh.digest() == replica.digest())
        #expect(try FormatFixture.Expectation(of: fresh) == FormatFixture.Expectation(of: replica))
    }

    @Test("show what they did not know to a program that knows it", arguments: FormatFixture.all)
    func upgrade(_ fixture: FormatFixture) throws {
        let folder = try TemporaryFolder()
        let replica = try open(fixture, in: folder, schema: FormatFixture.laterSchema)
        #expect(try replica.digest().description == fixture.expectation().digest)
        let shifts = try replica.read { try Row.fetchAll($0, sql: "SELECT lead, heads FROM shift") }
        #expect(shifts == [["lead": "marek", "heads": 6]])
        let part = try replica.read {
            try Row.fetchOne($0, sql: "SELECT machines, orders FROM part WHERE color = 'blue'")
        }
        #expect(part == ["machines": #"["press 4"]"#, "orders": 2])
        #expect(try replica.verify().fault == nil)
    }

    @Test("are kept for every format that came before today's")
    func completeness() throws {
        let plant = try TestPlant(schema: FormatFixture.schema)
        let today = try plant.founder.read { try Int64.fetchOne($0, sql: "PRAGMA user_version") ?? 0 }
        #expect(FormatFixture.all.map(\.version).filter { $0 < today } == Array(1..<today))
        #expect(!FormatFixture.all.isEmpty)
    }
}

@Suite("Making a fixture of today's format")
struct FormatFixtureMaking {
    private static let isAsked = ProcessInfo.processInfo.environment["GEMBA_MAKE_FIXTURE"] != nil

    @Test("writes the folder of the current format", .enabled(if: isAsked, "set GEMBA_MAKE_FIXTURE"))
    func make() throws {
        let scratch = try TemporaryFolder()
        let made = scratch.folder("made")
        try FormatFixtureMaker().make(in: made)
        let version = try DatabaseQueue(path: made + "/replica/replica.sqlite").read {
            try Int64.fetchOne($0, sql: "PRAGMA user_version") ?? 0
        }
        let target = FormatFixture(version: version).folder
        try? FileManager.default.removeItem(atPath: target)
        try FileManager.default.copyItem(atPath: made, toPath: target)
    }
}
