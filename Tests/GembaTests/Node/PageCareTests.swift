import Foundation
import GRDB
import GembaCausality
import GembaGossip
import GembaTrust
import GembaWire
import Logging
import Testing

@testable import GembaNode
@testable import GembaStore

/// An engine whose replica's file decays beneath it (G11).
@Suite("Care for pages")
struct PageCareTests {
    private let plant: TestPlant
    private let engine: Engine

    init() throws {
        plant = try TestPlant()
        for number in 0..<40 {
            try plant.founder.write(by: "ewa") { try $0.insert(into: "part", ["name": .text("part \(number)")]) }
        }
        try plant.founder.pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        engine = try Engine(
            replica: plant.founder, transport: SilentTransport(),
            configuration: EngineConfiguration(
                peers: [], nonce: 1, randomNumber: { 1 }, caresForPages: true), logger: Logger(label: "test"))
    }

    /// Runs the engine and its jobs for a while.
    private func run(from start: Duration, for duration: Duration) {
        var elapsed = Duration.zero
        while elapsed < duration {
            let moment = Moment(instant: Instant(start + elapsed), wallClock: plant.founder.wallClock)
            engine.tick(at: moment)
            for job in engine.takeJobs() { engine.finish(job.run(on: plant.founder), at: moment) }
            elapsed += .milliseconds(500)
        }
    }

    /// Changes bytes of a page behind everybody's back. The file stays open: closing it would take SQLite's locks away.
    private func damage(_ page: UInt32, bytes: Int) throws {
        let descriptor = open(plant.founder.folder + "/replica.sqlite", O_RDWR)
        let place = off_t(PageChecksum.offset(of: page)) + 1000
        var content = [UInt8](repeating: 0, count: bytes)
        #expect(pread(descriptor, &content, bytes, place) == bytes)
        for index in content.indices { content[index] ^= 0x11 }
        #expect(pwrite(descriptor, content, bytes, place) == bytes)
    }

    @Test("A round begins a minute after the start and then once a day")
    func rounds() throws {
        run(from: .zero, for: .seconds(50))
        #expect(try plant.founder.scrubReport() == nil)
        run(from: .seconds(50), for: .seconds(30))
        #expect(try #require(try plant.founder.scrubReport()).pageCount > 10)
        try damage(3, bytes: 1)
        run(from: .seconds(80), for: .seconds(600))
        #expect(engine.counts.mendings == nil)
        run(from: .seconds(86_400), for: .seconds(120))
        #expect(engine.counts.mendings == 1)
        #expect(try plant.founder.scrubReport()?.mendedCount == 1)
    }

    @Test("What a reader comes across is mended at once, and the engine goes on from the replica as it is then")
    func atOnce() throws {
        for page in 6...UInt32(12) { try damage(page, bytes: 64) }
        let reader = try? Replica.open(in: plant.founder.folder, schema: .parts, sources: .test)
        _ = try? reader?.digest()
        _ = try? reader?.scrub()
        #expect(plant.founder.isDamaged)
        run(from: .zero, for: .seconds(2))
        #expect(!plant.founder.isDamaged)
        #expect(engine.counts.mendings == 1)
        let other = try plant.enrol("L3")
        try plant.founder.exchange(with: other)
        #expect(try plant.founder.verify().fault == nil)
        #expect(try other.digest() == plant.founder.digest())
        #expect(try plant.founder.scrubReport()?.renewed != nil)
        // Without a peer, what only the damaged pages held is gone; nothing else is.
        let names = try other.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM part") ?? 0 }
        #expect(names <= 40)
    }
}

/// A network on which nobody is.
private final class SilentTransport: Transport {
    func run(
        admission: @escaping @Sendable (TransportKey) -> Admission,
        onEvent: @escaping @Sendable (TransportEvent) -> Void
    ) async throws {}
    func dial(endpoint: String, peer: TransportKey) {}
    func hangUp(endpoint: String) {}
    func inquire(endpoint: String) {}
    func send(_ bytes: [UInt8], on link: LinkID) -> Bool { false }
    func close(_ link: LinkID) {}
}
