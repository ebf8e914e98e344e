import GembaCausality
import GembaGossip
import GembaWire
import Testing

@testable import GembaNode

@Suite("G14: a member whose sessions end because of what it sends is held off for a while")
struct RestraintTests {
    private let key = TransportKey(rawValue: ThirtyTwoByteValue(high: 1, low: 1))
    private let other = TransportKey(rawValue: ThirtyTwoByteValue(high: 1, low: 2))

    @Test("after some faults in a row, for a time, and nobody else with it")
    func heldOff() {
        var restraint = Restraint()
        for _ in 0..<Restraint.faults { restraint.noteFault(of: key, at: Instant()) }
        #expect(restraint.heldOff.isEmpty)
        restraint.noteFault(of: key, at: Instant())
        restraint.noteFault(of: other, at: Instant())
        #expect(restraint.heldOff == [key])
        let isEarly = restraint.release(at: Instant(Restraint.time - .milliseconds(1)))
        #expect(!isEarly)
        let isReleased = restraint.release(at: Instant(Restraint.time))
        #expect(isReleased)
        #expect(restraint.heldOff.isEmpty)
    }

    @Test("not for faults that are far apart")
    func forgotten() {
        var restraint = Restraint()
        for number in 0..<1000 { restraint.noteFault(of: key, at: Instant(Restraint.time * number)) }
        #expect(restraint.heldOff.isEmpty)
    }
}
