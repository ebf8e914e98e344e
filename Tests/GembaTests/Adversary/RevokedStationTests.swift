import GRDB
import GembaCausality
import GembaTrust
import GembaWire
import Testing

@testable import GembaStore

@Suite("G13: what a revoked station tries")
struct RevokedStationTests {
    private let plant: TestPlant
    private let admin: Replica
    private let press: Replica
    private let thief: Replica

    init() throws {
        plant = try TestPlant()
        admin = plant.founder
        press = try plant.enrol("L3")
        thief = try plant.enrol("L4")
        try press.pull(.roster, from: admin)
        for number in 0..<6 {
            try thief.write(by: "eve") { try $0.insert(into: "part", ["name": .text("\(number)")]) }
        }
    }

    private func runs(of replica: Replica) throws -> [Run] {
        try replica.runs(of: .data, after: 0, excluding: VersionVector(), maximumBytes: .max).runs
    }

    private func names(_ replica: Replica) throws -> [String] {
        try replica.read { try String.fetchAll($0, sql: "SELECT name FROM part ORDER BY name") }
    }

    @Test(
        "It sends all it has again, in every order and cut: nothing beyond the cut counts, and nothing within it is lost"
    )
    func replay() throws {
        try admin.pull(.data, from: thief)
        for number in 6..<9 { try thief.write(by: "eve") { try $0.insert(into: "part", ["name": .text("\(number)")]) } }
        try admin.revoke(thief.identity.stationKey, by: "marek")
        try press.pull(.roster, from: admin)
        let before = try admin.digest()
        let all = try #require(try runs(of: thief).first)
        for replica in [admin, press] {
            for _ in 0..<3 {
                _ = try replica.apply([all], kind: .data)
                try replica.settleRemovals()
            }
            #expect(try replica.digest() == before)
            #expect(try names(replica) == (0..<6).map(String.init))
            #expect(try replica.verify().fault == nil)
        }
    }

    @Test("A signature from inside its log in the place of the one at the end proves nothing")
    func swappedSignature() throws {
        try press.pull(.data, from: thief)
        let interior = try #require(try runs(of: press).first)
        for number in 6..<9 { try thief.write(by: "eve") { try $0.insert(into: "part", ["name": .text("\(number)")]) } }
        var forged = try #require(try runs(of: thief).first)
        forged.signature = interior.signature
        let outcome = try admin.apply([forged], kind: .data)
        guard case .invalid = outcome.problem else {
            Issue.record("\(String(describing: outcome.problem))")
            return
        }
        #expect(try admin.vector(of: .data).isEmpty)
    }

    @Test("Its keys in the statement of another member take neither that one's links nor its epochs")
    func copiedKeys() throws {
        try admin.revoke(thief.identity.stationKey, by: "marek")
        try press.pull(.roster, from: admin)
        // The thief states the press's keys as its own, in a log entry beyond the cut.
        try thief.act(
            [
                .rekey(
                    counter: UInt64(Int64.max), transport: press.identity.transportKey,
                    sealing: press.identity.sealingKey)
            ], by: "eve", because: ""
        ) { _, _ in }
        for replica in [admin, press] { try replica.pull(.roster, from: thief) }
        for replica in [admin, press] {
            let roster = try replica.roster()
            #expect(
                roster.members(withTransport: press.identity.transportKey).map(\.station) == [press.identity.stationKey]
            )
            #expect(roster.formerMembers[thief.identity.stationKey]?.member.transport == thief.identity.transportKey)
        }
    }
}
