import GembaCausality
import GembaWire
import Testing

@testable import GembaStore

@Suite("L2: a change names the newest that its author had seen, and nothing else")
struct DepsTests {
    private let plant: TestPlant
    private let stations: [Replica]
    private let laptop: Replica

    init() throws {
        plant = try TestPlant()
        stations = try (0..<8).map { [plant] in try plant.enrol("L\($0)") }
        laptop = try plant.enrol("AWAY")
        for station in stations { try station.pull(.roster, from: plant.founder) }
    }

    private func note(_ name: String, at replica: Replica) throws {
        try replica.write(by: "ewa") { try $0.insert(into: "part", ["name": .text(name)]) }
    }

    /// What the newest change of a replica names.
    private func deps(at replica: Replica) throws -> Set<ChangeReference> {
        var deps: [ChangeReference] = []
        let own = try #require(try replica.currentTip())
        try replica.forEachEntry(of: .data, after: 0) { stored in
            if stored.dot == own.dot { deps = try Entry(decoding: stored.encoded).deps }
        }
        return Set(deps)
    }

    @Test("A note after a month away names one change where all have seen each other, however many logs advanced")
    func monthAway() throws {
        try note("before", at: laptop)
        for day in 0..<3 {
            for (index, station) in stations.enumerated() {
                try station.pull(.data, from: stations[(index + 7) % 8])
                try note("day \(day)", at: station)
            }
        }
        try laptop.pull(.data, from: stations[7])
        #expect(try laptop.vector(of: .data).count == 9)
        try note("back again", at: laptop)
        #expect(try deps(at: laptop) == [try #require(try stations[7].currentTip())])
        // What the laptop said is what has been seen of all, for the next one as well as for itself.
        try note("and another thing", at: laptop)
        #expect(try deps(at: laptop).isEmpty)
        try stations[0].pull(.data, from: laptop)
        try note("heard", at: stations[0])
        #expect(try deps(at: stations[0]) == [try #require(try laptop.currentTip())])
    }

    @Test("Of changes made apart it names each author's newest")
    func apart() throws {
        for station in stations { for number in 0..<5 { try note("\(number)", at: station) } }
        for station in stations { try laptop.pull(.data, from: station) }
        try note("all of it", at: laptop)
        #expect(try deps(at: laptop) == Set(try stations.map { try #require(try $0.currentTip()) }))
    }
}
