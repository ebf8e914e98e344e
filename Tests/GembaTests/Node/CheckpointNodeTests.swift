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

    @Test(
        "A station that took a checkpoint fetches the bodies, stands on it no more, and streams them to the next",
        arguments: TransportUnderTest.allCases)
    func backfill(kind: TransportUnderTest) async throws {
        let bench = try NodeBench(kind)
        let a = bench.plant.founder
        let b = try bench.plant.enrol("L3")
        let part = try await a.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("roll")]) }
        for number in 0..<300 {
            try await a.write(by: "ewa") { try $0.update("part", part, ["name": .text("roll \(number)")]) }
        }
        try await b.write(by: "jan") { try $0.insert(into: "part", ["name": .text("written alone")]) }
        let endpoint = bench.endpoint()
        try await bench.run(
            [(a, endpoint, []), (b, nil, [PeerAddress(endpoint: endpoint, transport: a.identity.transportKey)])],
            limits: eager
        ) {
            try await eventually("the checkpoint, and all bodies") {
                try a.digest() == b.digest() && b.statistics().changes == 302
                    && b.backfillProgress() == BackfillProgress() && b.checkpoint() == nil
            }
            try await a.write(by: "ewa") { try $0.update("part", part, ["name": .text("live")]) }
            try await eventually("a live write") { try a.digest() == b.digest() && b.statistics().changes == 303 }
        }
        #expect(try b.verify().fault == nil)
        #expect(try b.history(of: part, in: "part").count == 302)
        // To a third station, which the first cannot reach, as changes: nothing is far enough behind for a checkpoint.
        let c = try bench.plant.enrol("L4")
        try b.pull(.roster, from: a)
        let next = bench.endpoint()
        try await bench.run(
            [(b, next, []), (c, nil, [PeerAddress(endpoint: next, transport: b.identity.transportKey)])]
        ) {
            try await eventually("the third") { try b.digest() == c.digest() }
        }
        #expect(try c.checkpoint() == nil && c.history(of: part, in: "part").count == 302)
        #expect(try c.verify().fault == nil)
    }

    @Test("What a person folded stays folded", arguments: [TransportUnderTest.zeroMQ])
    func forgone(kind: TransportUnderTest) async throws {
        let bench = try NodeBench(kind)
        let (a, b) = (bench.plant.founder, try bench.plant.enrol("L3"))
        for number in 0..<50 {
            try await a.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("part \(number)")]) }
        }
        for _ in 0..<2 {
            try a.exchange(with: b)
            try a.acknowledge()
            try b.acknowledge()
        }
        try a.exchange(with: b)
        try b.fold(olderThan: 0)
        let folded = try b.backfillProgress().forgone
        #expect(folded >= 50)
        let endpoint = bench.endpoint()
        try await bench.run(
            [(a, endpoint, []), (b, nil, [PeerAddress(endpoint: endpoint, transport: a.identity.transportKey)])]
        ) {
            for number in 0..<20 {
                try await a.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("live \(number)")]) }
                try await eventually("a live write") { try a.vector(of: .data) == b.vector(of: .data) }
            }
        }
        #expect(try b.backfillProgress() == BackfillProgress(missing: 0, forgone: folded))
    }
}
