import GembaNode
import Testing

@Suite("A back-off")
struct BackoffTests {
    private let bounds = Duration.milliseconds(100) ... .milliseconds(2000)

    @Test("stays within its bounds for ever, and reaches the upper half")
    func bounded() {
        var generator = SystemRandomNumberGenerator()
        var backoff = Backoff(bounds)
        for attempt in 0..<100_000 {
            let wait = backoff.next(using: &generator)
            #expect(bounds.contains(wait))
            if attempt >= 5 { #expect(wait >= bounds.upperBound / 2) }
        }
    }

    @Test("is spread by chance")
    func spread() {
        var generator = SystemRandomNumberGenerator()
        let first = (0..<100).map { _ in
            var backoff = Backoff(bounds)
            return backoff.next(using: &generator)
        }
        #expect(Set(first).count > 50)
        #expect(first.allSatisfy { $0 <= bounds.lowerBound * 2 })
    }

    @Test("starts over after a success")
    func reset() {
        var generator = SystemRandomNumberGenerator()
        var backoff = Backoff(bounds)
        for _ in 0..<10 { _ = backoff.next(using: &generator) }
        backoff.reset()
        #expect(backoff.next(using: &generator) <= bounds.lowerBound * 2)
    }
}
