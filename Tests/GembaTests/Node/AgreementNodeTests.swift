import GRDB
import GembaCausality
import GembaGossip
import GembaNode
import GembaStore
import GembaTrust
import GembaWire
import Synchronization
import Testing

@Suite("Agreement between nodes", .serialized)
struct AgreementNodeTests {
    /// Collects what comparisons come to, and has one node ask as soon as it can.
    private final class Asking: Sendable {
        private struct State {
            var hasAsked = false
            var verdicts: [AgreementVerdict] = []
        }
        private let station: StationKey
        private let state = Mutex(State())

        init(as station: StationKey) { self.station = station }

        var verdicts: [AgreementVerdict] { state.withLock { $0.verdicts } }

        func askAgain() { state.withLock { $0.hasAsked = false } }

        var observer: @Sendable (Engine) -> Void { { self.observe($0) } }

        private func observe(_ engine: Engine) {
            guard engine.replica.identity.stationKey == station, let peer = engine.connectedStations.first else {
                return
            }
            state.withLock { state in
                if !state.hasAsked {
                    state.hasAsked = true
                    engine.compareRows(with: peer)
                } else if let verdict = engine.lastComparison(with: peer), verdict != .unknown,
                    state.verdicts.last != verdict
                {
                    state.verdicts.append(verdict)
                }
            }
        }
    }

    private func plant(_ bench: NodeBench) throws -> (Replica, Replica, [RowID]) {
        let (a, b) = (bench.plant.founder, try bench.plant.enrol("L3"))
        let rows = try a.write(by: "ewa") { tx in
            try (0..<300).map { try tx.insert(into: "part", ["name": .text("part \($0)")]) }
        }
        return (a, b, rows)
    }

    @Test(
        "Nodes that hold the same find their rows equal; a row that was written behind one's back is found, named and repaired",
        arguments: TransportUnderTest.allCases, [true, false])
    func repair(kind: TransportUnderTest, asksOwner: Bool) async throws {
        let bench = try NodeBench(kind)
        let (a, b, rows) = try plant(bench)
        let asking = Asking(as: (asksOwner ? b : a).identity.stationKey)
        let endpoint = bench.endpoint()
        try await bench.run(
            [(a, endpoint, []), (b, nil, [PeerAddress(endpoint: endpoint, transport: a.identity.transportKey)])],
            observe: asking.observer
        ) {
            try await eventually("agreement") { asking.verdicts == [.equal] }
            #expect(try a.digest() == b.digest())
            try b.tamper("UPDATE part SET name = 'somebody else' WHERE id = ?", [rows[17]])
            #expect(try a.digest() != b.digest())
            // Without a change of its own a replica does not look at its rows before a day has passed.
            if !asksOwner { _ = try b.rowRoot(rescans: true) }
            asking.askAgain()
            try await eventually("the difference, and agreement") {
                asking.verdicts.last == .equal && asking.verdicts.count == 3
            }
            try await eventually("the record") { try a.digest() == b.digest() }
        }
        guard asking.verdicts.count == 3, case .different(let findings) = asking.verdicts[1] else {
            Issue.record("no difference among \(asking.verdicts)")
            return
        }
        #expect(findings.rows == [RowKey(table: 1, row: rows[17])] && findings.unexplained.isEmpty)
        #expect(findings.repaired.map(\.groups) == (asksOwner ? [[1]] : []))
        let record = try #require(try (asksOwner ? b : a).peers()[(asksOwner ? a : b).identity.stationKey]?.agreement)
        #expect(record.rows.map(\.row) == ["\(rows[17])"] && !record.isBroken)
        #expect(record.rows.map(\.outcome) == [asksOwner ? .repairedHere : .repairedThere])
        #expect(try b.nodeCounters().rowsRepaired == 1)
        #expect(try b.verify().fault == nil && a.verify().fault == nil)
    }

    @Test("A relay is not asked about rows, and asks nobody", arguments: [TransportUnderTest.inProcess])
    func relay(kind: TransportUnderTest) async throws {
        let bench = try NodeBench(kind)
        let a = bench.plant.founder
        let relay = try bench.plant.enrol("RELAY", as: .relay)
        try await a.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("roll")]) }
        let asking = Asking(as: a.identity.stationKey)
        let endpoint = bench.endpoint()
        try await bench.run(
            [(a, endpoint, []), (relay, nil, [PeerAddress(endpoint: endpoint, transport: a.identity.transportKey)])],
            observe: asking.observer
        ) {
            try await eventually("convergence") { try a.vector(of: .data) == relay.vector(of: .data) }
            try await a.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("live")]) }
            try await eventually("a live write") { try a.vector(of: .data) == relay.vector(of: .data) }
        }
        #expect(asking.verdicts.isEmpty)
        #expect(try a.peers()[relay.identity.stationKey]?.agreement == nil)
    }
}
