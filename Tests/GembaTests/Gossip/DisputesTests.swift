import GembaCausality
import GembaWire
import Testing

@testable import GembaGossip

@Suite("Questions about forked logs (S26)")
struct DisputesTests {
    private var disputes = Disputes(limits: SessionLimits())
    private let log: ReplicaID

    init() throws {
        disputes.areSettled = true
        log = try #require(ReplicaID(bytes: [UInt8](repeating: 7, count: 16)))
    }

    /// How often is asked within a time.
    private mutating func questions(seconds: Int) -> Int {
        (0..<seconds * 10).count { !disputes.question(at: Instant(.milliseconds($0 * 100))).isEmpty }
    }

    @Test("One that holds nothing of a log has nothing to say, and is not asked for ever")
    mutating func silence() {
        disputes.open([log])
        let asked = questions(seconds: 3600)
        #expect((2...10).contains(asked))
        #expect(questions(seconds: 3600) == 0)
        // Asked again as soon as something shows that there is a fork.
        disputes.open([log])
        #expect(questions(seconds: 60) > 0)
    }

    @Test("An answer ends the questions")
    mutating func answer() {
        disputes.open([log])
        #expect(disputes.question(at: Instant()) == [log])
        disputes.settle(PlacedTrace(log: log, ends: [], held: []))
        #expect(questions(seconds: 60) == 0)
    }

    @Test("Nobody is asked who knows no branches")
    mutating func older() {
        disputes.areSettled = false
        disputes.open([log])
        #expect(questions(seconds: 60) == 0)
    }
}
