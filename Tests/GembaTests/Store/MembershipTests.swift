import GembaCausality
import GembaTrust
import GembaWire
import Testing

@testable import GembaStore

@Suite("Revoking, retiring and reinstating from a replica")
struct MembershipTests {
    @Test("T3: a revocation cuts every log of the station at what the replica holds of it")
    func revocation() throws {
        let plant = try TestPlant()
        let (admin, laptop) = (plant.founder, try plant.enrol("L4"))
        try laptop.write(by: "ala") { try $0.insert(into: "part", ["name": .text("roll")]) }
        try admin.exchange(with: laptop)
        let held = try admin.vector(of: .data) + admin.vector(of: .roster)
        try laptop.write(by: "ala") { try $0.insert(into: "part", ["name": .text("unheard of")]) }

        try admin.revoke(laptop.identity.stationKey, by: "marek", because: "stolen with the van")
        let former = try #require(try admin.roster().formerMembers[laptop.identity.stationKey])
        #expect(former.kind == .revoked && former.actor == "marek" && former.reason == "stolen with the van")
        let own = Set(try laptop.vector(of: .data).map(\.replica) + [former.member.rosterReplica])
        #expect(Set(former.cut.values) == Set(held.filter { own.contains($0.replica) }))
        #expect(former.cut.count == 2)
        try laptop.pull(.roster, from: admin)
        #expect(try laptop.roster().digest == admin.roster().digest)
        expect(.notPermitted) { try laptop.retire(laptop.identity.stationKey, by: "ala") }
    }

    @Test("A reinstatement answers the removals that are known")
    func reinstatement() throws {
        let plant = try TestPlant()
        let (admin, laptop) = (plant.founder, try plant.enrol("L4"))
        let station = laptop.identity.stationKey
        expect(.invalidOperation) { try admin.reinstate(station, by: "marek") }
        try admin.revoke(station, by: "marek")
        try admin.revoke(station, by: "marek")
        #expect(try admin.roster().formerMembers[station]?.removals.count == 2)
        try admin.reinstate(station, by: "marek", because: "found again")
        #expect(try admin.roster().members[station] != nil)
        try admin.retire(station, by: "marek")
        #expect(try admin.roster().formerMembers[station]?.kind == .retired)
    }

    @Test("A station retires itself, and nobody else")
    func retirement() throws {
        let plant = try TestPlant()
        let (admin, laptop) = (plant.founder, try plant.enrol("L4"))
        let station = laptop.identity.stationKey
        expect(.notPermitted) { try laptop.retire(admin.identity.stationKey, by: "ala") }
        expect(.notPermitted) { try laptop.revoke(station, by: "ala") }
        try laptop.retire(station, by: "ala", because: "scrapped")
        try admin.pull(.roster, from: laptop)
        let former = try #require(try admin.roster().formerMembers[station])
        #expect(former.kind == .retired && former.author == station)
    }

