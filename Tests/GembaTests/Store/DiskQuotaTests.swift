import GembaCausality
import GembaStore
import GembaTrust
import GembaWire
import Testing

@Suite("L10: a quota of the disk delays its author's changes, and nobody else's")
struct DiskQuotaTests {
    private let plant: TestPlant
    private let writer: Replica
    private let other: Replica
    private let relay: Replica

    init() throws {
        plant = try TestPlant()
        writer = try plant.enrol("L1")
        other = try plant.enrol("L2")
        relay = try plant.enrol("L3")
        for replica in [writer, other, relay] { try replica.pull(.roster, from: plant.founder) }
    }

    private func write(_ count: Int, on replica: Replica) throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<count {
            try replica.write(by: "ewa") { tx in
                // Random, so that nothing of it is compressed away.
                let name = (0..<40).map { _ in String(random.next(), radix: 36) }.joined()
                try tx.insert(into: "part", ["name": .text(name)])
            }
        }
    }

    @Test("What goes beyond is left out and taken in when there is more room; what is within is not touched")
    func leftOut() throws {
        relay.authorQuota = 10_000
        try write(10, on: writer)
        #expect(try relay.pull(.data, from: writer).problem == nil)
        let held = try relay.storedBytes(of: writer.identity.stationKey)
        #expect(held > 4000 && held <= 10_000, "\(held)")
        try write(40, on: writer)
        let outcome = try relay.pull(.data, from: writer)
        #expect(outcome.problem == .overQuota && outcome.entryCount == 0)
        // Again and again: nothing more, and no fork or fault.
        #expect(try relay.pull(.data, from: writer).problem == .overQuota)
        #expect(try relay.storedBytes(of: writer.identity.stationKey) == held)
        relay.authorQuota = 1 << 30
        #expect(try relay.pull(.data, from: writer).problem == nil)
        #expect(try relay.digest() == writer.digest())
    }

    @Test("Another author goes on, and what it built on beyond the quota is taken in for it")
    func builtOn() throws {
        relay.authorQuota = 10_000
        try write(10, on: writer)
        try relay.pull(.data, from: writer)
        try write(40, on: writer)
        try write(3, on: other)
        try relay.pull(.data, from: writer)
        let held = try relay.storedBytes(of: writer.identity.stationKey)
        #expect(try relay.pull(.data, from: other).problem == nil)
        // Now the other one sees all of the writer's work, and writes with that in its past.
        try other.pull(.data, from: writer)
        try write(1, on: other)
        #expect(try relay.pull(.data, from: other).problem != nil)
        // The next round brings what is wanted, and then what wants it.
        for _ in 0..<3 { try relay.pull(.data, from: other) }
        #expect(try relay.digest() == other.digest())
        #expect(try relay.storedBytes(of: writer.identity.stationKey) > held)
        // Beyond that the quota holds as before.
        try write(5, on: writer)
        #expect(try relay.pull(.data, from: writer).problem == .overQuota)
    }

    @Test("A station's own log is never held to it, not even when it comes back from others")
    func own() throws {
        try write(20, on: writer)
        try relay.pull(.data, from: writer)
        writer.authorQuota = 1
        try write(5, on: writer)
        #expect(try relay.pull(.data, from: writer).problem == nil)
    }

    @Test("A station that states act upon act is not folded without end; what others build on is taken in")
    func roster() throws {
        relay.authorRosterQuota = 10
        for number in 0..<30 { try writer.publish(endpoints: ["tcp://10.0.0.1:\(number)"]) }
        let log = try #require(
            writer.vector(of: .roster).first { try writer.station(writing: $0.replica) == writer.identity.stationKey })
        let outcome = try relay.pull(.roster, from: writer)
        #expect(outcome.problem == .overQuota)
        let held = try #require(relay.vector(of: .roster).first { $0.replica == log.replica }).sequence
        #expect(held < 10)
        // Others are not affected.
        try other.publish(endpoints: ["tcp://10.0.0.2:1"])
        #expect(try relay.pull(.roster, from: other).problem == nil)
        // Somebody had seen all that when it acted.
        try other.pull(.roster, from: writer)
        try other.publish(endpoints: ["tcp://10.0.0.2:2"])
        #expect(try relay.pull(.roster, from: other).problem != nil)
        #expect(try relay.pull(.roster, from: writer).problem == nil)
        try relay.pull(.roster, from: other)
        #expect(try relay.roster().digest == other.roster().digest)
    }

    @Test("A station that forks its roster log without end is not folded without end")
    func rosterBranches() throws {
        let forks = ForkedPlant(of: plant)
        relay.authorRosterQuota = 100
        for number in 0..<20 { try writer.publish(endpoints: ["tcp://10.0.0.1:\(number)"]) }
        let copies = try (0..<12).map { _ in try forks.copy(of: writer) }
        for (number, copy) in copies.enumerated() { try copy.publish(endpoints: ["tcp://10.0.0.3:\(number)"]) }
        for copy in copies { try relay.take(from: copy) }
        let branches = try relay.branches(of: .roster).count { !$0.isClosed }
        #expect((2...4).contains(branches), "\(branches)")
        relay.authorRosterQuota = 1000
        for copy in copies { try relay.take(from: copy) }
        #expect(try relay.branches(of: .roster).count { !$0.isClosed } == 12)
        #expect(try relay.verify().fault == nil)
    }
}
