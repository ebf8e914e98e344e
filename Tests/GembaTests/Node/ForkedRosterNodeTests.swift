import GembaNode
import GembaStore
import GembaTrust
import GembaWire
import Testing

@Suite("Forked roster logs between nodes (RULES L7)", .serialized)
struct ForkedRosterNodeTests {
    @Test(
        "Stations that were enrolled by two copies of one administrator's disk meet, through one that knows neither",
        arguments: TransportUnderTest.allCases)
    func guests(kind: TransportUnderTest) async throws {
        let bench = try NodeBench(kind)
        let forks = ForkedPlant(of: bench.plant)
        let witness = try bench.plant.enrol("L1")
        let clone = try forks.copy(of: bench.plant.founder)
        let left = try bench.plant.enrol("L2")
        // Longer than what the other half has, so that numbers do not tell which is ahead.
        let right = try bench.plant.enrol("L3", by: clone)
        _ = try bench.plant.enrol("L4", by: clone)
        try right.pull(.roster, from: clone)
        try left.add("from L2")
        try right.add("from L3")
        let endpoint = bench.endpoint()
        let peer = PeerAddress(endpoint: endpoint, transport: witness.identity.transportKey)
        try await bench.run([(witness, endpoint, []), (left, nil, [peer]), (right, nil, [peer])]) {
            try await eventually("one roster", within: .seconds(30)) {
                let digests = try [witness, left, right].map { try $0.roster().digest }
                return Set(digests).count == 1
            }
            try await eventually("the data of both", within: .seconds(30)) {
                try witness.partNames().count == 2 && left.digest() == witness.digest()
                    && right.digest() == witness.digest()
            }
            // What follows goes on live.
            try left.add("live")
            try await eventually("a live write", within: .seconds(30)) { try right.partNames().count == 3 }
        }
        #expect(try Set(right.roster().members.values.map(\.name)) == ["IT", "L1", "L2", "L3", "L4"])
        #expect(try left.branches(of: .roster) == right.branches(of: .roster))
        #expect(try left.branches(of: .roster).count == 3)
        for replica in [witness, left, right] { #expect(try replica.verify().fault == nil) }
    }

    @Test("Nodes that hold different halves exchange them", arguments: TransportUnderTest.allCases)
    func halves(kind: TransportUnderTest) async throws {
        let bench = try NodeBench(kind)
        let forks = ForkedPlant(of: bench.plant)
        let (a, b) = (try bench.plant.enrol("L1"), try bench.plant.enrol("L2"))
        try a.pull(.roster, from: bench.plant.founder)
        let clone = try forks.copy(of: bench.plant.founder)
        for index in 0..<5 {
            _ = try bench.plant.founder.invite(
                as: .station, name: "A\(index)", validForSeconds: 60, routes: [], by: "ewa")
        }
        for index in 0..<9 {
            _ = try clone.invite(as: .station, name: "B\(index)", validForSeconds: 60, routes: [], by: "ewa")
        }
        try a.pull(.roster, from: bench.plant.founder)
        try b.pull(.roster, from: clone)
        let endpoint = bench.endpoint()
        let peer = PeerAddress(endpoint: endpoint, transport: a.identity.transportKey)
        try await bench.run([(a, endpoint, []), (b, nil, [peer])]) {
            try await eventually("one roster", within: .seconds(30)) { try a.roster().digest == b.roster().digest }
        }
        #expect(try a.roster().openInvitations.count == 14)
        #expect(try a.vector(of: .roster) == b.vector(of: .roster))
    }
}
