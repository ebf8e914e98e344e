import GembaCausality
import GembaSimulation
import GembaWire
import Testing

@testable import GembaTrust

@Suite("T5, T11: keys and epochs in the roster")
struct EpochRosterTests {
    private struct Plant {
        var builder: PlantBuilder
        var generator = SeededGenerator(seed: 41)
        let (admin, station, relay): (Int, Int, Int)

        init() throws {
            builder = try PlantBuilder(seed: 31)
            admin = try builder.enrol(.admin, named: "IT-1")
            station = try builder.enrol(named: "L3")
            relay = try builder.enrol(.relay, named: "R1")
        }

        func sealing(_ station: Int) -> SealingKey { builder.identities[station].sealingKey }

        /// Makes an epoch for some stations.
        mutating func epoch(
            _ key: EpochKey? = nil, for stations: [Int], by author: Int, seeing others: [Int] = []
        ) throws -> EpochKey {
            let key = key ?? EpochKey(using: &generator)
            let act = try key.act(for: stations.map(sealing), plant: builder.plant, using: &generator)
            builder.append([act], by: author, seeing: others)
            return key
        }

        func epoch(_ key: EpochKey) throws -> Epoch { try #require(builder.roster.epochs[key.id]) }
    }

    @Test("P19: the first act makes an epoch, later ones give it to more, and each recipient can open it")
    func givingAndTaking() throws {
        var plant = try Plant()
        let key = try plant.epoch(for: [0, plant.station], by: plant.station)
        #expect(plant.builder.roster.membersLacking(key.id).map(\.station) == [plant.builder.key(plant.admin)])
        _ = try plant.epoch(key, for: [plant.admin], by: 0, seeing: [plant.station])
        let roster = plant.builder.roster
        let epoch = try plant.epoch(key)
        #expect(epoch.author == plant.builder.key(plant.station))
        #expect(epoch.recipients == Set([0, plant.admin, plant.station].map(plant.builder.key)))
        #expect(roster.membersLacking(key.id).isEmpty)
        for station in [0, plant.admin, plant.station] {
            let wraps = roster.wraps(of: key.id, for: plant.builder.key(station))
            let opened = wraps.compactMap {
                EpochKey(
                    unwrapping: $0, of: key.id, plant: plant.builder.plant, with: plant.builder.identities[station])
            }
            #expect(opened.map(\.bytes) == [key.bytes])
        }
        #expect(roster.wraps(of: key.id, for: plant.builder.key(plant.relay)).isEmpty)
    }

    @Test("P19: what a relay or a stranger publishes is no epoch")
    func withoutTheRight() throws {
        var plant = try Plant()
        let key = try plant.epoch(for: [0], by: plant.relay)
        #expect(plant.builder.roster.epochs.isEmpty)
        #expect(plant.builder.roster.membersLacking(key.id).count == 3, "nobody has an epoch that there is not")
    }

    @Test("P20: an epoch ends as soon as somebody who has it is no member in good standing")
    func usable() throws {
        var plant = try Plant()
        let old = try plant.epoch(for: [0, plant.admin, plant.station], by: 0)
        #expect(plant.builder.roster.newestUsableEpoch?.id == old.id)
        plant.builder.append(
            [.revoke(station: plant.builder.key(plant.station), cut: [])], by: 0, seeing: [plant.station])
        #expect(plant.builder.roster.newestUsableEpoch == nil)
        let new = try plant.epoch(for: [0, plant.admin], by: plant.admin, seeing: [0])
        #expect(plant.builder.roster.newestUsableEpoch?.id == new.id)
        let newer = try plant.epoch(for: [0, plant.admin], by: 0, seeing: [plant.admin])
        #expect(plant.builder.roster.usableEpochs.map(\.id) == [newer.id, new.id])
        #expect(try plant.epoch(old).recipients.contains(plant.builder.key(plant.station)))
        // Whoever has yet to read what was sealed under the old one is still given it.
        let late = try plant.builder.enrol(named: "L9")
        #expect(plant.builder.roster.membersLacking(old.id).map(\.station) == [plant.builder.key(late)])
    }

    @Test("P20: nobody seals under an epoch that a former member began beyond its cut, although a member passed it on")
    func begunBeyondTheCut() throws {
        var plant = try Plant()
        let key = try plant.epoch(for: [0, plant.station], by: plant.station)
        _ = try plant.epoch(key, for: [0, plant.admin], by: plant.admin, seeing: [plant.station])
        #expect(plant.builder.roster.usableEpochs.map(\.id) == [key.id])
        // The founder has heard of neither.
        plant.builder.append([.revoke(station: plant.builder.key(plant.station), cut: [])], by: 0)
        let roster = plant.builder.roster
        #expect(roster.epochs[key.id]?.recipients == Set([0, plant.admin].map(plant.builder.key)))
        #expect(roster.usableEpochs.isEmpty && roster.newestUsableEpoch == nil)
        let new = try plant.epoch(for: [0, plant.admin], by: 0, seeing: [plant.admin, plant.station])
        #expect(plant.builder.roster.newestUsableEpoch?.id == new.id)
    }

