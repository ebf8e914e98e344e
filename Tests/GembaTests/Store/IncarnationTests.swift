import Foundation
import GRDB
import GembaCausality
import GembaStore
import GembaTrust
import GembaWire
import Testing

@Suite("A database that may be a copy of itself")
struct IncarnationTests {
    private func name(_ replica: Replica) throws -> ReplicaID { try #require(try replica.currentTip()).replica }

    private func write(_ name: String, on replica: Replica) throws {
        try replica.write(by: "ewa") { try $0.insert(into: "part", ["name": .text(name)]) }
    }

    private func copy(_ folder: String, to other: String) throws {
        try? FileManager.default.removeItem(atPath: other)
        try FileManager.default.copyItem(atPath: folder, toPath: other)
    }

    private func reopen(_ replica: Replica, in folder: String? = nil, machine: String? = nil) throws -> Replica {
        var sources = ReplicaSources.test
        sources.machine = machine
        return try Replica.open(in: folder ?? replica.folder, schema: .parts, sources: sources)
    }

    /// Overwrites files in place, as `cp` does: the database keeps its inode and birth time.
    private func overwrite(_ folder: String, from backup: String, files: [String]) throws {
        for file in files {
            let path = "\(folder)/\(file)"
            guard let data = FileManager.default.contents(atPath: "\(backup)/\(file)") else {
                try? FileManager.default.removeItem(atPath: path)
                continue
            }
            let handle = try #require(FileHandle(forWritingAtPath: path))
            try handle.truncate(atOffset: 0)
            try handle.write(contentsOf: data)
            try handle.close()
        }
    }

    @Test("L9: keeps its name when it is merely opened again")
    func reopened() throws {
        let plant = try TestPlant()
        try write("1", on: plant.founder)
        let before = try name(plant.founder)
        let again = try reopen(plant.founder)
        try write("2", on: again)
        #expect(try name(again) == before)
    }

    @Test("L9: gets a new name before its first write in another folder, and both histories count")
    func copied() throws {
        let plant = try TestPlant()
        let a = plant.founder
        try write("1", on: a)
        let before = try name(a)
        try copy(a.folder, to: plant.folder.folder("clone"))
        let clone = try reopen(a, in: plant.folder.folder("clone"))
        try write("on the clone", on: clone)
        try write("on the original", on: a)
        #expect(try name(clone) != before)
        #expect(try name(a) == before)
        try a.exchange(with: clone)
        #expect(try a.digest() == clone.digest())
        #expect(try a.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM part") } == 3)
        #expect(try clone.verify().fault == nil)
    }

    @Test("L9: gets a new name when the machine is another")
    func moved() throws {
        let plant = try TestPlant()
        try write("1", on: plant.founder)
        let before = try name(plant.founder)
        let moved = try reopen(plant.founder, machine: "another")
        try write("2", on: moved)
        #expect(try name(moved) != before)
    }

    @Test("L9: gets a new name when the side file is missing", arguments: ["remove", "damage"])
    func withoutSideFile(how: String) throws {
        let plant = try TestPlant()
        try write("1", on: plant.founder)
        let before = try name(plant.founder)
        let side = plant.founder.folder + "/replica.side"
        if how == "remove" {
            try FileManager.default.removeItem(atPath: side)
        } else {
            try Data("{".utf8).write(to: URL(fileURLWithPath: side))
        }
        let again = try reopen(plant.founder)
        try write("2", on: again)
        #expect(try name(again) != before)
    }

    @Test("L9: an older copy of the database beside a newer side file gets a new name before its first write")
    func restored() throws {
        let plant = try TestPlant()
        let a = plant.founder
        let b = try plant.enrol("L3")
        try write("1", on: a)
        let backup = plant.folder.folder("backup")
        try a.read { try $0.execute(sql: "SELECT 1") }
        try copy(a.folder, to: backup)
        try write("2", on: a)
        try a.exchange(with: b)
        let before = try name(a)
        try overwrite(
            a.folder, from: backup, files: ["replica.sqlite", "replica.sqlite-wal", "replica.sqlite-shm"])
        let restored = try reopen(a)
        try write("3", on: restored)
        #expect(try name(restored) != before)
        try restored.exchange(with: b)
        #expect(try restored.digest() == b.digest())
        #expect(try b.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM part") } == 3)
    }

    @Test("L9: a rollback that only a peer can notice opens a new name from the next write on")
    func noticedByPeer() throws {
        let plant = try TestPlant()
        let a = plant.founder
        let b = try plant.enrol("L3")
        try write("1", on: a)
        let backup = plant.folder.folder("backup")
        try copy(a.folder, to: backup)
        try write("2", on: a)
        try a.exchange(with: b)
        let before = try name(a)
        try overwrite(
            a.folder, from: backup,
            files: ["replica.sqlite", "replica.sqlite-wal", "replica.sqlite-shm", "replica.side"])
        let restored = try reopen(a)
        #expect(try restored.currentTip()?.replica == before)
        #expect(try restored.notice(evidence: b.heads(heldOf: a.identity.stationKey)))
        try restored.exchange(with: b)
        try write("3", on: restored)
        #expect(try name(restored) != before)
        try restored.exchange(with: b)
        #expect(try restored.digest() == b.digest())
        #expect(try b.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM part") } == 3)
    }

    @Test("L9: a head that this station did not sign proves nothing")
    func liar() throws {
        let plant = try TestPlant()
        let a = plant.founder
        let b = try plant.enrol("L3")
        try write("1", on: a)
        let tip = try #require(try a.currentTip())
        let forged = b.identity.signHead(
            replica: tip.replica, sequence: tip.sequence + 5, hash: .beforeGenesis, plant: a.plant)
        #expect(try !a.notice(evidence: [forged]))
        try write("2", on: a)
        #expect(try name(a) == tip.replica)
    }
}
