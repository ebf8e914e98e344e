import GRDB
import GembaCausality
import GembaTrust
import GembaWire
import Testing

@testable import GembaStore

@Suite("Changes that no program of today writes")
struct ForeignChangeTests {
    private let plant: TestPlant
    private let press: Replica
    private let author: Replica
    private let row = RowID(rawValue: 7)

    init() throws {
        plant = try TestPlant()
        press = try plant.enrol("L3")
        author = try plant.enrol("L5")
        try press.pull(.roster, from: plant.founder)
    }

    private func register(_ group: GroupID, replaces: [Dot] = [], _ values: Value...) -> Effect {
        Effect(group: group, content: .register(replaces: replaces, values: values))
    }

    private func body(
        _ operations: [RowOperation], lamport: UInt64, references: [ChangeReference] = []
    ) -> ChangeBody {
        ChangeBody(
            timestamp: HybridTimestamp(milliseconds: 1_760_000_000_000, counter: 0), lamport: lamport,
            schemaVersion: 9, actor: "hand", reason: "by hand", operations: operations, references: references)
    }

    private func names(_ replica: Replica) throws -> [String] {
        try replica.read { try String.fetchAll($0, sql: "SELECT name FROM part ORDER BY name") }
    }

    /// Has both stations end alike, with these names, sound, also when rows are made anew.
    private func expect(_ expected: [String]) throws {
        try plant.founder.exchange(with: press)
        for replica in [plant.founder, press] {
            #expect(try names(replica) == expected)
            #expect(try replica.digest() == plant.founder.digest())
            #expect(try replica.verify().fault == nil)
            #expect(try replica.rebuild().replacedCount == 0)
        }
    }

    @Test("M1: of a change with an effect of a later kind the rest counts at once, whatever it meets first")
    func laterKind() throws {
        var log = try HandWrittenLog(of: author, witness: plant.founder)
        let later = Effect(
            group: 3, content: .unknown(kind: 60, encoded: Item.array([3, 60, [0, 99], 1]).encoded))
        try log.append(
            [RowOperation(table: 1, row: row, verb: .insert, effects: [register(1, .text("first")), later])],
            at: HybridTimestamp(milliseconds: 1_760_000_000_000, counter: 0))
        let inserted = Dot(log.replica, 1)
        try log.append(
            [
                RowOperation(
                    table: 1, row: row, verb: .edit, saw: [inserted],
                    effects: [register(1, replaces: [inserted], .text("second")), later])
            ], at: HybridTimestamp(milliseconds: 1_760_000_000_001, counter: 0))
        #expect(try plant.founder.apply([log.run], kind: .data).problem == nil)
        #expect(try names(plant.founder) == ["second"], "a write that names another wins over it, deferred or not")

        // Somebody who has seen the change goes on from it; another station hears both in one batch.
        try plant.founder.write(by: "ewa") { try $0.update("part", row, ["name": .text("third")]) }
        try expect(["third"])
        let deferred = try [plant.founder, press].map { replica in
            try replica.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM gemba_deferred") }
        }
        #expect(deferred == [2, 2])
    }

    @Test("M12: a change that states another lamport number than its past gives it has no effect, those after it have")
    func lamport() throws {
        var log = try HandWrittenLog(of: author, witness: plant.founder)
        func insert(_ number: UInt8, _ name: String) -> RowOperation {
            RowOperation(
                table: 1, row: RowID(rawValue: UInt128(number)), verb: .insert, effects: [register(1, .text(name))])
        }
        for (number, lamport) in [(1, 1), (2, 1 << 40), (3, 3), (4, 3), (5, 5)] as [(UInt8, UInt64)] {
            let body = body([insert(number, "part \(number)")], lamport: lamport)
            try log.append(body: body.encoded(author: log.replica))
        }
        let outcome = try plant.founder.apply([log.run], kind: .data)
        #expect(outcome.problem == nil && outcome.entryCount == 6 && outcome.quarantinedCount == 2)
        try expect(["part 1", "part 3", "part 5"])
        #expect(try press.statistics().quarantined == 2)
    }

    @Test("M2: a change that replaces what it had not seen has no effect, in either order of arrival")
    func unseen() throws {
        try plant.founder.write(by: "ewa") {
            _ = try $0.insert(into: "part", id: row, ["name": .text("honest")])
        }
        let honest = try #require(try plant.founder.currentTip())
        var log = try HandWrittenLog(of: author, witness: plant.founder)
        let grab = RowOperation(
            table: 1, row: row, verb: .edit, saw: [honest.dot],
            effects: [register(1, replaces: [honest.dot], .text("grabbed"))])
        let body = body([grab], lamport: 1, references: [honest])
        try log.append(body: body.encoded(author: log.replica))
        #expect(try plant.founder.apply([log.run], kind: .data).quarantinedCount == 1)
        #expect(try press.apply([log.run], kind: .data).quarantinedCount == 1)
        try expect(["honest"])
    }

    @Test("D3: a change that cannot be read did nothing to a row, whoever says that it had seen what it did")
    func unreadable() throws {
        var log = try HandWrittenLog(of: author, witness: plant.founder)
        let insert = RowOperation(table: 1, row: row, verb: .insert, effects: [register(1, .text("whole"))])
        try log.append(body: body([insert], lamport: 1).encoded(author: log.replica))
        let edit = RowOperation(
            table: 1, row: row, verb: .edit, saw: [Dot(log.replica, 1)],
            effects: [register(1, replaces: [Dot(log.replica, 1)], .text("cut off"))])
        try log.append(body: body([edit], lamport: 2).encoded(author: log.replica).dropLast())
        #expect(try plant.founder.apply([log.run], kind: .data).quarantinedCount == 1)
        let found = try plant.founder.withReader { context in
            let number = try #require(try context.log.tip(of: log.replica)).number
            return try (1...2).map {
                try context.operation(of: LocalDot(replica: number, sequence: $0), on: row, in: 1)
            }
        }
        #expect(found[0] != nil && found[1] == nil)
        try expect(["whole"])
    }
}
