import GembaCausality
import GembaWire
import Testing

@testable import GembaStore

@Suite("Segments of the log")
struct SegmentTests {
    private func write(_ count: Int, at replica: Replica, _ name: String) throws {
        for number in 0..<count {
            try replica.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("\(name) \(number)")]) }
        }
    }

    private func segments(of replica: Replica) throws -> [Segment] {
        try replica.withReader { context in
            var segments: [Segment] = []
            for tip in try context.log.tips(of: .data) {
                try context.log.scanSegments(replica: tip.number, from: 0, through: tip.sequence) { segment in
                    segments.append(segment)
                    return true
                }
            }
            return segments
        }
    }

    @Test("Many small changes are packed, keep their names, and verify")
    func packs() throws {
        let plant = try TestPlant()
        try write(700, at: plant.founder, "part")
        let stored = try segments(of: plant.founder)
        #expect(stored.count < 256 && stored.contains { $0.count == Segment.maximumCount })
        #expect(stored.reduce(0) { $0 + $1.count } == 701)
        #expect(try plant.founder.verify().fault == nil)
    }

    @Test("A peer that stands inside a packed segment gets what follows it")
    func resumes() throws {
        let plant = try TestPlant()
        let peer = try plant.enrol("B")
        try write(100, at: plant.founder, "part")
        try peer.exchange(with: plant.founder)
        try write(300, at: plant.founder, "other")
        try peer.exchange(with: plant.founder)
        #expect(try peer.digest() == plant.founder.digest())
        #expect(try peer.verify().fault == nil)
    }

    @Test("Packing keeps the heads at which another author's changes come in between")
    func interleaved() throws {
        let plant = try TestPlant()
        let peer = try plant.enrol("B")
        for round in 0..<60 {
            try write(5, at: plant.founder, "round \(round)")
            try peer.exchange(with: plant.founder)
            try write(1, at: peer, "answer \(round)")
            try peer.exchange(with: plant.founder)
        }
        let late = try plant.enrol("C")
        try late.exchange(with: plant.founder)
        #expect(try late.digest() == peer.digest())
        #expect(try late.verify().fault == nil)
        let counts = try segments(of: plant.founder).map(\.count)
        #expect(counts.contains { $0 > 200 })
    }
}
