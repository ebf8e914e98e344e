import GRDB
import GembaStore
import GembaWire
import Testing

@Suite("Writes around the library")
struct StrayWriteTests {
    private static let statements = [
        "INSERT INTO part (id, name, gemba_meta) VALUES (x'01', 'stray', x'')",
        "UPDATE part SET name = 'stray'",
        "DELETE FROM part",
        "INSERT OR REPLACE INTO part SELECT * FROM part",
    ]

    @Test("A statement of another program fails with a reason and changes nothing", arguments: statements)
    func otherProgram(sql: String) throws {
        let plant = try TestPlant()
        try plant.founder.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("label roll")]) }
        let digest = try plant.founder.digest()
        let other = try DatabaseQueue(path: plant.founder.folder + "/replica.sqlite")
        let error = #expect(throws: DatabaseError.self) { try other.write { try $0.execute(sql: sql) } }
        #expect(error?.message?.contains("part is replicated: write through Gemba") == true)
        #expect(try plant.founder.digest() == digest)
        let fault = try plant.founder.verify().fault
        #expect(fault == nil)
    }

    @Test("Plain SQL within a write takes the whole write back", arguments: statements)
    func withinWrite(sql: String) throws {
        let plant = try TestPlant()
        let part = try plant.founder.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("label roll")]) }
        let digest = try plant.founder.digest()
        let error = #expect(throws: StoreError.self) {
            try plant.founder.write(by: "ewa") { tx in
                try tx.update("part", part, ["name": .text("label roll 100 mm")])
                try tx.database.execute(sql: sql)
            }
        }
        #expect(error?.code == .invalidOperation)
        #expect(try plant.founder.digest() == digest)
        try plant.founder.write(by: "ewa") { try $0.update("part", part, ["name": .text("still writable")]) }
        let fault = try plant.founder.verify().fault
        #expect(fault == nil)
    }

    @Test("A write whose transaction is gone keeps nothing", arguments: ["ROLLBACK", "COMMIT"])
    func lostTransaction(sql: String) throws {
        let plant = try TestPlant()
        let part = try plant.founder.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("label roll")]) }
        let digest = try plant.founder.digest()
        for isMoreWritten in [true, false] {
            let error = #expect(throws: StoreError.self) {
                try plant.founder.write(by: "ewa") { tx in
                    try tx.database.execute(sql: sql)
                    if isMoreWritten { try tx.update("part", part, ["name": .text("outside")]) }
                }
            }
            #expect(error?.code == .storageFailed)
            #expect(try plant.founder.digest() == digest && plant.founder.verify().fault == nil)
        }
        try plant.founder.write(by: "ewa") { try $0.update("part", part, ["name": .text("still writable")]) }
    }

    @Test("A table that an earlier version made gets its guards when it is opened")
    func upgrade() throws {
        let plant = try TestPlant()
        let other = try DatabaseQueue(path: plant.founder.folder + "/replica.sqlite")
        let guards = try other.read {
            try String.fetchAll($0, sql: "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'part'")
        }
        #expect(guards.count == 3)
        try other.write { database in
            for name in guards { try database.execute(sql: "DROP TRIGGER \"\(name)\"") }
        }
        _ = try Replica.open(in: plant.founder.folder, schema: .parts, sources: .test)
        #expect(throws: DatabaseError.self) {
            try other.write {
                try $0.execute(sql: "DELETE FROM part; INSERT INTO part (id, gemba_meta) VALUES (x'', x'')")
            }
        }
    }
}
