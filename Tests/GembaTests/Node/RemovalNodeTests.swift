import GembaCausality
import GembaGossip
import GembaNode
import GembaStore
import GembaTrust
import GembaWire
import Synchronization
import Testing

/// Looks at one node's links after everything that happens there.
final class LinkWatch: Sendable {
    private struct State {
        var isLinked = false
        var linkedAfterRemoval = 0
        var refused: UInt64 = 0
    }
    private let station: StationKey
    private let watched: StationKey
    private let state = Mutex(State())

    /// - Parameters:
    ///   - station: whose links are looked at.
    ///   - watched: the station at their other ends.
    init(at station: StationKey, of watched: StationKey) {
        self.station = station
        self.watched = watched
    }

    var isLinked: Bool { state.withLock { $0.isLinked } }
    /// How often a link was seen although the roster had shown the station as a former member.
    var linkedAfterRemoval: Int { state.withLock { $0.linkedAfterRemoval } }
    var refused: UInt64 { state.withLock { $0.refused } }

    func observe(_ engine: Engine) {
        guard engine.replica.identity.stationKey == station else { return }
        let isLinked = engine.connectedStations.contains(watched)
        let isRemoved = (try? engine.replica.roster().formerMembers[watched]) != nil
        state.withLock { state in
            state.isLinked = isLinked
            state.refused = engine.counts.refusedConnections
            if isLinked, isRemoved { state.linkedAfterRemoval += 1 }
        }
    }
}

@Suite("G13: a removal on running nodes", .serialized)
struct RemovalNodeTests {
    @Test(
        "The link of a revoked station ends with the roster that says so, dialled or accepted; reinstated, it gets in again",
        arguments: TransportUnderTest.allCases, [true, false])
    func cut(kind: TransportUnderTest, isAccepted: Bool) async throws {
        let bench = try NodeBench(kind)
        let admin = bench.plant.founder
        let press = try bench.plant.enrol("L3")
        let thief = try bench.plant.enrol("L4")
        try press.pull(.roster, from: admin)
        let (office, line) = (bench.endpoint(), bench.endpoint())
        let toOffice = PeerAddress(endpoint: office, transport: admin.identity.transportKey)
        let toPress = PeerAddress(endpoint: line, transport: press.identity.transportKey)
        let toThief = PeerAddress(endpoint: line, transport: thief.identity.transportKey)
        let watch = LinkWatch(at: press.identity.stationKey, of: thief.identity.stationKey)
        let observer: @Sendable (Engine) -> Void = { watch.observe($0) }
        try await bench.run(
            [
                (admin, office, []), (press, isAccepted ? line : nil, isAccepted ? [toOffice] : [toOffice, toThief]),
                (thief, isAccepted ? nil : line, isAccepted ? [toPress] : []),
            ], observe: observer
        ) {
            try await thief.write(by: "eve") { try $0.insert(into: "part", ["name": .text("before")]) }
            try await eventually("convergence") { try watch.isLinked && admin.digest() == thief.digest() }
            let before = watch.refused
            try admin.revoke(thief.identity.stationKey, by: "marek", because: "stolen")
            try await eventually("the cut") {
                try press.roster().formerMembers[thief.identity.stationKey] != nil && !watch.isLinked
            }
            // It may have been told, and then it writes no more.
            let knows = try thief.roster().formerMembers[thief.identity.stationKey] != nil
            if !knows { try await thief.write(by: "eve") { try $0.insert(into: "part", ["name": .text("after")]) } }
            if isAccepted { try await eventually("a refusal") { watch.refused > before } }
            #expect(try press.digest() == admin.digest())
            #expect(watch.linkedAfterRemoval == 0)

            try admin.reinstate(thief.identity.stationKey, by: "marek", because: "found")
            try await eventually("the way back") { watch.isLinked }
            try await eventually("convergence again") {
                try press.digest() == admin.digest() && press.digest() == thief.digest()
            }
            try await thief.write(by: "eve") { try $0.insert(into: "part", ["name": .text("again")]) }
            try await eventually("a live write") { try admin.digest() == thief.digest() }
        }
        for replica in [admin, press, thief] { #expect(try replica.verify().fault == nil) }
    }

    @Test("A removal that came while no node ran is carried out when one starts")
    func settledAtStart() async throws {
        let bench = try NodeBench(.inProcess)
        let admin = bench.plant.founder
        let press = try bench.plant.enrol("L3")
        let thief = try bench.plant.enrol("L4")
        try press.pull(.roster, from: admin)
        try await thief.write(by: "eve") { try $0.insert(into: "part", ["name": .text("unseen by the office")]) }
        try press.pull(.data, from: thief)
        try admin.revoke(thief.identity.stationKey, by: "marek")
        try press.pull(.roster, from: admin)
        #expect(try press.digest() != admin.digest())
        try await bench.run([(press, nil, [])]) {
            try await eventually("the removal") { try press.digest() == admin.digest() }
        }
        // The genesis stays.
        #expect(try press.voidCounts() == [thief.identity.stationKey: 1])
    }
}
