import Foundation
import GRDB
import GembaCausality
import GembaTrust
import GembaWire
import Testing

@testable import GembaStore

@Suite("L5, T5: a plant that seals")
struct SealedPlantTests {
    private let plant: TestPlant
    private var founder: Replica { plant.founder }

    init() throws { plant = try TestPlant(isSealed: true) }

    private func insert(_ name: String, at replica: Replica) throws -> RowID {
        try replica.write(by: "ewa", because: "because of \(name)") {
            try $0.insert(into: "part", ["name": .text(name), "shelf": .integer(1)])
        }
    }

    private func entries(of replica: Replica) throws -> [Entry] {
        var entries: [Entry] = []
        try replica.forEachEntry(of: .data, after: 0) { stored in
            if stored.dot.sequence > 0 { entries.append(try Entry(decoding: stored.encoded)) }
        }
        return entries
    }

    @Test("seals every change under the epoch that its founding began, each with a nonce of its own")
    func everyChange() throws {
        for number in 0..<10 { _ = try insert("part \(number)", at: founder) }
        let seals = try entries(of: founder).map { try #require($0.seal) }
        #expect(Set(seals.map(\.epoch)) == Set(try founder.roster().epochs.keys))
        #expect(Set(seals.map(\.nonce)).count == 10)
    }

    @Test("seals another text at the same place under another nonce, when it was rolled back and nothing told it so")
    func rolledBack() throws {
        _ = try insert("before", at: founder)
        let (place, copy) = (founder.folder, plant.folder.folder("copy"))
        try FileManager.default.copyItem(atPath: place, toPath: copy)
        _ = try insert("first", at: founder)
        let lost = try #require(try founder.currentTip())
        let first = try #require(try entries(of: founder).last)
        for file in try FileManager.default.contentsOfDirectory(atPath: place) where file.hasPrefix("replica.") {
            // In place, as a backup does it: the file stays the same to the machine.
            let handle = try #require(FileHandle(forWritingAtPath: place + "/" + file))
            try handle.truncate(atOffset: 0)
            try handle.write(contentsOf: FileManager.default.contents(atPath: copy + "/" + file) ?? Data())
            try handle.close()
        }
        let restored = try Replica.open(in: place, schema: .parts, sources: .test)
        _ = try insert("other", at: restored)
        #expect(try restored.currentTip()?.dot == lost.dot)
        let other = try #require(try entries(of: restored).last)
        let seals = try [first, other].map { try #require($0.seal) }
        #expect(seals[0].epoch == seals[1].epoch && seals[0].nonce != seals[1].nonce)
    }

    @Test("can be read by every member, wherever in a log a change stands", arguments: [1, 255, 256, 300])
    func reading(count: Int) throws {
        var rows: [RowID] = []
        for number in 0..<count { rows.append(try insert("part \(number)", at: founder)) }
        let station = try plant.enrol("L3")
        try station.exchange(with: founder)
        for index in Set([0, count / 2, count - 1]) {
            let origin = try station.readRows { try $0.provenance(of: rows[index], in: "part", column: "name") }
            #expect(origin.first?.reason == "because of part \(index)")
            #expect(try station.history(of: rows[index], in: "part").count == 1)
        }
        #expect(try station.verify().fault == nil)
        #expect(try station.digest() == founder.digest())
    }

    @Test("has whoever lacks a key leave the changes out, and take them when it comes")
    func withoutKey() throws {
        _ = try insert("secret", at: founder)
        let token = try founder.invite(as: .station, name: "L3", validForSeconds: 60, routes: [], by: "admin")
        let station = try Replica.join(
            with: token, station: "L3", in: plant.folder.folder("L3"), schema: .parts, sources: .test)
        try founder.pull(.roster, from: station)
        try station.pull(.roster, from: founder)
        #expect(try station.pull(.data, from: founder).problem == .needsRoster)
        #expect(try station.vector(of: .data).isEmpty)

        #expect(try founder.shareEpochs())
        #expect(try !founder.shareEpochs())
        try station.exchange(with: founder)
        #expect(try station.digest() == founder.digest())
    }

    @Test(
        "has a member that was given no key begin an epoch of its own rather than wait, and others then give it theirs")
    func ownEpoch() throws {
        _ = try insert("before", at: founder)
        let token = try founder.invite(as: .station, name: "L3", validForSeconds: 60, routes: [], by: "admin")
        let station = try Replica.join(
            with: token, station: "L3", in: plant.folder.folder("L3"), schema: .parts, sources: .test)
        try founder.pull(.roster, from: station)
        try station.pull(.roster, from: founder)
        _ = try insert("mine", at: station)
        #expect(try station.roster().epochs.count == 2)
        try founder.exchange(with: station)
        #expect(try founder.shareEpochs())
        try station.exchange(with: founder)
        #expect(try station.digest() == founder.digest())
        #expect(try station.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM part") } == 2)
    }

    @Test("has a relay keep and pass on everything, and read nothing of it (G12)")
    func relay() throws {
        let relay = try plant.enrol("R", as: .relay, schema: .none)
        let station = try plant.enrol("L3")
        let row = try insert("canary", at: founder)
        try relay.exchange(with: founder)
        try station.exchange(with: relay)
        #expect(try station.digest() == founder.digest())
        try station.write(by: "jan") { try $0.update("part", row, ["name": .text("answer")]) }
        try relay.exchange(with: station)
        try founder.exchange(with: relay)
        #expect(try station.digest() == founder.digest())

        #expect(try relay.isBlind())
        #expect(try relay.vector(of: .data) == founder.vector(of: .data))
        #expect(try relay.statistics().quarantined == 0)
        #expect(try relay.canonicalRows().isEmpty)
        #expect(try relay.verify().fault == nil)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: relay.folder + "/replica.sqlite"))
        let wal = try? Data(contentsOf: URL(fileURLWithPath: relay.folder + "/replica.sqlite-wal"))
        for word in ["canary", "answer", "because of", "jan"] {
            #expect(bytes.range(of: Data(word.utf8)) == nil)
            #expect(wal?.range(of: Data(word.utf8)) == nil)
        }
    }

    @Test("shows a relay logs, deps and lengths, and fills no other table of it (the threat model's list is whole)")
    func leaks() throws {
        let relay = try plant.enrol("R", as: .relay, schema: .none)
        let station = try plant.enrol("L3")
        let row = try insert("canary", at: founder)
        try station.exchange(with: founder)
        try station.write(by: "jan", because: "why") { try $0.update("part", row, ["name": .text("answer")]) }
        try relay.exchange(with: station)

        let filled = try relay.read { database in
            try String.fetchAll(database, sql: "SELECT name FROM sqlite_schema WHERE type = 'table'").filter { table in
                try Int.fetchOne(database, sql: "SELECT count(*) FROM \"\(table)\"") ?? 0 > 0
            }
        }
        #expect(Set(filled) == ["gemba_replica", "gemba_segment", "gemba_order", "gemba_seen", "gemba_state"])
        let times = try relay.read {
            try Int64.fetchAll($0, sql: "SELECT timestamp FROM gemba_replica WHERE kind = 0")
        }
        #expect(times.allSatisfy { $0 == 0 })
        for entry in try entries(of: relay) {
            // All that an entry says beside its body.
            let clear = Entry(deps: entry.deps, seal: entry.seal, coding: entry.coding, body: entry.body)
            #expect(entry.seal != nil)
            #expect(clear.encoded() == entry.encoded())
            #expect(throws: TrustError.self) { try Envelope.open(entry) }
        }
    }

    @Test("learns of members while it reads a log: a statement within itself reads all of its rows")
    func nestedReading() throws {
        for number in 0..<3 { _ = try insert("part \(number)", at: founder) }
        let found = try founder.withReader { context -> [Int] in
            let tip = try #require(try context.log.tips(of: .data).first)
            var counts: [Int] = []
            try context.log.scanSegments(replica: tip.number, from: 0, through: tip.sequence) { _ in
                counts.append(try context.log.rosterLogs().count)
                return true
            }
            return counts
        }
        #expect(!found.isEmpty && found.allSatisfy { $0 == 1 })
    }

    @Test("folds, makes checkpoints, and gives bodies back as any other")
    func growth() throws {
        let station = try plant.enrol("L3")
        for number in 0..<300 { _ = try insert("part \(number)", at: founder) }
        try station.exchange(with: founder)
        _ = try insert("seen", at: station)
        try station.exchange(with: founder)
        try founder.fold(olderThan: 0)
        #expect(try founder.vectorFloorsExist())
        #expect(try founder.verify().fault == nil)
        #expect(try founder.digest() == station.digest())
    }
}

extension Replica {
    fileprivate func vectorFloorsExist() throws -> Bool { try !snapshot(of: .data).floors.entries.isEmpty }
}
