import GembaCausality
import GembaGossip
import GembaNode
import GembaStore
import GembaTrust
import GembaWire
import Testing

@Suite("Checkpoints between nodes", .serialized)
struct CheckpointNodeTests {
    /// So that a hundred changes are many.
    private var eager: SessionLimits {
        var limits = SessionLimits()
        limits.checkpointChanges = 100
        return limits
    }

    @Test(
        "A station that is far behind takes a checkpoint, keeps its own work, and follows the tail",
        arguments: TransportUnderTest.allCases)
    func bootstrap(kind: TransportUnderTest) async throws {
        let bench = try NodeBench(kind)
        let a = bench.plant.founder
        let b = try bench.plant.enrol("L3")
        for number in 0..<300 {
            try await a.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("part \(number)")]) }
        }
        try await b.write(by: "jan") { try $0.insert(into: "part", ["name": .text("written alone")]) }
        let endpoint = bench.endpoint()
        try await bench.run(
            [(a, endpoint, []), (b, nil, [PeerAddress(endpoint: endpoint, transport: a.identity.transportKey)])],
            limits: eager
        ) {
            try await eventually("convergence") { try a.digest() == b.digest() }
            try await a.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("live")]) }
            try await b.write(by: "jan") { try $0.insert(into: "part", ["name": .text("live too")]) }
            try await eventually("live writes") { try a.digest() == b.digest() && a.statistics().changes == 303 }
        }
        #expect(try b.checkpoint()?.trust == .signed)
        #expect(try a.checkpoint() == nil)
        #expect(try b.verify().fault == nil)
        #expect(try a.verify().fault == nil)
        // What it took, it can give: a third station, to which the first is not reachable.
        let c = try bench.plant.enrol("L4")
        try b.pull(.roster, from: a)
        try c.pull(.roster, from: b)
        let next = bench.endpoint()
        try await bench.run(
            [(b, next, []), (c, nil, [PeerAddress(endpoint: next, transport: b.identity.transportKey)])], limits: eager
        ) {
            try await eventually("the third") { try b.digest() == c.digest() }
        }
        #expect(try c.verify().fault == nil)
    }
}
