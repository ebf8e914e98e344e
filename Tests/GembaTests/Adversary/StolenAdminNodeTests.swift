import GRDB
import GembaCausality
import GembaNode
import GembaStore
import GembaTrust
import GembaWire
import Testing

@Suite("T2, T3: administrators against each other, on running nodes", .serialized)
struct StolenAdminNodeTests {
    private let bench: NodeBench
    private let founder: Replica
    private let deputy: Replica
    private let lines: [Replica]

    init() throws {
        bench = try NodeBench(.inProcess)
        founder = bench.plant.founder
        deputy = try bench.plant.enrol("IT2", as: .admin)
        lines = try ["L3", "L4", "L5"].map { [bench] in try bench.plant.enrol($0) }
        for replica in [deputy] + lines {
            try replica.pull(.roster, from: founder)
            try Self.add("by \(replica.identity.stationKey)", at: replica)
            try founder.pull(.data, from: replica)
        }
        for replica in [deputy] + lines { try replica.exchange(with: founder) }
    }

    private static func add(_ name: String, at replica: Replica) throws {
        try replica.write(by: "p") { try $0.insert(into: "part", ["name": .text(name)]) }
    }

    private static func names(at replica: Replica) throws -> [String] {
        try replica.read { try String.fetchAll($0, sql: "SELECT name FROM part") }
    }

    private var stations: Set<StationKey> { Set(lines.map(\.identity.stationKey)) }

    /// Runs the founder's node and those of the lines, all of which reach it.
    private func run(_ body: @Sendable () async throws -> Void) async throws {
        let endpoint = bench.endpoint()
        let address = PeerAddress(endpoint: endpoint, transport: founder.identity.transportKey)
        try await bench.run([(founder, endpoint, [])] + lines.map { ($0, nil, [address]) }, body)
    }

    @Test(
        "A stolen administrator's laptop that removes everybody, dated back, removes nobody once it is revoked itself")
    func massRemoval() async throws {
        for line in lines {
            // The thief knows neither what the line wrote nor the removal of the laptop.
            try? deputy.revoke(line.identity.stationKey, by: "thief", because: "everybody")
        }
        for line in lines { try Self.add("later", at: line) }
        try lines[0].pull(.roster, from: deputy)
        try founder.revoke(deputy.identity.stationKey, by: "marek", because: "stolen")
        try await run {
            try await eventually("everybody is a member") {
                try ([founder] + lines).allSatisfy { replica in
                    let roster = try replica.roster()
                    return stations.isSubset(of: roster.members.keys)
                        && Set(roster.formerMembers.keys) == [deputy.identity.stationKey]
                }
            }
            try await eventually("everything counts") {
                try lines.allSatisfy {
                    try $0.digest() == founder.digest() && $0.roster().digest == founder.roster().digest
                }
            }
        }
        #expect(try Self.names(at: founder).count { $0 == "later" } == lines.count)
        for replica in [founder] + lines { #expect(try replica.verify().fault == nil) }
    }

    @Test("Two administrators that revoke at once, and begin epochs at once, agree on who is left")
    func bothAtOnce() async throws {
        let target = lines[0].identity.stationKey
        // Of different authors, so that the deputy may only if it ranks above.
        let deputyRanksAbove =
            try founder.roster().members[deputy.identity.stationKey].flatMap { own in
                try founder.roster().members[target].map { own.rank < $0.rank }
            } ?? false
        try Self.add("seen by the deputy alone", at: lines[0])
        try deputy.pull(.data, from: lines[0])
        if deputyRanksAbove { try deputy.revoke(target, by: "deputy") }
        try founder.revoke(target, by: "marek")
        for admin in [founder, deputy] {
            try admin.beginEpoch()
            try Self.add("sealed", at: admin)
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
        #expect(try Self.names(at: founder).contains("seen by the deputy alone"))
        for replica in [founder] + lines.dropFirst() { #expect(try replica.verify().fault == nil) }
    }
}