    @Test("P20: an epoch that a station with a void join, a relay or nobody was given is not usable")
    func strangers() throws {
        var plant = try Plant()
        let token = try plant.builder.invite()
        let rivals = [try plant.builder.join(token, named: "A"), try plant.builder.join(token, named: "B")]
        let contested = try plant.epoch(for: [0, rivals[0]], by: 0)
        let given = try plant.epoch(for: [0, plant.relay], by: 0)
        #expect(try !plant.epoch(contested).isUsable && !plant.epoch(given).isUsable)
        #expect(plant.builder.roster.usableEpochs.isEmpty)
        plant.builder.append([.admit(replica: plant.builder.replica(rivals[0]))], by: 0, seeing: rivals)
        #expect(try plant.epoch(contested).isUsable)
    }

    @Test("P18: new keys count by counter, and what was wrapped to the former ones still opens")
    func rekeying() throws {
        var plant = try Plant()
        let before = plant.builder.identities[plant.station]
        let key = try plant.epoch(for: [0, plant.station], by: 0)
        let after = before.rekeyed(using: &plant.generator)
        plant.builder.append(
            [.rekey(counter: 5, transport: after.transportKey, sealing: after.sealingKey)], by: plant.station)
        plant.builder.append(
            [.rekey(counter: 4, transport: before.transportKey, sealing: before.sealingKey)], by: plant.station)
        let small = try #require(TransportKey(bytes: [UInt8](repeating: 0, count: 32)))
        plant.builder.append(
            [.rekey(counter: 6, transport: small, sealing: before.sealingKey)], by: plant.station)
        let roster = plant.builder.roster
        let member = try #require(roster.members[before.stationKey])
        #expect(member.transport == after.transportKey && member.sealing == after.sealingKey)
        #expect(member.sealingKeys == [before.sealingKey, after.sealingKey])
        #expect(roster.member(withTransport: after.transportKey, claiming: before.stationKey) == member)
        #expect(roster.member(withTransport: before.transportKey, claiming: before.stationKey) == nil)

        #expect(try plant.epoch(key).recipients.contains(before.stationKey) && plant.epoch(key).isUsable)
        let wraps = roster.wraps(of: key.id, for: before.stationKey)
        #expect(wraps.count == 1)
        #expect(EpochKey(unwrapping: wraps[0], of: key.id, plant: plant.builder.plant, with: after)?.id == key.id)
        #expect(after.formerSealingKeys == [before.sealingKey] && after.stationKey == before.stationKey)
    }

    @Test("P20: a former member that copies a member's key into a re-key spoils no epoch")
    func copiedKeys() throws {
        var plant = try Plant()
        let key = try plant.epoch(for: [0, plant.admin], by: 0)
        plant.builder.append(
            [.rekey(counter: 1, transport: plant.builder.identities[0].transportKey, sealing: plant.sealing(0))],
            by: plant.station)
        plant.builder.append(
            [.revoke(station: plant.builder.key(plant.station), cut: [])], by: 0, seeing: [plant.station])
        #expect(try plant.epoch(key).isUsable)
    }

    @Test("P21: the policy decides who is given keys, and only administrators state it")
    func policy() throws {
        var plant = try Plant()
        let key = try plant.epoch(for: [0], by: 0)
        plant.builder.append([.policy(counter: 9, flags: .epochsAfterAdmit)], by: plant.station)
        #expect(plant.builder.roster.policy == [])
        #expect(plant.builder.roster.membersLacking(key.id).count == 2)
        let flags: PlantPolicy = [.epochsAfterAdmit, PlantPolicy(rawValue: 1 << 40)]
        plant.builder.append([.policy(counter: 2, flags: flags)], by: plant.admin)
        plant.builder.append([.policy(counter: 1, flags: [])], by: 0, seeing: [plant.admin])
        #expect(plant.builder.roster.policy == flags)
        #expect(plant.builder.roster.membersLacking(key.id).isEmpty, "nobody was confirmed")
        plant.builder.append(
            [.admit(replica: plant.builder.replica(plant.station))], by: 0, seeing: [plant.station])
        #expect(plant.builder.roster.membersLacking(key.id).map(\.station) == [plant.builder.key(plant.station)])
    }

    @Test("The digest tells rosters apart that differ in keys, removals, epochs or policy")
    func digest() throws {
        var plant = try Plant()
        var digests = [plant.builder.roster.digest]
        let key = try plant.epoch(for: [0], by: 0)
        digests.append(plant.builder.roster.digest)
        _ = try plant.epoch(key, for: [plant.admin], by: plant.admin)
        digests.append(plant.builder.roster.digest)
        plant.builder.append([.policy(counter: 1, flags: .epochsAfterAdmit)], by: 0)
        digests.append(plant.builder.roster.digest)
        let keys = plant.builder.identities[plant.station].rekeyed(using: &plant.generator)
        plant.builder.append(
            [.rekey(counter: 1, transport: keys.transportKey, sealing: keys.sealingKey)], by: plant.station)
        digests.append(plant.builder.roster.digest)
        plant.builder.append([.retire(station: plant.builder.key(plant.station), cut: [])], by: 0)
        digests.append(plant.builder.roster.digest)
        plant.builder.append([.revoke(station: plant.builder.key(plant.station), cut: [])], by: 0)
        digests.append(plant.builder.roster.digest)
        #expect(Set(digests).count == digests.count)
    }
}
