import GembaCausality
import GembaWire
import Testing

@testable import GembaStore
@testable import GembaTrust

@Suite("T5: epochs that are begun apart")
struct RotationTests {
    private let plant: TestPlant
    private let admins: [Replica]
    private let press: Replica
    private let thief: Replica

    init() throws {
        plant = try TestPlant(isSealed: true)
        let second = try plant.enrol("IT2", as: .admin)
        admins = [plant.founder, second]
        press = try plant.enrol("L3")
        // Invited by the second administrator, it ranks below both.
        let token = try second.invite(as: .station, name: "L4", validForSeconds: 60, routes: [], by: "ola")
        thief = try Replica.join(
            with: token, station: "L4", in: plant.folder.folder("L4"), schema: .parts, sources: .test)
        try second.pull(.roster, from: thief)
        try second.shareEpochs()
        try plant.founder.pull(.roster, from: second)
        for replica in [second, press, thief] { try replica.pull(.roster, from: plant.founder) }
    }

    private func meet(_ replicas: Replica...) throws {
        for _ in 0..<2 {
            for one in replicas {
                for other in replicas where one !== other { try one.pull(.roster, from: other) }
                try one.settleRemovals()
                try one.shareEpochs()
            }
        }
        for one in replicas { for other in replicas where one !== other { try one.pull(.data, from: other) } }
    }

    private func write(_ name: String, at replica: Replica) throws {
        try replica.write(by: "ewa") { try $0.insert(into: "part", ["name": .text(name)]) }
    }

    /// Under which epoch a replica seals what it writes now.
    private func epoch(at replica: Replica) throws -> EpochID {
        try write("sample", at: replica)
        var entries: [Entry] = []
        let own = try #require(try replica.currentTip())
        try replica.forEachEntry(of: .data, after: 0) { stored in
            if stored.dot == own.dot { entries.append(try Entry(decoding: stored.encoded)) }
        }
        return try #require(entries.last?.seal?.epoch)
    }

    private func expectEqual() throws {
        for replica in admins + [press] {
            #expect(try replica.digest() == plant.founder.digest())
            #expect(try replica.vector(of: .data) == plant.founder.vector(of: .data))
            #expect(try replica.verify().fault == nil)
        }
    }

    @Test("Two admins that rotate at once: both epochs are everybody's, and all go on under the same one")
    func atOnce() throws {
        for _ in 0..<3 {
            for admin in admins { try admin.beginEpoch() }
            for admin in admins { try write("apart", at: admin) }
            try meet(admins[0], admins[1], press)
            try expectEqual()
        }
        let roster = try press.roster()
        #expect(roster.epochs.count == 7)
        for epoch in roster.epochs.keys { #expect(roster.membersLacking(epoch).isEmpty) }
        let chosen = try (admins + [press]).map(epoch)
        #expect(Set(chosen).count == 1)
    }

    @Test("Two admins that remove a station at once each begin an epoch, and it can open neither")
    func afterRemoval() throws {
        try write("before", at: admins[0])
        try meet(admins[0], admins[1], press, thief)
        for admin in admins {
            try admin.revoke(thief.identity.stationKey, by: "marek", because: "stolen")
            try admin.settleRemovals()
            try write("secret", at: admin)
        }
        try meet(admins[0], admins[1], press)
        try expectEqual()
        let roster = try press.roster()
        #expect(roster.epochs.count == 3 && roster.usableEpochs.count == 2)
        let chosen = try (admins + [press]).map(epoch)
        #expect(Set(chosen).count == 1 && roster.usableEpochs.map(\.id).contains(chosen[0]))

        for other in admins + [press] { try thief.pull(.roster, from: other) }
        for epoch in roster.usableEpochs {
            #expect(try thief.roster().wraps(of: epoch.id, for: thief.identity.stationKey).isEmpty)
        }
        try thief.pull(.data, from: press)
        #expect(try thief.canonicalRows().count == 1)
    }

    @Test("T1: a stolen transport key opens no epoch")
    func stolenTransportKey() throws {
        let victim = press.identity
        var generator = SystemRandomNumberGenerator()
        let thief = try #require(
            StationIdentity(
                signing: (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) },
                transport: victim.transportSecret, sealing: victim.transportSecret))
        #expect(thief.transportKey == victim.transportKey)
        let roster = try plant.founder.roster()
        let wraps = roster.epochs.keys.flatMap { epoch in
            roster.wraps(of: epoch, for: victim.stationKey).map { (epoch, $0) }
        }
        #expect(wraps.count == 1)
        for (epoch, wrap) in wraps {
            #expect(EpochKey(unwrapping: wrap, of: epoch, plant: plant.founder.plant, with: victim)?.id == epoch)
            #expect(EpochKey(unwrapping: wrap, of: epoch, plant: plant.founder.plant, with: thief) == nil)
        }
    }
}
