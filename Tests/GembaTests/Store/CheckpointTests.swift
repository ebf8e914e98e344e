import Foundation
import GRDB
import GembaCausality
import GembaTrust
import GembaWire
import Testing

@testable import GembaStore

@Suite("Checkpoints")
struct CheckpointTests {
    /// A plant with something of every kind of merge state: siblings, sets, counters with two bases, deleted, revived and
    /// orphaned rows, and facts.
    private func eventfulPlant() throws -> (plant: TestPlant, a: Replica, b: Replica) {
        let plant = try TestPlant()
        let a = plant.founder
        let b = try plant.enrol("L3")
        var parts: [RowID] = []
        for number in 0..<40 {
            parts.append(
                try a.write(by: "ewa", because: "delivery \(number)") { tx in
                    let part = try tx.insert(into: "part", ["name": .text("part \(number)"), "shelf": .integer(3)])
                    if number % 3 == 0 { try tx.increment("stock", of: part, in: "part", by: 7) }
                    if number % 4 == 0 { try tx.add(.text("paper"), to: "labels", of: part, in: "part") }
                    return part
                })
        }
        try a.exchange(with: b)
        for (number, part) in parts.enumerated() where number % 2 == 0 {
            try a.write(by: "marek") { try $0.update("part", part, ["name": .text("a \(number)")]) }
            try b.write(by: "jan", because: "recount") { tx in
                try tx.update("part", part, ["name": .text("b \(number)"), "weight": .real(Double(number))])
                if number % 6 == 0 { try tx.setCounter("stock", of: part, in: "part", to: 4) }
            }
            if number % 6 == 0 {
                try a.write(by: "ewa") { try $0.setCounter("stock", of: part, in: "part", to: 5) }
            }
            if number % 8 == 0 { try a.write(by: "ewa") { try $0.delete("part", part) } }
            if number % 16 == 0 { try b.write(by: "ola") { try $0.update("part", part, ["weight": .real(9)]) } }
        }
        try b.write(by: "jan") { tx in
            for number in 0..<5 {
                try tx.insert(into: "reading", ["value": .real(Double(number)), "unit": .text("kg")])
            }
        }
        try a.exchange(with: b)
        try a.write(by: "ewa") { try $0.delete("part", parts[1]) }
        return (plant, a, b)
    }

    /// Takes a checkpoint over, chunk by chunk, as a node would.
    @discardableResult
    private func take(_ signed: SignedManifest, from donor: Replica, to replica: Replica) throws -> CheckpointOutcome {
        try stage(signed, from: donor, to: replica)
        return try replica.install(signed.manifest.id)
    }

    private func stage(_ signed: SignedManifest, from donor: Replica, to replica: Replica) throws {
        for index in try replica.stage(signed) {
            let chunk = try #require(try donor.chunk(index, of: signed.manifest.id))
            #expect(try replica.stage(chunk))
        }
    }

