import Foundation
import GRDB
import GembaCausality
import GembaSimulation
import GembaWire
import Testing

@testable import GembaStore

/// Protects what is at rest (G11).
@Suite("Scrubbing")
struct ScrubTests {
    private func pages(_ replica: Replica) throws -> Int {
        try replica.read { Int(try PageStanding(of: $0).pageCount) }
    }

    @Test("A sound replica has nothing to mend, and says when it was looked through")
    func sound() throws {
        let damaged = try DamagedReplica(rows: 12)
        let replica = damaged.plant.founder
        let report = try replica.scrub()
        #expect(report.mendedCount == 0 && report.lostCount == 0)
        #expect(report.pageCount == (try pages(replica)))
        #expect(try replica.scrubReport() == report)
        #expect(!replica.isDamaged && !replica.hasMendablePages)
    }

    @Test("Every flipped bit is found and put right where it stands; what is read meanwhile is as it was")
    func bits() throws {
        let damaged = try DamagedReplica()
        let digest = try damaged.plant.founder.digest()
        let size = try damaged.fileBytes
        var generator = SeededGenerator(seed: 11)
        for round in 0..<12 {
            // At most one in a page: two bytes of a page cannot be put right.
            var flips: [Int: UInt8] = [:]
            for page in 0..<size / PageChecksum.pageBytes {
                let place =
                    page * PageChecksum.pageBytes + Int.random(in: 0..<PageChecksum.pageBytes, using: &generator)
                flips[place] = 1 << UInt8.random(in: 0..<8, using: &generator)
            }
            let path = try damaged.copy(named: "flipped \(round)") { bytes in
                for (place, bit) in flips { bytes[place] ^= bit }
            }
            let replica = try damaged.open(path)
            #expect(try replica.digest() == digest)
            let before = replica.damage.found.correctable.count
            #expect(before > 0)
            let report = try replica.scrub()
            #expect(report.lostCount == 0)
            // The first write copied a few pages over damaged ones.
            #expect(report.mendedCount <= flips.count && report.mendedCount > flips.count / 2)
            #expect(try replica.scrub().mendedCount == 0)
            #expect(try replica.verify().fault == nil)
            #expect(try replica.digest() == digest)
        }
    }

    @Test("No page that is worse damaged is delivered: whoever reads it fails, and nothing of it is sent")
    func blocks() throws {
        let damaged = try DamagedReplica()
        let digest = try damaged.plant.founder.digest()
        let pageCount = try damaged.fileBytes / PageChecksum.pageBytes
        let logPages = try damaged.logPages()
        #expect(logPages.count > 3)
        for number in 2...UInt32(pageCount) {
            let path = try damaged.copy(named: "zeroed") { bytes in
                let start = Int(PageChecksum.offset(of: number))
                bytes.replaceSubrange(
                    start..<start + PageChecksum.pageBytes, with: Data(repeating: 0, count: PageChecksum.pageBytes))
            }
            guard let replica = try? damaged.open(path) else { continue }
            let sent = try? replica.runs(of: .data, after: 0, excluding: .init(), maximumBytes: .max)
            if logPages.contains(number) {
                #expect(sent == nil, "page \(number)")
            } else if let sent {
                let expected = try damaged.plant.founder.runs(
                    of: .data, after: 0, excluding: .init(), maximumBytes: .max)
                #expect(sent.runs == expected.runs, "page \(number)")
            }
            if let shown = try? replica.digest() { #expect(shown == digest, "page \(number)") }
            let report = try? replica.scrub()
            #expect(report == nil || report?.lostCount == 1 || report?.mendedCount == 1, "page \(number)")
        }
    }

    @Test("Pages of the write-ahead log are checked as well, before they are copied to the file")
    func log() throws {
        let plant = try TestPlant()
        _ = try plant.founder.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("one")]) }
        let path = plant.folder.folder("copy")
        try FileManager.default.copyItem(atPath: plant.founder.folder, toPath: path)
        let file = URL(filePath: ReplicaFolder(path: path).database + "-wal")
        var bytes = try Data(contentsOf: file)
        let replica = try Replica.open(in: path, schema: .parts, sources: .test)
        // The log was recovered; now its pages decay.
        for start in stride(from: LogFrame.logHeaderBytes, to: bytes.count - LogFrame.bytes + 1, by: LogFrame.bytes) {
            bytes[start + 1000] ^= 0x10
            bytes[start + 2000] ^= 0x10
        }
        let handle = try FileHandle(forWritingTo: file)
        try handle.write(contentsOf: bytes)
        try handle.close()
        #expect(throws: (any Error).self) { try replica.digest() }
        #expect(throws: (any Error).self) {
            try replica.pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        }
        #expect(replica.isDamaged)
    }

    @Test("A page in no use is cleared and costs nothing else")
    func free() throws {
        let damaged = try DamagedReplica(rows: 60)
        let replica = damaged.plant.founder
        let digest = try replica.digest()
        try replica.pool.write { database in
            try database.execute(sql: "CREATE TABLE scratch (a); INSERT INTO scratch VALUES (zeroblob(50000))")
        }
        try replica.pool.write { try $0.execute(sql: "DROP TABLE scratch") }
        try replica.pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        let last = UInt32(try pages(replica))
        let file = try FileHandle(forWritingTo: URL(filePath: replica.folder + "/replica.sqlite"))
        try file.seek(toOffset: UInt64(PageChecksum.offset(of: last)))
        try file.write(contentsOf: Data(repeating: 0xa5, count: PageChecksum.pageBytes))
        #expect(try replica.scrub().mendedCount == 1)
        #expect(!replica.isDamaged)
        #expect(try replica.digest() == digest)
        withExtendedLifetime(file) {}
    }
}
