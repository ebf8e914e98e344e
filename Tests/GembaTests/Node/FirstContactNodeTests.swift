import GembaCausality
import GembaGossip
import GembaStore
import GembaTrust
import GembaWire
import Synchronization
import Testing

@testable import GembaNode

@Suite("T7: first contact", .serialized)
struct FirstContactNodeTests {
    /// The links that a node was seen to have.
    private final class Links: Sendable {
        private let station: StationKey
        private let seen = Mutex<Set<LinkID>>([])

        init(of replica: Replica) { station = replica.identity.stationKey }

        var count: Int { seen.withLock { $0.count } }

        func look(at engine: Engine) {
            guard engine.replica.identity.stationKey == station else { return }
            seen.withLock { $0.formUnion(engine.links.keys) }
        }
    }

    /// The ordinary limits, with less time in the lobby.
    private static var limits: SessionLimits {
        var limits = SessionLimits()
        limits.lobbyTime = .milliseconds(400)
        return limits
    }

    private func write(_ name: String, at replica: Replica) async throws {
        try await replica.write(by: "ewa") { try $0.insert(into: "part", ["name": .text(name)]) }
    }

    private func isMember(_ replica: Replica, at other: Replica) throws -> Bool {
        try other.roster().members[replica.identity.stationKey] != nil
    }

    private func joiner(_ name: String, with token: InvitationToken, in plant: TestPlant) throws -> Replica {
        try Replica.join(
            with: token, station: name, in: plant.folder.folder(name), schema: .parts, sources: .test)
    }

    @Test("A station that dials before anybody there has heard of its invitation gets in later, with no restart")
    func early() async throws {
        let bench = try NodeBench(.zeroMQ)
        let (office, press) = (bench.plant.founder, try bench.plant.enrol("L3"))
        try await write("from the office", at: office)
        let token = try office.invite(as: .station, name: "L4", validForSeconds: 60, routes: [], by: "admin")
        let joiner = try joiner("L4", with: token, in: bench.plant)
        let endpoint = bench.endpoint()
        let links = Links(of: press)
        try await bench.run(
            [
                (press, endpoint, []),
                (joiner, nil, [PeerAddress(endpoint: endpoint, transport: press.identity.transportKey)]),
            ], limits: Self.limits, observe: links.look
        ) {
            try await eventually("being shown out twice") { links.count >= 3 }
            #expect(try !isMember(joiner, at: press) && joiner.vector(of: .data).isEmpty)
            // The invitation comes to the press by another way.
            try press.exchange(with: office)
            try await eventually("membership") { try isMember(joiner, at: press) && isMember(joiner, at: joiner) }
            try await eventually("data") { try joiner.digest() == office.digest() }
            try await write("from the joiner", at: joiner)
            try await eventually("its own work") { try press.digest() == joiner.digest() }
        }
    }

    @Test("T6: of two that joined by one invitation the one that is admitted gets in, with no restart")
    func contested() async throws {
        let bench = try NodeBench(.inProcess)
        let office = bench.plant.founder
        try await write("from the office", at: office)
        let token = try office.invite(as: .station, name: "L4", validForSeconds: 60, routes: [], by: "admin")
        let (joiner, thief) = (
            try joiner("L4", with: token, in: bench.plant), try joiner("L5", with: token, in: bench.plant)
        )
        // Both joins are known, so neither counts.
        for replica in [joiner, thief] {
            try office.pull(.roster, from: replica)
            try replica.pull(.roster, from: office)
        }
        try joiner.pull(.roster, from: office)
        #expect(try !isMember(joiner, at: office) && !isMember(thief, at: office) && !isMember(joiner, at: joiner))
        let endpoint = bench.endpoint()
        let address = PeerAddress(endpoint: endpoint, transport: office.identity.transportKey)
        let links = Links(of: office)
        try await bench.run(
            [(office, endpoint, []), (joiner, nil, [address]), (thief, nil, [address])], limits: Self.limits,
            observe: links.look
        ) {
            try await eventually("both being shown out") { links.count >= 5 }
            let log = try #require(
                try office.vector(of: .roster).first {
                    try office.station(writing: $0.replica) == joiner.identity.stationKey
                })
            try office.admit(log.replica, by: "admin")
            try await eventually("data") { try joiner.digest() == office.digest() }
            let before = links.count
            try await eventually("the other one still trying") { links.count > before }
        }
        #expect(try isMember(joiner, at: joiner) && !isMember(thief, at: office) && !isMember(thief, at: thief))
        #expect(try thief.vector(of: .data).isEmpty)
    }

    @Test("With the relay and both offices down, stations that have never heard of each other show each other the way")
    func withoutRelay() async throws {
        let bench = try NodeBench(.zeroMQ)
        let first = bench.plant.founder
        let press = try bench.plant.enrol("L3")
        // The second office enrols a station that the first one, and so the press, has not heard of.
        let second = try bench.plant.enrol("IT2", as: .admin)
        let token = try second.invite(as: .station, name: "L4", validForSeconds: 60, routes: [], by: "admin")
        let line = try joiner("L4", with: token, in: bench.plant)
        try second.pull(.roster, from: line)
        try line.pull(.roster, from: second)
        #expect(try !isMember(line, at: press) && !isMember(second, at: press) && !isMember(line, at: first))
        // Nor has the line heard of the press, which joined at the first office meanwhile.
        let late = try bench.plant.enrol("L5")
        #expect(try !isMember(late, at: line) && !isMember(line, at: late))
        try await write("from the line", at: line)
        try await write("from the late one", at: late)
        try await write("from the press", at: press)

        let (here, there) = (bench.endpoint(), bench.endpoint())
        try await bench.run([
            (press, here, []),
            (late, there, [PeerAddress(endpoint: here, transport: press.identity.transportKey)]),
            (line, nil, [PeerAddress(endpoint: there, transport: late.identity.transportKey)]),
        ]) {
            try await eventually("convergence") {
                try press.digest() == line.digest() && late.digest() == line.digest()
            }
        }
        for replica in [press, late, line] {
            #expect(try isMember(press, at: replica) && isMember(late, at: replica) && isMember(line, at: replica))
            #expect(try replica.vector(of: .data).count == 3)
        }
    }
}
