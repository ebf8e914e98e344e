import GRDB
import GembaCausality
import GembaNode
import GembaStore
import GembaTrust
import GembaWire
import Testing

@Suite("T2, T3: administrators against each other, on running nodes", .serialized)
struct StolenAdminTests {
    private let bench: NodeBench
    private let founder: Replica
    private let deputy: Replica
    private let lines: [Replica]

    init() throws {
        bench = try NodeBench(.inProcess)
        founder = bench.plant.founder
        deputy = try bench.plant.enrol("IT2", as: .admin)
        lines = try ["L3", "L4", "L5"].map { try bench.plant.enrol($0) }
        for replica in [deputy] + lines {
            try replica.pull(.roster, from: founder)
            try replica.write(by: "p") { try $0.insert(into: "part", ["name": .text("by \(replica.identity.stationKey)")]) }
            try founder.pull(.data, from: replica)
        }
        for replica in [deputy] + lines { try replica.exchange(with: founder) }
    }

    private var stations: Set<StationKey> { Set(lines.map(\.identity.stationKey)) }

    /// Runs the founder's node and those of the lines, all of which reach it.
    private func run(_ body: @Sendable () async throws -> Void) async throws {
        let endpoint = bench.endpoint()
        let address = PeerAddress(endpoint: endpoint, transport: founder.identity.transportKey)
        try await bench.run([(founder, endpoint, [])] + lines.map { ($0, nil, [address]) }, body)
    }

    @Test("A stolen administrator's laptop that removes everybody, dated back, removes nobody once it is revoked itself")
    func massRemoval() async throws {
        for line in lines {
            // The thief knows neither what the line wrote nor the removal of the laptop.
            try? deputy.revoke(line.identity.stationKey, by: "thief", because: "everybody")
        }
        for line in lines { try line.write(by: "p") { try $0.insert(into: "part", ["name": .text("later")]) } }
        try lines[0].pull(.roster, from: deputy)
        try founder.revoke(deputy.identity.stationKey, by: "marek", because: "stolen")
        try await run {
            try await eventually("everybody is a member") {
                try ([founder] + lines).allSatisfy { replica in
                    let roster = try replica.roster()
                    return stations.isSubset(of: roster.members.keys) && Set(roster.formerMembers.keys) == [deputy.identity.stationKey]
                }
            }
            try await eventually("everything counts") {
                try lines.allSatisfy { try $0.digest() == founder.digest() && $0.roster().digest == founder.roster().digest }
            }
        }
        let names = try founder.read { try String.fetchAll($0, sql: "SELECT name FROM part WHERE name = 'later'") }
        #expect(names.count == lines.count)
        for replica in [founder] + lines { #expect(try replica.verify().fault == nil) }
    }

    @Test("Two administrators that revoke at once, and begin epochs at once, agree on who is left")
    func bothAtOnce() async throws {
        let target = lines[0].identity.stationKey
        // Of different authors, so that the deputy may only if it ranks above.
        let deputyRanksAbove = try founder.roster().members[deputy.identity.stationKey].flatMap { own in
            try founder.roster().members[target].map { own.rank < $0.rank }
        } ?? false
        try lines[0].write(by: "p") { try $0.insert(into: "part", ["name": .text("seen by the deputy alone")]) }
        try deputy.pull(.data, from: lines[0])
        if deputyRanksAbove { try deputy.revoke(target, by: "deputy") }
        try founder.revoke(target, by: "marek")
        for admin in [founder, deputy] {
            try admin.beginEpoch()
            try admin.write(by: "p") { try $0.insert(into: "part", ["name": .text("sealed")]) }
        }
        try founder.exchange(with: deputy)
        try await run {
            try await eventually("agreement") {
                try lines.dropFirst().allSatisfy {
                    try $0.digest() == founder.digest() && $0.roster().digest == founder.roster().digest
                        && $0.roster().formerMembers[target] != nil
                }
            }
        }
        // It lies beyond the smaller cut, but the deputy had seen it when it wrote.
        let names = try founder.read { try String.fetchAll($0, sql: "SELECT name FROM part") }
        #expect(names.contains("seen by the deputy alone"))
        for replica in [founder] + lines.dropFirst() { #expect(try replica.verify().fault == nil) }
    }
}
