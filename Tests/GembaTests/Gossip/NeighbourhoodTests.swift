import GembaCausality
import GembaGossip
import GembaWire
import Testing

@Suite("11-discovery: what beacons say")
struct NeighbourhoodTests {
    private let station = StationKey(rawValue: ThirtyTwoByteValue(high: 1, low: 0))

    private func beacon(_ counter: UInt64, _ endpoint: String) -> Beacon {
        Beacon(station: station, counter: counter, endpoints: [endpoint], signature: [])
    }

    @Test("B6: counts for a while and no longer, however long that is")
    func life() {
        var neighbourhood = Neighbourhood()
        neighbourhood.hear(beacon(1, "tcp://a:1"), at: Instant())
        #expect(
            neighbourhood.endpoints(of: station, at: Instant(Neighbourhood.life - .milliseconds(1))) == ["tcp://a:1"])
        #expect(neighbourhood.endpoints(of: station, at: Instant(Neighbourhood.life)).isEmpty)
        #expect(neighbourhood.endpoints(of: station, at: Instant(.seconds(31 * 86_400))).isEmpty)
    }

    @Test("B4: the newer one counts, and one that is played again does not, not even when it has expired")
    func replay() {
        var neighbourhood = Neighbourhood()
        neighbourhood.hear(beacon(5, "tcp://old:1"), at: Instant())
        let later = Instant(Neighbourhood.life * 2)
        let taken = [
            neighbourhood.hear(beacon(6, "tcp://new:1"), at: Instant()),
            neighbourhood.hear(beacon(6, "tcp://evil:1"), at: Instant()),
            neighbourhood.hear(beacon(5, "tcp://old:1"), at: Instant()),
        ]
        #expect(taken == [true, false, false])
        #expect(neighbourhood.endpoints(of: station, at: Instant()) == ["tcp://new:1"])
        let isTakenAgain = neighbourhood.hear(beacon(6, "tcp://new:1"), at: later)
        #expect(!isTakenAgain)
        #expect(neighbourhood.endpoints(of: station, at: later).isEmpty)
    }

    @Test("is forgotten with the member")
    func members() {
        var neighbourhood = Neighbourhood()
        neighbourhood.hear(beacon(1, "tcp://a:1"), at: Instant())
        neighbourhood.keep { _ in false }
        #expect(neighbourhood.endpoints(of: station, at: Instant()).isEmpty)
    }
}
