import GembaWire
import Testing

@testable import GembaGossip

@Suite("G15: a peer's clock is estimated, and trusted in nothing")
struct ClockEstimateTests {
    /// A session and a peer whose clock is ahead, with a wire that takes a while.
    private func estimate(ahead: Int64, oneWay: Int, hold: Int) -> ClockOffset? {
        var probe = SessionProbe()
        probe.settle()
        probe.tick(after: 3000)
        guard let ours = probe.pulses.last else { return nil }
        probe.now += 2 * oneWay + hold
        let reading = Int64(probe.moment.wallClock) - Int64(oneWay) + ahead
        probe.receive(SessionProbe.pulse(wallClock: UInt64(reading), echo: ours.wallClock))
        return probe.offsets.last
    }

    @Test("An echo that comes at once gives the offset exactly when both ways take equally long")
    func exact() {
        for ahead in [0, 5000, -400_000] as [Int64] {
            let offset = estimate(ahead: ahead, oneWay: 50, hold: 0)
            #expect(offset == ClockOffset(milliseconds: ahead, roundTrip: .milliseconds(100)))
        }
    }

    @Test("The error is at most half of the round trip, which counts the time that the peer held the echo")
    func bound() throws {
        let offset = try #require(estimate(ahead: 5000, oneWay: 50, hold: 800))
        #expect(abs(offset.milliseconds - 5000) * 2 <= 900)
        #expect(offset.roundTrip == .milliseconds(900))
    }

    @Test("The sample with the shortest round trip is kept, until it is old")
    func best() {
        var estimate = ClockEstimate()
        func sample(_ second: Int64, roundTrip: Int64) -> ClockOffset? {
            let sent = Moment(instant: Instant(.seconds(second)), wallClock: UInt64(second * 1000))
            estimate.noteSent(at: sent)
            let back = Moment(
                instant: sent.instant.advanced(by: .milliseconds(roundTrip)), wallClock: sent.wallClock)
            return estimate.receive(wallClock: 0, echo: sent.wallClock, at: back)
        }
        #expect(sample(1, roundTrip: 100) != nil)
        #expect(sample(2, roundTrip: 200) == nil)
        #expect(sample(3, roundTrip: 50) != nil)
        #expect(sample(500, roundTrip: 60) == nil)
        #expect(sample(700, roundTrip: 60) != nil)
    }

    @Test("Echoes that we never sent and clocks beyond all bounds do no harm")
    func hostile() {
        var probe = SessionProbe()
        probe.settle()
        probe.receive(SessionProbe.pulse(wallClock: .max, echo: .max))
        #expect(probe.offsets.isEmpty)
        probe.tick(after: 3000)
        probe.receive(SessionProbe.pulse(wallClock: .max, echo: probe.pulses.last?.wallClock))
        #expect(probe.offsets.map(\.milliseconds) == [.max])
        #expect(probe.session.end == nil)
    }

    @Test("A pulse is answered at once, but pulses do not feed each other")
    func prompt() {
        let simulation = GossipSimulation(seed: 1, nodes: 2)
        simulation.faults.latency = 20...20
        simulation.connect(0, 1)
        simulation.run(for: 2500)
        #expect(simulation.sent["pulse", default: 0] <= 4)
        let offsets = simulation.ends.values.flatMap(\.actions).compactMap { action -> ClockOffset? in
            if case .clockOffset(let offset) = action { offset } else { nil }
        }
        #expect(offsets.contains { $0.roundTrip == .milliseconds(40) && $0.milliseconds == 0 })
        simulation.run(for: 56_000)
        #expect(simulation.sent["pulse", default: 0] <= 64)
    }
}
