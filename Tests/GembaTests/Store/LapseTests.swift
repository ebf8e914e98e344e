import GembaCausality
import GembaTrust
import GembaWire
import Testing

@testable import GembaStore

@Suite("Lapse and return")
struct LapseTests {
    @Test("T8: stability does not wait for a lapsed member, which keeps its authority and its right to write")
    func lapse() throws {
        let plant = try TestPlant()
        let (admin, second, laptop) = (plant.founder, try plant.enrol("IT2", as: .admin), try plant.enrol("L4"))
        try second.exchange(with: admin)
        for number in 0..<8 {
            try admin.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("part \(number)")]) }
        }
        try second.exchange(with: admin)
        try second.acknowledge()
        try admin.exchange(with: second)
        #expect(try admin.foldPlan(olderThan: 0).entries == 0)
        try admin.lapse(laptop.identity.stationKey, by: "marek", because: "stolen with the van")
        let lapse = try #require(try admin.roster().members[laptop.identity.stationKey]?.lapse)
        #expect(lapse.author == admin.identity.stationKey && lapse.actor == "marek" && lapse.head == nil)
        #expect(lapse.reason == "stolen with the van")
        #expect(try admin.foldPlan(olderThan: 0).entries == 8)
        try second.exchange(with: admin)
        #expect(try second.roster().digest == admin.roster().digest)

        // A lapsed administrator still decides on members.
        try admin.lapse(second.identity.stationKey, by: "marek")
        try second.exchange(with: admin)
        try second.lapse(admin.identity.stationKey, by: "ola")
        try admin.exchange(with: second)
        #expect(try admin.roster().members.values.filter { !$0.isActive }.count == 3)
        try second.write(by: "ola") { try $0.insert(into: "part", ["name": .text("by a lapsed station")]) }
        try admin.exchange(with: second)
        #expect(try admin.digest() == second.digest())
    }

    @Test("T8: only a member's own return ends its lapse, and then it is waited for again")
    func ownReturn() throws {
        let plant = try TestPlant()
        let (admin, laptop) = (plant.founder, try plant.enrol("L4"))
        try admin.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("roll")]) }
        #expect(try !laptop.returnFromLapse())
        try admin.lapse(laptop.identity.stationKey, by: "marek")
        #expect(try admin.foldPlan(olderThan: 0).entries == 1)
        #expect(throws: StoreError.self) { try admin.lapse(laptop.identity.stationKey, by: "marek") }
        #expect(throws: StoreError.self) { try admin.lapse(admin.identity.stationKey, by: "marek") }
        #expect(throws: StoreError.self) { try laptop.lapse(admin.identity.stationKey, by: "ala") }
        // It cannot return from what it has not heard of.
        #expect(try !laptop.returnFromLapse())
        try laptop.exchange(with: admin)
        #expect(try laptop.returnFromLapse())
        try admin.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("ribbon")]) }
        try admin.exchange(with: laptop)
        #expect(try admin.roster().members[laptop.identity.stationKey]?.isActive == true)
        let plan = try admin.foldPlan(olderThan: 0)
        #expect(plan.entries == 1)
        #expect(
            plan.obstacles.contains {
                if case .unacknowledged(laptop.identity.stationKey, _, .some) = $0 { true } else { false }
            })
        #expect(try admin.lastWord(of: laptop.identity.stationKey) != nil)
    }
}