    @Test("An empty replica that takes a checkpoint holds and shows what its maker does (M17)")
    func empty() throws {
        let (plant, a, b) = try eventfulPlant()
        let c = try plant.enrol("L4")
        let signed = try a.makeCheckpoint()
        #expect(signed.manifest.state == (try a.digest()))
        #expect(try c.standing(of: signed) == .sound)
        try take(signed, from: a, to: c)
        #expect(try c.digest() == a.digest())
        #expect(try c.vector(of: .data) == a.vector(of: .data))
        #expect(try c.conflicts().count == a.conflicts().count)
        #expect(try c.checkpoint()?.trust == .signed)
        let names = "SELECT id, name, aisle, shelf, labels, stock, weight FROM part ORDER BY id"
        #expect(
            try a.read { try String(describing: Row.fetchAll($0, sql: names)) }
                == c.read { try String(describing: Row.fetchAll($0, sql: names)) })
        // What is shown keeps its author and reason.
        let part = try #require(try a.read { try RowID.fetchOne($0, sql: "SELECT id FROM part ORDER BY id") })
        #expect(
            try a.readRows { try Set($0.provenance(of: part, in: "part", column: "name")) }
                == c.readRows { try Set($0.provenance(of: part, in: "part", column: "name")) })
        // The tail follows by ordinary exchange, in both directions.
        try a.write(by: "ewa") { try $0.update("part", part, ["name": .text("after")]) }
        try c.write(by: "ala") { try $0.insert(into: "part", ["name": .text("from c")]) }
        try c.pull(.data, from: a)
        try a.pull(.data, from: c)
        try b.pull(.roster, from: a)
        try b.pull(.data, from: a)
        #expect(try c.digest() == a.digest() && b.digest() == a.digest())
        #expect(try c.verify().fault == nil)
    }

    @Test("A checkpoint brings nothing once all that it stands for is held, and brings something before")
    func useless() throws {
        let (plant, a, _) = try eventfulPlant()
        let c = try plant.enrol("C")
        let first = try a.makeCheckpoint()
        #expect(try !c.holdsEverything(of: first.manifest.id))
        // Chunks that are here are not yet entries that are held.
        try stage(first, from: a, to: c)
        #expect(try !c.holdsEverything(of: first.manifest.id))
        _ = try c.install(first.manifest.id)
        #expect(try c.holdsEverything(of: first.manifest.id))
        #expect(try a.holdsEverything(of: first.manifest.id))

        try a.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("later")]) }
        let second = try a.makeCheckpoint()
        try stage(second, from: a, to: c)
        #expect(try !c.holdsEverything(of: second.manifest.id))
    }

    @Test("A replica with work of its own keeps it, and its unsent changes are sent unaltered (M17)")
    func localWork() throws {
        let (plant, a, b) = try eventfulPlant()
        let c = try plant.enrol("L4")
        try c.pull(.data, from: b)
        let part = try #require(try c.read { try RowID.fetchOne($0, sql: "SELECT id FROM part ORDER BY id") })
        try c.write(by: "ala") { try $0.update("part", part, ["name": .text("written offline")]) }
        try c.write(by: "ala") { tx in
            let own = try tx.insert(into: "part", ["name": .text("own")])
            try tx.increment("stock", of: own, in: "part", by: 3)
        }
        let before = try c.currentTip()
        for number in 0..<30 {
            try a.write(by: "ewa") { try $0.update("part", part, ["shelf": .integer(Int64(number))]) }
        }
        let signed = try a.makeCheckpoint()
        try take(signed, from: a, to: c)
        #expect(try c.currentTip() == before)
        #expect(try c.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM part WHERE name = 'own'") } == 1)
        let outcome = try a.pull(.data, from: c)
        #expect(outcome.problem == nil && outcome.quarantinedCount == 0)
        #expect(try c.vector(of: .data) == a.vector(of: .data))
        #expect(try c.digest() == a.digest())
        #expect(try c.verify().fault == nil)
        #expect(try a.verify().fault == nil)
    }

    @Test("Two members at one cut make the same chunks, so that either may go on with what the other began")
    func sameContent() throws {
        let (plant, a, b) = try eventfulPlant()
        try a.exchange(with: b)
        let (one, other) = (try a.makeCheckpoint(), try b.makeCheckpoint())
        #expect(one.manifest.maker != other.manifest.maker)
        #expect(one.manifest.id == other.manifest.id)
        let c = try plant.enrol("L4")
        let missing = try c.stage(one)
        for index in missing where index % 2 == 0 {
            #expect(try c.stage(try #require(try a.chunk(index, of: one.manifest.id))))
        }
        #expect(try c.stage(other) == missing.filter { $0 % 2 == 1 })
        try take(other, from: b, to: c)
        #expect(try c.digest() == b.digest())
    }

    @Test("Chunks that are not what the manifest says, and manifests that their maker did not sign, are refused")
    func forgeries() throws {
        let (plant, a, _) = try eventfulPlant()
        let c = try plant.enrol("L4")
        let signed = try a.makeCheckpoint()
        var forged = signed
        forged.manifest.rows += 1
        #expect(try c.standing(of: forged) == .unsound)
        _ = try c.stage(signed)
        var chunk = try #require(try a.chunk(0, of: signed.manifest.id))
        chunk.bytes[chunk.bytes.count / 2] ^= 1
        #expect(try !c.stage(chunk))
        #expect(throws: StoreError.self) { try c.install(signed.manifest.id) }
        #expect(try c.vector(of: .data).isEmpty && c.checkpoint() == nil)
        let relay = try plant.enrol("RELAY", as: .relay, schema: .none)
        try c.pull(.roster, from: plant.founder)
        #expect(try c.standing(of: try relay.makeCheckpoint()) == .unsound)
    }

    @Test("A checkpoint carries nothing private of its maker (S8)")
    func privacy() throws {
        let (_, a, _) = try eventfulPlant()
        try a.pool.write {
            try $0.execute(sql: "CREATE TABLE note (text TEXT)")
            try $0.execute(sql: "INSERT INTO note VALUES ('a private canary')")
            try $0.execute(sql: "INSERT OR REPLACE INTO gemba_node (id, status) VALUES (1, 'another canary')")
        }
        let signed = try a.makeCheckpoint()
        let file = try #require(try CheckpointFolder(replica: a.folder).file(signed.manifest.id))
        let content = try signed.manifest.chunks.indices.flatMap { try #require(try file.content($0)) }
        #expect(!String(decoding: content, as: UTF8.self).contains("canary"))
        #expect(content.firstRange(of: Array("delivery 3".utf8)) != nil)
        #expect(content.firstRange(of: a.identity.transportSecret) == nil)
    }
}
