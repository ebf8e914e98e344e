import Foundation
import GRDB
import GembaCausality
import GembaStore
import GembaWire

/// Makes a replica that holds one of everything a database format has to keep.
struct FormatFixtureMaker {
    private let plant: TestPlant
    private var kept: Replica { plant.founder }
    private let other: Replica
    private let later: Replica
    private let byHand: Replica

    init() throws {
        plant = try TestPlant(schema: FormatFixture.schema)
        other = try plant.enrol("L3", schema: FormatFixture.schema)
        later = try plant.enrol("L4", schema: FormatFixture.laterSchema)
        byHand = try plant.enrol("L5", schema: FormatFixture.schema)
        for station in [other, later, byHand] { try kept.exchange(with: station) }
    }

    /// Writes a fixture's folder, checkpointed, so that it is one file.
    func make(in folder: String) throws {
        let parts = try insertParts()
        try exchangeAll()
        try writeApart(parts)
        try exchangeAll()
        try writeOn(parts)
        try exchangeAll()
        _ = try kept.apply([handWritten().run], kind: .data)

        let files = FileManager.default
        try? files.removeItem(atPath: folder)
        try files.createDirectory(atPath: folder + "/replica", withIntermediateDirectories: true)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        try encoder.encode(FormatFixture.Expectation(of: kept)).write(to: URL(filePath: folder + "/expected.json"))
        let queue = try DatabaseQueue(path: kept.folder + "/replica.sqlite")
        try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
        for name in ["replica.sqlite", "replica.side", "keys"] {
            try files.copyItem(atPath: kept.folder + "/" + name, toPath: folder + "/replica/" + name)
        }
    }

    private func exchangeAll() throws {
        for station in [other, later, other] { try kept.exchange(with: station) }
    }

    // MARK: - Content

    private struct Parts {
        var settled, contested, counted, deleted, revived, later: RowID
    }

    private func insertParts() throws -> Parts {
        try kept.write(by: "ewa", because: "stock list") { tx in
            func insert(_ name: String) throws -> RowID {
                let part = try tx.insert(
                    into: "part",
                    [
                        "name": .text(name), "aisle": .text("A"), "shelf": .integer(3), "weight": .real(0.25),
                        "maker": .text("Zebra"),
                    ])
                try tx.add(.text("paper"), to: "labels", of: part, in: "part")
                try tx.increment("stock", of: part, in: "part", by: 40)
                return part
            }
            try tx.insert(
                into: "reading", id: RowID(rawValue: 1),
                ["part": .blob([1]), "value": .real(1.5), "unit": .text("kg")])
            return Parts(
                settled: try insert("label roll"), contested: try insert("ribbon"), counted: try insert("fuse"),
                deleted: try insert("old part"), revived: try insert("belt"), later: try insert("sensor"))
        }
    }

    private func writeApart(_ parts: Parts) throws {
        try kept.write(by: "ewa", because: "wider") { tx in
            try tx.update("part", parts.contested, ["name": .text("ribbon 100 mm"), "shelf": .integer(4)])
            try tx.add(.text("urgent"), to: "labels", of: parts.contested, in: "part")
            try tx.setCounter("stock", of: parts.counted, in: "part", to: 37)
            try tx.delete("part", parts.deleted)
            try tx.delete("part", parts.revived)
        }
        try other.write(by: "jan", because: "shelf moved") { tx in
            try tx.update("part", parts.contested, ["name": .text("wax ribbon"), "aisle": .text("B")])
            try tx.remove(.text("paper"), from: "labels", of: parts.contested, in: "part")
            try tx.increment("stock", of: parts.counted, in: "part", by: -3)
            try tx.update("part", parts.revived, ["weight": .real(0.5)])
            try tx.update("part", parts.settled, ["weight": .null])
        }
        try later.write(by: "ola") { tx in
            try tx.setCounter("stock", of: parts.counted, in: "part", to: 35)
            try tx.update("part", parts.later, ["color": .text("red")])
            try tx.add(.text("press 4"), to: "machines", of: parts.later, in: "part")
            try tx.increment("orders", of: parts.later, in: "part", by: 2)
            let shift = try tx.insert(into: "shift", ["lead": .text("marek")])
            try tx.increment("heads", of: shift, in: "shift", by: 6)
            // The same id as another station's: two statements of one fact.
            try tx.insert(
                into: "reading", id: RowID(rawValue: 2),
                ["part": .blob([2]), "value": .real(2), "unit": .text("kg")])
        }
        try kept.write(by: "ewa") { tx in
            try tx.insert(
                into: "reading", id: RowID(rawValue: 2),
                ["part": .blob([2]), "value": .real(2.5), "unit": .text("kg")])
        }
    }

    private func writeOn(_ parts: Parts) throws {
        for number in 1...5 {
            try kept.write(by: "ewa", because: "round \(number)") { tx in
                try tx.update("part", parts.settled, ["name": .text("label roll \(number)")])
                try tx.increment("stock", of: parts.counted, in: "part", by: 1)
            }
        }
        try other.write(by: "jan") { try $0.update("part", parts.later, ["name": .text("sensor M12")]) }
        try later.write(by: "ola") { try $0.update("part", parts.later, ["color": .text("blue")]) }
        try kept.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("added")]) }
    }

    /// An orphan, a value that does not fit, an effect of an unknown kind, and a change without effect.
    private func handWritten() throws -> HandWrittenLog {
        var log = try HandWrittenLog(of: byHand, witness: kept)
        let dot = HybridTimestamp(milliseconds: 1_760_000_000_000, counter: 0)
        let title = Effect(group: 1, content: .register(replaces: [], values: [.text("nobody inserted it")]))
        let unfit = Effect(group: 5, content: .register(replaces: [], values: [.text("heavy")]))
        let unknown: Item = [6, 200, "of a later version"]
        let part = RowID(rawValue: 3)
        try log.append(
            [
                RowOperation(
                    table: 1, row: part, verb: .insert,
                    effects: [
                        Effect(group: 1, content: .register(replaces: [], values: [.text("by hand")])), unfit,
                        Effect(group: 6, content: .unknown(kind: 200, encoded: unknown.encoded)),
                    ]),
                RowOperation(table: 1, row: RowID(rawValue: 4), verb: .edit, effects: [title]),
                RowOperation(table: 7, row: RowID(rawValue: 5), verb: .edit, effects: [title]),
            ], at: dot)
        try log.append(body: [0xFF])
        return log
    }
}