    @Test("T2: who has no right, or ranks lower, is told so before anything is written")
    func refusals() throws {
        let plant = try TestPlant()
        let (admin, laptop) = (plant.founder, try plant.enrol("L4"))
        let others = [try plant.enrol("IT2", as: .admin), try plant.enrol("IT3", as: .admin)]
        for other in others { try other.exchange(with: admin) }
        let ranks = try others.map { try #require(try admin.roster().members[$0.identity.stationKey]).rank }
        let (upper, lower) = ranks[0] < ranks[1] ? (others[0], others[1]) : (others[1], others[0])
        try laptop.pull(.roster, from: admin)
        for replica in others { try replica.pull(.roster, from: admin) }

        let (station, stranger) = (laptop.identity.stationKey, StationIdentity.generate().stationKey)
        let log = try #require(try lower.roster().members[lower.identity.stationKey]).rosterReplica
        let last = try lower.roster().logs.first { $0.replica == log }?.last
        expect(.notPermitted) { try laptop.revoke(lower.identity.stationKey, by: "ala") }
        expect(.notPermitted) { try laptop.publishPolicy(.epochsAfterAdmit, by: "ala") }
        expect(.notPermitted) { try lower.revoke(upper.identity.stationKey, by: "ola") }
        expect(.notPermitted) { try lower.retire(admin.identity.stationKey, by: "ola") }
        expect(.notPermitted) { try lower.revoke(lower.identity.stationKey, by: "ola") }
        expect(.unknownName) { try lower.revoke(stranger, by: "ola") }
        expect(.unknownName) { try lower.reinstate(stranger, by: "ola") }
        try admin.revoke(station, by: "ewa")
        try lower.pull(.roster, from: admin)
        expect(.notPermitted) { try lower.reinstate(station, by: "ola") }
        expect(.notPermitted) { try lower.revoke(station, by: "ola") }
        #expect(try lower.roster().logs.first { $0.replica == log }?.last == last)
    }

    @Test("T2: with the recovery key any replica removes the founder, in a log of its own that everybody takes")
    func recovery() throws {
        let folder = try TemporaryFolder()
        let (founder, key) = try Replica.found(
            plant: "Test plant", station: "IT", in: folder.folder("IT"), schema: .parts, sources: .test)
        let token = try founder.invite(as: .station, name: "L4", validForSeconds: 60, routes: [], by: "admin")
        let other = try Replica.join(
            with: token, station: "L4", in: folder.folder("L4"), schema: .parts, sources: .test)
        try founder.exchange(with: other)
        try other.exchange(with: founder)

        var system = SystemRandomNumberGenerator()
        let foreign = RecoveryKey.generate(using: &system)
        expect(.notPermitted) { try other.revoke(founder.identity.stationKey, by: "ala", with: foreign) }
        try other.revoke(founder.identity.stationKey, by: "ala", because: "stolen", with: key)
        let former = try #require(try other.roster().formerMembers[founder.identity.stationKey])
        #expect(former.author == key.publicKey && former.reason == "stolen" && former.removedBy == .recovery)
        #expect(try other.roster().members.count == 1)
        try founder.pull(.roster, from: other)
        #expect(try founder.roster().digest == other.roster().digest)
        #expect(throws: StoreError.self) { try founder.revoke(other.identity.stationKey, by: "thief") }

        try other.publishPolicy(.epochsAfterAdmit, by: "ala", with: key)
        #expect(try other.roster().policy == .epochsAfterAdmit)
        try other.reinstate(founder.identity.stationKey, by: "ala", with: key)
        #expect(try other.roster().founder != nil)
        #expect(try other.roster().logs.filter { $0.station == key.publicKey }.count == 3)
    }

    @Test("T11: a station publishes the keys that it was opened with, once")
    func rekeying() throws {
        let plant = try TestPlant()
        let laptop = try plant.enrol("L4")
        #expect(try !laptop.publishKeys())
        var system = SystemRandomNumberGenerator()
        let rekeyed = laptop.identity.rekeyed(using: &system)
        try rekeyed.saveRekeyed(inFolder: plant.folder.folder("L4") + "/keys")
        let opened = try Replica.open(in: plant.folder.folder("L4"), schema: .parts, sources: .test)
        #expect(try opened.publishKeys())
        #expect(try !opened.publishKeys())
        try plant.founder.pull(.roster, from: opened)
        let member = try #require(try plant.founder.roster().members[laptop.identity.stationKey])
        #expect(member.transport == rekeyed.transportKey && member.sealing == rekeyed.sealingKey)
        #expect(member.sealingKeys == [laptop.identity.sealingKey, rekeyed.sealingKey])
    }

    private func expect(
        _ code: StoreError.Code, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
    ) {
        let error = #expect(throws: StoreError.self, sourceLocation: sourceLocation, performing: body)
        #expect(error?.code == code, sourceLocation: sourceLocation)
    }
}
