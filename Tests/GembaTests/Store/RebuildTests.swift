import GRDB
import GembaCausality
import GembaWire
import Testing

@testable import GembaStore

@Suite("Rebuilding rows")
struct RebuildTests {
    /// Damages a replica as a disk would, past the library.
    private func damage(_ replica: Replica, _ sql: String) throws {
        try replica.pool.writeWithoutTransaction { try $0.execute(sql: sql) }
    }

    @Test(
        "A damaged row, a missing one and one too many are found and replaced from the logs (G11)",
        arguments: [
            "UPDATE part SET name = 'rotten' WHERE id = (SELECT min(id) FROM part)",
            "UPDATE part SET gemba_meta = zeroblob(9) WHERE id = (SELECT max(id) FROM part)",
            "DELETE FROM part WHERE id = (SELECT max(id) FROM part)",
            "INSERT INTO part (id, gemba_meta) VALUES (zeroblob(16), x'0101010100')",
            "UPDATE gemba_hidden SET meta = zeroblob(4)",
            "UPDATE gemba_sibling SET content = zeroblob(3)",
            "DELETE FROM conflict",
        ])
    func rows(damage sql: String) throws {
        let plant = try TestPlant()
        let a = plant.founder
        let b = try plant.enrol("L3")
        var parts: [RowID] = []
        for number in 0..<10 {
            parts.append(try a.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("part \(number)")]) })
        }
        try a.exchange(with: b)
        try a.write(by: "ewa") { try $0.update("part", parts[1], ["name": .text("one")]) }
        try b.write(by: "jan") { try $0.update("part", parts[1], ["name": .text("two")]) }
        try a.write(by: "ewa") { try $0.delete("part", parts[2]) }
        try a.exchange(with: b)
        let digest = try a.digest()
        #expect(try a.verify().fault == nil)
        try damage(a, sql)
        let found = try #require(try a.verify().fault)
        #expect(found.place.hasPrefix("table"))
        let rebuilt = try a.rebuild()
        #expect(rebuilt.fault == nil)
        #expect((rebuilt.replacedCount > 0) != sql.contains("conflict"))
        #expect(try a.verify().fault == nil)
        #expect(try a.digest() == digest)
    }
}
