import Foundation
import GRDB
import GembaCausality
import GembaTrust
import GembaWire
import Testing

@testable import GembaStore

@Suite("T2, T3: an administrator's laptop is stolen, and dates the removal of everybody back")
struct MassRemovalTests {
    private let plant: TestPlant
    private let founder: Replica
    private let admin: Replica
    private let stations: [Replica]
    private let thief: Replica

    /// A founder, an administrator, two stations, and a copy of the administrator's machine as it was before all work.
    init() throws {
        plant = try TestPlant(isSealed: true)
        founder = plant.founder
        admin = try plant.enrol("IT2", as: .admin)
        // Invited by the administrator, they rank below it.
        stations = try ["L3", "L4"].map { [plant, admin] name in
            let token = try admin.invite(as: .station, name: name, validForSeconds: 3600, routes: [], by: "ola")
            let station = try Replica.join(
                with: token, station: name, in: plant.folder.folder(name), schema: .parts, sources: .test)
            try admin.pull(.roster, from: station)
            try admin.shareEpochs()
            return station
        }
        for replica in [founder] + stations { try replica.pull(.roster, from: admin) }
        let folder = plant.folder.folder("stolen")
        try FileManager.default.copyItem(atPath: admin.folder, toPath: folder)
        var sources = ReplicaSources.test
        sources.wallClock = { 1_000_000_000_000 }
        thief = try Replica.open(in: folder, schema: .parts, sources: sources)
        for (number, replica) in ([founder, admin] + stations).enumerated() { try write("work \(number)", at: replica) }
        try meetAll()
    }

    private var honest: [Replica] { [founder] + stations }

    private func write(_ name: String, at replica: Replica) throws {
        try replica.write(by: "ewa") { try $0.insert(into: "part", ["name": .text(name)]) }
    }

    private func meet(_ one: Replica, _ other: Replica) throws {
        for _ in 0..<2 {
            try one.pull(.roster, from: other)
            try other.pull(.roster, from: one)
        }
        for replica in [one, other] {
            try replica.settleRemovals()
            try replica.shareEpochs()
        }
        try one.pull(.roster, from: other)
        try other.pull(.roster, from: one)
        try one.pull(.data, from: other)
        try other.pull(.data, from: one)
    }

    private func meetAll() throws {
        for _ in 0..<2 {
            for one in honest { for other in honest + [admin] where one !== other { try meet(one, other) } }
        }
    }

    /// The thief removes whom it can, as far back as it can.
    private func removeEverybody() throws {
        for station in stations {
            try thief.revoke(station.identity.stationKey, by: "ola", because: "none")
        }
        let error = #expect(throws: StoreError.self) {
            try thief.revoke(founder.identity.stationKey, by: "ola")
        }
        #expect(error?.code == .notPermitted)
        #expect(try thief.roster().members.count == 2)
    }

    private func names(_ replica: Replica) throws -> [String] {
        try replica.read { try String.fetchAll($0, sql: "SELECT name FROM part ORDER BY name") }
    }

    private func expectAllInOffice(_ expected: [String]) throws {
        for replica in honest {
            let roster = try replica.roster()
            #expect(Set(roster.members.keys) == Set(honest.map(\.identity.stationKey)))
            #expect(roster.formerMembers[admin.identity.stationKey]?.kind == .revoked)
            #expect(roster.digest == (try founder.roster().digest))
            #expect(try names(replica) == expected)
            #expect(try replica.digest() == founder.digest())
            #expect(try replica.vector(of: .data) == founder.vector(of: .data))
            #expect(try replica.verify().fault == nil)
        }
    }

    private static let work = (0..<4).map { "work \($0)" }

    @Test("Where the office revokes it before it hears of anything, nobody else was ever removed")
    func unheard() throws {
        try removeEverybody()
        try founder.revoke(admin.identity.stationKey, by: "marek", because: "stolen")
        // One station hears the thief first and takes itself for removed; the other hears the office first.
        try meet(stations[0], thief)
        #expect(try stations[0].roster().members[stations[0].identity.stationKey] == nil)
        #expect(throws: StoreError.self) { try write("refused", at: stations[0]) }
        #expect(try names(stations[0]) != Self.work)
        try meet(stations[1], founder)
        try meet(stations[1], thief)
        try write("meanwhile", at: stations[1])
        try meetAll()
        try expectAllInOffice(["meanwhile"] + Self.work)
        for station in stations { try write("after", at: station) }
        try meetAll()
        try expectAllInOffice(["after", "after", "meanwhile"] + Self.work)
    }

    @Test("L6: a guest of the thief is nobody in the end, and what an honest station built on its work is not lost")
    func guest() throws {
        let token = try thief.invite(as: .station, name: "GUEST", validForSeconds: 60, routes: [], by: "ola")
        let guest = try Replica.join(
            with: token, station: "GUEST", in: plant.folder.folder("GUEST"), schema: .parts, sources: .test)
        try thief.pull(.roster, from: guest)
        try meet(guest, thief)
        try meet(stations[0], guest)
        let row = try guest.write(by: "eve") { try $0.insert(into: "part", ["name": .text("bait")]) }
        try meet(stations[0], guest)
        try stations[0].write(by: "jan") { try $0.update("part", row, ["name": .text("taken")]) }
        try write("after", at: stations[0])
        try write("behind", at: guest)
        try meet(stations[0], guest)

        try founder.revoke(admin.identity.stationKey, by: "marek", because: "stolen")
        try meetAll()
        #expect(try founder.roster().standing(of: guest.identity.stationKey) == .void(.inviterVoid))
        try expectAllInOffice(["after", "taken"] + Self.work)
    }

    @Test("Where the office hears of it first, it takes the removals back by name, and everything is as it was")
    func heard() throws {
        try removeEverybody()
        try meet(founder, thief)
        try meet(stations[0], thief)
        #expect(try founder.roster().members.count == 2)
        #expect(try names(founder) == ["work 0", "work 1"])
        try founder.revoke(admin.identity.stationKey, by: "marek", because: "stolen")
        for station in stations { try founder.reinstate(station.identity.stationKey, by: "marek") }
        try founder.settleRemovals()
        try meetAll()
        try expectAllInOffice(Self.work)
        // What the thief says from now on is nobody's business.
        for station in stations { try? thief.revoke(station.identity.stationKey, by: "ola") }
        for replica in honest { try meet(replica, thief) }
        for station in stations { try write("after", at: station) }
        try meetAll()
        try expectAllInOffice(["after", "after"] + Self.work)
    }
}
