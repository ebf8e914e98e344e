import GembaWire
import Testing

@testable import GembaGossip

/// Cites `Protocol/12-dissemination.md`, and Leitão, Pereira, Rodrigues, "Epidemic Broadcast Trees" (SRDS 2007).
@Suite("Asking for what was announced and does not come (section 3.6, tree repair)")
struct MissingEntriesTests {
    static func at(_ milliseconds: Int) -> Instant { Instant(.milliseconds(milliseconds)) }

    static let a = AnnouncementTests.reference(1, 4)
    static let b = AnnouncementTests.reference(2, 7)

    @Test("T6: after a second the first announcer is asked, after another the next, then everything is compared")
    func order() {
        var missing = MissingEntries<Int>(limits: SessionLimits())
        missing.note([Self.a], from: 3, at: Self.at(0))
        missing.note([Self.a], from: 1, at: Self.at(500))
        #expect(missing.takeDue(at: Self.at(999)).ask.isEmpty)
        #expect(missing.takeDue(at: Self.at(1_000)).ask == [3])
        #expect(missing.takeDue(at: Self.at(1_900)).ask.isEmpty)
        #expect(missing.takeDue(at: Self.at(2_000)).ask == [1])
        let last = missing.takeDue(at: Self.at(3_000))
        #expect(last.ask.isEmpty && last.compare == [1])
        #expect(missing.takeDue(at: Self.at(9_000)).compare.isEmpty)
    }

    @Test("T6: what has come is not asked for, and a log that goes on is not late")
    func progress() {
        var missing = MissingEntries<Int>(limits: SessionLimits())
        missing.note([Self.a, Self.b], from: 3, at: Self.at(0))
        missing.noteHeld([AnnouncementTests.reference(1, 9), AnnouncementTests.reference(2, 6)], at: Self.at(800))
        #expect(missing.takeDue(at: Self.at(1_700)).ask.isEmpty)
        #expect(missing.takeDue(at: Self.at(1_800)).ask == [3])
        missing.noteHeld([Self.b], at: Self.at(1_900))
        #expect(missing.takeDue(at: Self.at(9_000)).ask.isEmpty)
    }

    @Test("T6: one who announced all that is missing is asked alone")
    func oneForAll() {
        var missing = MissingEntries<Int>(limits: SessionLimits())
        missing.note([Self.a], from: 1, at: Self.at(0))
        missing.note([Self.b], from: 2, at: Self.at(0))
        missing.note([Self.a, Self.b], from: 1, at: Self.at(0))
        #expect(missing.takeDue(at: Self.at(1_000)).ask == [1])
    }

    @Test("Nobody is asked over a link that is gone")
    func closed() {
        var missing = MissingEntries<Int>(limits: SessionLimits())
        missing.note([Self.a], from: 1, at: Self.at(0))
        missing.note([Self.a], from: 2, at: Self.at(0))
        missing.forget(1)
        #expect(missing.takeDue(at: Self.at(1_000)).ask == [2])
        missing.forget(2)
        #expect(missing.takeDue(at: Self.at(9_000)).compare.isEmpty)
    }

    // MARK: - In the tree

    @Test("T6, T10: who is asked pushes at once, and becomes the parent if it is nearer to the root")
    func graft() {
        var machine = BroadcastTreeTests.member()
        for link in 1..<7 {
            _ = machine.receive(BroadcastTreeTests.beacon(1, hops: link == 4 ? 1 : 3), from: link, at: Self.at(0))
        }
        #expect(machine.pushedLinks == [0])
        machine.noteLacking([Self.a], from: 4, at: Self.at(100))
        let actions = machine.tick(at: Self.at(1_100), isCatchingUp: false)
        #expect(BroadcastTreeTests.told(actions, 4) == [BroadcastTreeTests.beacon(1, hops: 2, push: true)])
        #expect(BroadcastTreeTests.told(actions, 0) == [BroadcastTreeTests.beacon(1, hops: 2)])
        #expect(actions.contains(.push(4, true)))
    }

    @Test("T6: nobody is asked while what a comparison found lacking still comes")
    func catchingUp() {
        var machine = BroadcastTreeTests.member()
        machine.noteLacking([Self.a], from: 4, at: Self.at(0))
        for time in stride(from: 100, through: 4_000, by: 100) {
            let actions = machine.tick(at: Self.at(time), isCatchingUp: true)
            #expect(BroadcastTreeTests.told(actions, 4).isEmpty)
        }
        #expect(machine.tick(at: Self.at(4_900), isCatchingUp: false).isEmpty)
        #expect(!BroadcastTreeTests.told(machine.tick(at: Self.at(5_000), isCatchingUp: false), 4).isEmpty)
    }

    @Test("T7: a link that was asked over is given up when it brings what is held, or after 2 s (section 3.5)")
    func prune() {
        for repeats in [true, false] {
            var machine = BroadcastTreeTests.member()
            _ = machine.receive(BroadcastTreeTests.beacon(1, hops: 3), from: 4, at: Self.at(0))
            machine.noteLacking([Self.a], from: 4, at: Self.at(0))
            _ = machine.tick(at: Self.at(1_000), isCatchingUp: false)
            machine.noteHeld([Self.a], at: Self.at(1_050))
            #expect(machine.noteApplied(new: 2, repeated: 1, from: 4, at: Self.at(1_100)).isEmpty)
            #expect(machine.pushedLinks.contains(4))
            let actions =
                repeats
                ? machine.noteApplied(new: 1, repeated: 2, from: 4, at: Self.at(1_200))
                : machine.tick(at: Self.at(3_000), isCatchingUp: false)
            #expect(BroadcastTreeTests.told(actions, 4).last?.wantsPush == false)
            #expect(actions.contains(.push(4, false)))
        }
    }

    @Test("T7: what comes twice from the parent makes no node leave it")
    func parentRepeats() {
        var machine = BroadcastTreeTests.member()
        #expect(machine.noteApplied(new: 0, repeated: 5, from: 0, at: Self.at(2_000)).isEmpty)
        #expect(machine.pushedLinks.contains(0))
    }

    @Test("A peer that sends what is held although it was told not to is told again")
    func deaf() {
        var machine = BroadcastTreeTests.member()
        _ = machine.receive(BroadcastTreeTests.beacon(1, hops: 3), from: 4, at: Self.at(0))
        #expect(machine.noteApplied(new: 0, repeated: 1, from: 4, at: Self.at(500)).isEmpty)
        let actions = machine.noteApplied(new: 0, repeated: 1, from: 4, at: Self.at(1_000))
        #expect(BroadcastTreeTests.told(actions, 4) == [BroadcastTreeTests.beacon(1, hops: 2)])
    }
}
