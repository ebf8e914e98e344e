import GembaCausality
import GembaWire
import Testing

@testable import GembaTrust

@Suite("The words of an enrolment")
struct EnrolmentWordsTests {
    /// The examples of arXiv:0901.4016, which are Internet addresses.
    @Test(
        "proquints are those of the proposal",
        arguments: [
            ([127, 0, 0, 1], "lusab-babad"), ([63, 84, 220, 193], "gutih-tugad"), ([63, 118, 7, 35], "gutuk-bisog"),
            ([140, 98, 193, 141], "mudof-sakat"), ([64, 255, 6, 200], "haguz-biram"),
            ([128, 30, 52, 45], "mabiv-gibot"), ([147, 67, 119, 2], "natag-lisaf"),
            ([212, 58, 253, 68], "tibup-zujah"),
            ([216, 35, 68, 215], "tobog-higil"), ([216, 68, 232, 21], "todah-vobij"),
            ([198, 81, 129, 136], "sinid-makam"), ([12, 110, 110, 204], "budov-kuras"),
        ] as [([UInt8], String)])
    func proquints(bytes: [UInt8], words: String) {
        #expect(EnrolmentWords(bytes).description == words)
    }

    @Test("T6: both sides show the same, and another plant, station, key or log has others")
    func both() throws {
        var builder = try PlantBuilder(seed: 51)
        let station = try builder.join(try builder.invite(), named: "L3")
        let identity = builder.identities[station]
        let genesis = builder.log(station).hashes[0]
        let member = identity.member(name: "L3", role: .station)
        let own = EnrolmentWords(
            plant: builder.plant, station: identity.stationKey, member: member, genesis: genesis)
        let shown = builder.roster.invitations.flatMap(\.applicants).map(\.words)
        #expect(shown == [own])
        #expect(own.description.utf8.count == 23)

        let other = builder.identities[0]
        let copied = Member(name: "L3", role: .station, transport: other.transportKey, sealing: member.sealing)
        let swapped = Member(name: "L3", role: .station, transport: member.transport, sealing: other.sealingKey)
        let others = [
            EnrolmentWords(
                plant: ChangeHash.beforeGenesis.plant, station: identity.stationKey, member: member, genesis: genesis),
            EnrolmentWords(plant: builder.plant, station: other.stationKey, member: member, genesis: genesis),
            EnrolmentWords(plant: builder.plant, station: identity.stationKey, member: copied, genesis: genesis),
            EnrolmentWords(plant: builder.plant, station: identity.stationKey, member: swapped, genesis: genesis),
            EnrolmentWords(
                plant: builder.plant, station: identity.stationKey, member: member, genesis: builder.log(0).hashes[0]),
        ]
        #expect(Set(others + [own]).count == 6)
    }
}
