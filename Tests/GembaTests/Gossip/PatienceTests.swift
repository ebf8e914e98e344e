import GembaNode
import GembaSimulation
import Testing

@testable import GembaGossip

@Suite("DESIGN §3: a month offline overflows nothing")
struct PatienceTests {
    /// The attempts of a month, two seconds apart.
    private static let attempts = 31 * 86_400 / 2

    @Test("A back-off that fails for a month still waits no more than its bound, and starts over at once")
    func backoff() {
        let bounds = Duration.milliseconds(100) ... .milliseconds(2000)
        var random = SeededGenerator(seed: 1)
        var backoff = Backoff(bounds)
        var elapsed = Duration.zero
        var longest = Duration.zero
        for _ in 0..<Self.attempts {
            let wait = backoff.next(using: &random)
            elapsed += wait
            longest = max(longest, wait)
        }
        #expect(longest <= bounds.upperBound)
        #expect(elapsed > .seconds(86_400) * 15)
        backoff.reset()
        #expect(backoff.next(using: &random) <= .milliseconds(200))
    }

    @Test("A patience that is disappointed for a month stays at its bound")
    func patience() {
        var patience = Patience(from: .milliseconds(50), to: .seconds(160))
        for _ in 0..<Self.attempts { patience.grow() }
        #expect(patience.current == .seconds(160))
        patience.reset()
        #expect(patience.current == .milliseconds(50))
    }

    @Test("A bucket that was left alone for a month is full, and no fuller")
    func bucket() {
        var bucket = TokenBucket<Instant>(capacity: 3, refill: .milliseconds(1))
        let first = (0..<10).count { _ in bucket.take(at: Instant()) }
        #expect(first == 3)
        let later = Instant(.seconds(31 * 86_400))
        let isFull = bucket.isFull(at: later)
        #expect(isFull)
        let taken = (0..<10).count { _ in bucket.take(at: later) }
        #expect(taken == 3)
    }

    @Test("A session that slept for a month ends, and one that waits for a peer's hello for a month goes on asking")
    func session() {
        let month = 31 * 86_400_000
        var sleeper = SessionProbe()
        sleeper.settle()
        sleeper.tick(after: month)
        #expect(sleeper.session.end != nil)
        var limits = SessionLimits()
        limits.silence = .seconds(400 * 86_400)
        var waiting = SessionProbe(limits: limits)
        waiting.start()
        for _ in 0..<1000 { waiting.tick(after: month / 1000) }
        #expect(waiting.session.end == nil)
        #expect(waiting.hellos == 1001)
    }
}
