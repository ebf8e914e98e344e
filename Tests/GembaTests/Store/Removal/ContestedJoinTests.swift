import GRDB
import GembaCausality
import GembaTrust
import GembaWire
import Testing

@testable import GembaStore

@Suite("L6, L8, T6: what a station wrote whose join came to be contested counts as far as others built on it")
struct ContestedJoinTests {
    private let plant: TestPlant
    private let office: Replica
    private let press: Replica
    private let line: Replica
    private let joiner: Replica
    private let token: InvitationToken
    private let row: RowID

    /// A joiner that is a member at the press, where it enrolled, and works there, while the office has not heard of it.
    init() throws {
        plant = try TestPlant(isSealed: true)
        office = plant.founder
        (press, line) = (try plant.enrol("L3"), try plant.enrol("L4"))
        token = try office.invite(as: .station, name: "L9", validForSeconds: 60, routes: [], by: "admin")
        for replica in [press, line] { try replica.pull(.roster, from: office) }
        joiner = try Replica.join(
            with: token, station: "L9", in: plant.folder.folder("joiner"), schema: .parts, sources: .test)
        try press.pull(.roster, from: joiner)
        try press.shareEpochs()
        try joiner.pull(.roster, from: press)
        row = try joiner.write(by: "ala") { try $0.insert(into: "part", ["name": .text("by the joiner")]) }
        _ = try joiner.write(by: "ala") { try $0.insert(into: "part", ["name": .text("more by the joiner")]) }
        try press.pull(.data, from: joiner)
    }

    private func contest() throws {
        let rival = try Replica.join(
            with: token, station: "L9", in: plant.folder.folder("rival"), schema: .parts, sources: .test)
        try office.pull(.roster, from: rival)
    }

    private func meetAll() throws {
        let pairs = [(office, press), (press, line), (office, line)]
        for _ in 0..<3 {
            for (one, other) in pairs {
                try one.pull(.roster, from: other)
                try other.pull(.roster, from: one)
                for replica in [one, other] { try replica.settleRemovals() }
                try one.pull(.data, from: other)
                try other.pull(.data, from: one)
            }
        }
    }

    private func expect(_ names: [String], setAside: Int) throws {
        for replica in [office, press, line] {
            #expect(
                try replica.read { try String.fetchAll($0, sql: "SELECT name FROM part ORDER BY name") } == names)
            #expect(try replica.digest() == office.digest())
            #expect(try replica.vector(of: .data) == office.vector(of: .data))
            #expect(try replica.verify().fault == nil)
        }
        #expect(try press.voidCounts()[joiner.identity.stationKey] ?? 0 == setAside)
    }

    private func admit() throws {
        let log = try #require(
            try press.vector(of: .roster).first {
                try press.station(writing: $0.replica) == joiner.identity.stationKey
            })
        try office.admit(log.replica, by: "admin")
    }

    @Test("A second join by the same invitation keeps nobody's changes back that were built on the first")
    func builtUpon() throws {
        try press.write(by: "jan") { try $0.update("part", row, ["name": .text("by the press")]) }
        _ = try press.write(by: "jan") { try $0.insert(into: "part", ["name": .text("honest work")]) }
        _ = try joiner.write(by: "ala") { try $0.insert(into: "part", ["name": .text("behind it")]) }
        try press.pull(.data, from: joiner)
        try contest()
        try meetAll()
        #expect(try office.roster().members[joiner.identity.stationKey] == nil)
        try expect(["by the press", "honest work", "more by the joiner"], setAside: 1)
        try admit()
        try meetAll()
        try expect(["behind it", "by the press", "honest work", "more by the joiner"], setAside: 0)
    }

    @Test("What nobody built on is as if it were not held, until the joiner is admitted")
    func notBuiltUpon() throws {
        try contest()
        _ = try line.write(by: "ola") { try $0.insert(into: "part", ["name": .text("honest work")]) }
        try meetAll()
        try expect(["honest work"], setAside: 2)
        try admit()
        try meetAll()
        try expect(["by the joiner", "honest work", "more by the joiner"], setAside: 0)
    }

    @Test("A checkpoint of what was built on such a station can be stood on")
    func checkpoint() throws {
        try press.write(by: "jan") { try $0.update("part", row, ["name": .text("by the press")]) }
        try contest()
        try meetAll()
        let late = try plant.enrol("L5")
        let signed = try press.makeCheckpoint()
        for index in try late.stage(signed) {
            #expect(try late.stage(try #require(try press.chunk(index, of: signed.manifest.id))))
        }
        _ = try late.install(signed.manifest.id)
        #expect(try late.digest() == office.digest())
    }
}
