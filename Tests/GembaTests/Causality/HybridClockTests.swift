import GembaCausality
import Testing

@Suite("HybridClock")
struct HybridClockTests {
    private let noon: UInt64 = 1_800_000_000_000

    @Test("readings ascend while the wall stands still, goes back or jumps ahead within a minute")
    func monotony() {
        var clock = HybridClock()
        var previous = clock.next(wall: noon)
        for step: UInt64 in [0, 0, 1, 30_000, 29_000, 0, 59_999] {
            let reading = clock.next(wall: noon + step)
            #expect(reading > previous)
            previous = reading
        }
    }

    @Test("a reading is the wall's when the wall is ahead of everything seen")
    func wall() {
        var clock = HybridClock(latest: HybridTimestamp(milliseconds: noon - 1, counter: 7))
        #expect(clock.next(wall: noon) == HybridTimestamp(milliseconds: noon, counter: 0))
    }

    @Test("a reading follows what was observed, up to a minute past the wall")
    func observation() {
        var clock = HybridClock()
        let ahead = HybridTimestamp(milliseconds: noon + HybridClock.maximumLead, counter: 3)
        clock.observe(ahead, wall: noon)
        #expect(clock.latest == ahead)
        #expect(clock.next(wall: noon) == HybridTimestamp(milliseconds: noon + HybridClock.maximumLead, counter: 4))
    }

    @Test("M12, G15: a timestamp more than a minute past the wall does not drag the clock along")
    func farFuture() {
        var clock = HybridClock()
        clock.observe(HybridTimestamp(milliseconds: noon + HybridClock.maximumLead + 1, counter: 0), wall: noon)
        #expect(clock.latest == HybridTimestamp(rawValue: 0))
        clock.observe(HybridTimestamp(rawValue: .max), wall: noon)
        #expect(clock.next(wall: noon) == HybridTimestamp(milliseconds: noon, counter: 0))
    }

    @Test("M12: a clock whose own readings ran ahead falls back to the wall")
    func ownLead() {
        let wrong = HybridTimestamp(milliseconds: noon + 70 * 365 * 86_400_000, counter: 9)
        var clock = HybridClock(latest: wrong)
        #expect(clock.next(wall: noon) == HybridTimestamp(milliseconds: noon, counter: 0))
        #expect(clock.next(wall: noon) == HybridTimestamp(milliseconds: noon, counter: 1))
    }

    @Test("a full counter carries into the milliseconds")
    func carry() {
        var clock = HybridClock(latest: HybridTimestamp(milliseconds: noon, counter: .max))
        #expect(clock.next(wall: noon) == HybridTimestamp(milliseconds: noon + 1, counter: 0))
    }

    @Test("the ends of the range neither trap nor wrap into small readings")
    func extremes() {
        var clock = HybridClock(latest: HybridTimestamp(rawValue: .max))
        #expect(clock.next(wall: 0) == HybridTimestamp(rawValue: 0))
        #expect(clock.next(wall: .max).milliseconds == 1 << 47 - 1)
        clock.observe(HybridTimestamp(rawValue: .max), wall: .max)
        #expect(clock.latest <= .last)
        clock.observe(.last, wall: .max)
        #expect(clock.next(wall: .max) == .last)
        #expect(clock.next(wall: .max) == .last)
    }

    @Test("a timestamp packs 48 bits of milliseconds and a counter, and orders by both")
    func packing() {
        let timestamp = HybridTimestamp(milliseconds: 0x1234_5678_9ABC, counter: 0xDEF0)
        #expect(timestamp.rawValue == 0x1234_5678_9ABC_DEF0)
        #expect(timestamp.milliseconds == 0x1234_5678_9ABC)
        #expect(timestamp.counter == 0xDEF0)
        #expect(HybridTimestamp(milliseconds: 1 << 47, counter: 0).milliseconds == 1 << 47 - 1)
        #expect(HybridTimestamp(milliseconds: .max, counter: .max) == .last)
        #expect(HybridTimestamp(milliseconds: 1, counter: .max) < HybridTimestamp(milliseconds: 2, counter: 0))
    }
}
