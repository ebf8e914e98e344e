import Foundation
import GembaCausality
import GembaGossip
import GembaNode
import GembaStore
import GembaTrust
import GembaWire
import GembaZeroMQ
import Logging
import Testing

/// A transport under which every test of nodes runs.
enum TransportUnderTest: String, CaseIterable, CustomTestStringConvertible {
    case inProcess = "in process"
    case zeroMQ = "over ZeroMQ"

    var testDescription: String { rawValue }
}

/// Nodes of one plant on one kind of transport.
final class NodeBench: Sendable {
    let plant: TestPlant
    private let kind: TransportUnderTest
    private let hub = InProcessHub()

    init(_ kind: TransportUnderTest) throws {
        self.kind = kind
        plant = try TestPlant()
    }

    /// Runs nodes until `body` returns.
    func run(
        _ members: [(replica: Replica, listens: String?, dials: [PeerAddress])], limits: SessionLimits = .init(),
        observe: @escaping @Sendable (Engine) -> Void = { _ in },
        _ body: @Sendable () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (replica, listens, dials) in members {
                let transport = transport(for: replica, listens: listens)
                let node = Node(
                    replica, transport: transport, peers: dials,
                    logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, limits: limits)
                group.addTask {
                    do { try await node.run(observe: observe) } catch is CancellationError {}
                }
            }
            try await body()
            group.cancelAll()
        }
    }

    func endpoint() -> String {
        switch kind {
        case .inProcess: "test:\(UUID().uuidString)"
        case .zeroMQ: "ipc://\(plant.folder.path)/\(UUID().uuidString.prefix(8))"
        }
    }

    private func transport(for replica: Replica, listens: String?) -> any Transport {
        switch kind {
        case .inProcess:
            hub.transport(key: replica.identity.transportKey, listen: listens.map { [$0] } ?? [])
        case .zeroMQ:
            ZeroMQTransport(
                listen: listens.map { [$0] } ?? [], secret: replica.identity.transportSecret,
                publicKey: replica.identity.transportKey, plant: replica.plant)
        }
    }
}

/// Waits until a condition holds; a test that runs real sockets has nothing better to wait for.
func eventually(
    _ what: String, within limit: Duration = .seconds(90), _ condition: () throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try !condition() {
        guard ContinuousClock.now < deadline else {
            Issue.record("\(what) did not happen within \(limit)")
            return
        }
        try await Task.sleep(for: .milliseconds(20))
    }
}

