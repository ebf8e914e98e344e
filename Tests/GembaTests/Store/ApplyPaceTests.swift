import Foundation
import GRDB
import GembaCausality
import GembaWire
import Synchronization
import Testing

@testable import GembaStore

@Suite("A catch-up gives way to those who write")
struct ApplyPaceTests {
    private func run(bytes: Int) -> Run {
        Run(
            replica: ReplicaID(rawValue: 1), first: 1, previous: nil, entries: [[UInt8](repeating: 0, count: bytes)],
            signature: [])
    }

    @Test("All goes at once, until somebody waited; then little, and twice as much each time that nobody did")
    func pace() {
        let runs = (0..<64).map { _ in run(bytes: 32 << 10) }
        var pace = ApplyPace()
        #expect(pace.piece(of: runs).runs.count == 64)
        #expect(pace.piece(of: runs).givesWay)
        pace.slow()
        for count in [2, 4, 8, 16, 32, 64, 64] {
            let piece = pace.piece(of: runs)
            #expect(piece.runs.count == count)
            // The smallest goes through, however many wait.
            #expect(piece.givesWay == (count > 2))
            pace.quicken()
        }
        for _ in 0..<100 { pace.quicken() }
        #expect(pace.piece(of: runs).runs.count == 64)
    }

    @Test("A run is never cut, and does not give way to anybody for ever")
    func large() {
        var pace = ApplyPace()
        pace.slow()
        pace.quicken()
        let piece = pace.piece(of: [run(bytes: 1 << 20), run(bytes: 1)])
        #expect(piece.runs.count == 1)
        #expect(!piece.givesWay)
    }

    /// All that a replica holds, in small runs.
    private func batches(of replica: Replica) throws -> [Run] {
        var runs: [Run] = []
        var position: Int64 = 0
        while true {
            let batch = try replica.runs(
                of: .data, after: position, excluding: VersionVector(), maximumBytes: 20 << 10)
            if batch.runs.isEmpty { return runs }
            runs += batch.runs
            position = batch.position
        }
    }

    enum Writer: CaseIterable { case sameProcess, anotherHandle }

    @Test("G16: people write while a large batch is applied, and see parts of it", arguments: Writer.allCases)
    func givesWay(writer: Writer) throws {
        let plant = try TestPlant()
        let receiver = try plant.enrol("L3")
        let count = 8000
        for number in 0..<count {
            try plant.founder.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("part \(number)")]) }
        }
        let runs = try batches(of: plant.founder)
        // Another handle has connections of its own, and waits for the file's locks as another process does.
        let local =
            switch writer {
            case .sameProcess: receiver
            case .anotherHandle: try Replica.open(in: receiver.folder, schema: .parts, sources: .test)
            }
        let outcome = Mutex<ApplyOutcome?>(nil)
        let thread = Thread {
            let result = try? receiver.apply(runs, kind: .data)
            outcome.withLock { $0 = result ?? ApplyOutcome() }
        }
        thread.start()
        var seen: Set<Int> = []
        while outcome.withLock({ $0 == nil }) {
            try local.write(by: "jan") { tx in
                seen.insert(try Int.fetchOne(tx.database, sql: "SELECT count(*) FROM part") ?? 0)
                try tx.insert(into: "reading", ["part": .blob([1]), "value": .real(1), "unit": .text("kg")])
            }
            usleep(2000)
        }
        #expect(outcome.withLock { $0?.entryCount } == count + 1)
        #expect(outcome.withLock { $0?.problem } == nil)
        #expect(seen.contains { $0 > 0 && $0 < count }, "\(seen.count) writes: \(seen.sorted().suffix(9))")
        #expect(try receiver.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM part") } == count)
        try plant.founder.exchange(with: receiver)
        #expect(try plant.founder.digest() == receiver.digest())
        #expect(try receiver.verify().fault == nil)
    }

    @Test("What is compressed ahead is what a segment would hold, and a refused run leaves no trace of it")
    func compressedAhead() throws {
        let plant = try TestPlant()
        let receiver = try plant.enrol("L3")
        for number in 0..<3000 {
            try plant.founder.write(by: "ewa") {
                try $0.insert(into: "part", ["name": .text("part \(number)"), "aisle": .text("aisle \(number % 7)")])
            }
        }
        let runs = try batches(of: plant.founder)
        #expect(RunCompression(of: runs[...]) != nil)
        // Of the same place and length as an honest run, and before it.
        var forged = runs[3]
        forged.entries[0][forged.entries[0].count - 1] ^= 1
        let outcome = try receiver.apply(runs[..<3] + [forged] + runs[3...], kind: .data)
        #expect(outcome.entryCount == 3001)
        guard case .invalid = outcome.problem else {
            Issue.record("\(String(describing: outcome.problem))")
            return
        }
        #expect(try plant.founder.digest() == receiver.digest())
        #expect(try receiver.verify().fault == nil)
    }
}
