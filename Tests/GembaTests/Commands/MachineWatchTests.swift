import Testing

@testable import GembaCommands

/// A watch that expectations can ask, whose macros take no mutating calls.
private final class Watcher {
    private var watch = MachineWatch()
    func look(_ reading: MachineWatch.Reading) -> MachineWatch.Change? { watch.look(reading) }
}

@Suite("A watch over the machine's network")
struct MachineWatchTests {
    private func reading(
        _ elapsed: Int, awake: Int? = nil, _ addresses: Set<String> = ["10.0.0.1"]
    ) -> MachineWatch.Reading {
        MachineWatch.Reading(
            elapsed: .seconds(elapsed), awake: .seconds(awake ?? elapsed), addresses: addresses)
    }

    @Test("says nothing at first, and nothing while nothing changes, though a look comes late")
    func quiet() {
        let watch = Watcher()
        for time in [0, 2, 4, 3000] { #expect(watch.look(reading(time)) == nil) }
    }

    @Test("tells a sleep from a busy machine by the two clocks")
    func sleep() throws {
        let watch = Watcher()
        #expect(watch.look(reading(0)) == nil)
        let change = try #require(watch.look(reading(3600, awake: 2)))
        #expect(change.slept && change.breaksLinks && change.lost.isEmpty)
        #expect(watch.look(reading(3602, awake: 4)) == nil)
        #expect(watch.look(reading(3605, awake: 6)) == nil, "a second is no sleep")
    }

    @Test("tells addresses that are gone, which break links, from those that are new, which do not")
    func addresses() throws {
        let watch = Watcher()
        #expect(watch.look(reading(0)) == nil)
        let second = try #require(watch.look(reading(2, ["10.0.0.1", "10.0.0.2"])))
        #expect(second.gained == ["10.0.0.2"] && !second.breaksLinks)
        let third = try #require(watch.look(reading(4, ["10.0.0.2"])))
        #expect(third.lost == ["10.0.0.1"] && third.breaksLinks)
        #expect(watch.look(reading(6, ["10.0.0.2"])) == nil)
    }

    @Test("bears a month's sleep")
    func month() throws {
        let watch = Watcher()
        #expect(watch.look(reading(0)) == nil)
        #expect(watch.look(reading(31 * 86_400, awake: 0, []))?.slept == true)
    }
}