@Suite("Nodes", .serialized)
struct NodeTests {
    @Test("Two stations that meet converge, and live writes follow", arguments: TransportUnderTest.allCases)
    func meeting(kind: TransportUnderTest) async throws {
        let bench = try NodeBench(kind)
        let a = bench.plant.founder
        let b = try bench.plant.enrol("L3")
        for number in 0..<300 {
            try await a.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("part \(number)")]) }
        }
        try await b.write(by: "jan") { try $0.insert(into: "part", ["name": .text("from b")]) }
        let endpoint = bench.endpoint()
        try await bench.run([
            (a, endpoint, []), (b, nil, [PeerAddress(endpoint: endpoint, transport: a.identity.transportKey)]),
        ]) {
            try await eventually("convergence") { try a.digest() == b.digest() }
            try await a.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("live")]) }
            try await eventually("a live write") { try a.digest() == b.digest() }
            try await eventually("acknowledgement") {
                try a.unsentCount() == 0
            }
        }
        #expect(try a.verify().fault == nil)
        #expect(try b.verify().fault == nil)
    }

    @Test("A node that has stopped keeps neither its replica nor its files", arguments: TransportUnderTest.allCases)
    func stopped(kind: TransportUnderTest) async throws {
        let bench = try NodeBench(kind)
        let folder = bench.plant.folder.folder("L3")
        weak var kept: Replica?
        do {
            let replica = try bench.plant.enrol("L3")
            kept = replica
            let listening = bench.endpoint()
            try await bench.run([
                (bench.plant.founder, listening, []),
                (
                    replica, bench.endpoint(),
                    [
                        PeerAddress(endpoint: listening, transport: bench.plant.founder.identity.transportKey)
                    ]
                ),
            ]) {
                try await eventually("convergence") { try replica.digest() == bench.plant.founder.digest() }
            }
        }
        // The last threads of a node end by themselves.
        try await eventually("the replica's end", within: .seconds(10)) { kept == nil }
        let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap {
            try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")
        }
        #expect(!open.contains { $0.hasPrefix(folder) })
    }

    @Test("What another process wrote is sent, also when the peer's changes come in at that moment")
    func otherProcess() async throws {
        let bench = try NodeBench(.inProcess)
        let a = bench.plant.founder
        let b = try bench.plant.enrol("L3")
        let command = try Replica.open(in: a.folder, schema: .parts, sources: .test)
        let endpoint = bench.endpoint()
        try await bench.run([
            (a, endpoint, []), (b, nil, [PeerAddress(endpoint: endpoint, transport: a.identity.transportKey)]),
        ]) {
            for number in 0..<20 {
                for (replica, name) in [(b, "early"), (command, "foreign"), (b, "late")] {
                    try await replica.write(by: "ewa") {
                        try $0.insert(into: "part", ["name": .text("\(name) \(number)")])
                    }
                }
                try await eventually("round \(number)", within: .seconds(20)) { try a.digest() == b.digest() }
            }
        }
    }

    @Test("A station enrols through a running member that does not know it yet", arguments: TransportUnderTest.allCases)
    func enrolment(kind: TransportUnderTest) async throws {
        let bench = try NodeBench(kind)
        let a = bench.plant.founder
        try await a.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("x")]) }
        let endpoint = bench.endpoint()
        let token = try a.invite(
            as: .station, name: "L3", validForSeconds: 60,
            routes: [.init(endpoint: "tcp://127.0.0.1:1", transport: a.identity.transportKey)], by: "admin")
        let b = try Replica.join(
            with: token, station: nil, in: bench.plant.folder.folder("L3"), schema: .parts, sources: .test)
        #expect(try b.roster().members.isEmpty)
        try await bench.run([
            (a, endpoint, []), (b, nil, [PeerAddress(endpoint: endpoint, transport: a.identity.transportKey)]),
        ]) {
            try await eventually("membership here") { try b.roster().members[b.identity.stationKey] != nil }
            try await eventually("membership there") { try a.roster().members[b.identity.stationKey] != nil }
            try await eventually("data") { try a.digest() == b.digest() }
        }
    }

    @Test(
        "Two stations that never meet converge through a relay, which writes nothing",
        arguments: TransportUnderTest.allCases)
    func relay(kind: TransportUnderTest) async throws {
        let bench = try NodeBench(kind)
        let a = bench.plant.founder
        let b = try bench.plant.enrol("L3")
        let relay = try bench.plant.enrol("RELAY", as: .relay, schema: .none)
        try a.pull(.roster, from: relay)
        let part = try await a.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("x")]) }
        let endpoint = bench.endpoint()
        let address = PeerAddress(endpoint: endpoint, transport: relay.identity.transportKey)
        // L3 enrolled before the relay did and has not heard of it: the relay shows it the proof.
        #expect(try b.roster().members[relay.identity.stationKey] == nil)
        try await bench.run([(relay, endpoint, []), (a, nil, [address]), (b, nil, [address])]) {
            try await eventually("convergence") { try a.digest() == b.digest() }
            try await b.write(by: "jan") { try $0.update("part", part, ["name": .text("y")]) }
            try await eventually("the way back") { try a.digest() == b.digest() && relay.digest() == a.digest() }
        }
        await #expect(throws: StoreError.self) { try await relay.write(by: "x") { try $0.delete("part", part) } }
    }

    @Test("A relay that enrolled unheard of is found by its endpoint alone")
    func hint() async throws {
        let bench = try NodeBench(.zeroMQ)
        let a = bench.plant.founder
        let b = try bench.plant.enrol("L3")
        let relay = try bench.plant.enrol("RELAY", as: .relay, schema: .none)
        try await b.write(by: "jan") { try $0.insert(into: "part", ["name": .text("x")]) }
        let endpoint = "tcp://127.0.0.1:\(Int.random(in: 20_000..<32_000))"
        let address = PeerAddress(endpoint: endpoint)
        try await bench.run([(relay, endpoint, []), (a, nil, [address]), (b, nil, [address])]) {
            try await eventually("convergence") { try a.digest() == b.digest() }
        }
    }

    @Test("An endpoint without a key is answered by the member that is found there")
    func keySearch() async throws {
        let bench = try NodeBench(.zeroMQ)
        let a = bench.plant.founder
        let b = try bench.plant.enrol("L3")
        let c = try bench.plant.enrol("L4")
        for replica in [a, b] { try replica.exchange(with: c) }
        let endpoint = bench.endpoint()
        try await a.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("x")]) }
        try await bench.run([(a, endpoint, []), (c, nil, [PeerAddress(endpoint: endpoint)])]) {
            try await eventually("convergence") { try a.digest() == c.digest() }
        }
    }
}
