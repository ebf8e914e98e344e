import GembaGossip
import Synchronization

/// The time of a simulation, in milliseconds since it began. It passes only from event to event.
final class VirtualTime: Sendable {
    private let milliseconds = Mutex(0)

    var now: Int { milliseconds.withLock { $0 } }

    /// The same as nodes see it on their monotonic clocks.
    var instant: Instant { Instant(.milliseconds(now)) }

    func advance(to time: Int) {
        milliseconds.withLock { now in
            precondition(time >= now, "time runs from \(now) back to \(time)")
            now = time
        }
    }
}

/// The wall clock of one machine, which may be wrong by years, jump and stand still.
final class WallClock: Sendable {
    /// 2026-01-01T00:00:00Z, when every simulation begins.
    static let beginning = 1_767_225_600_000

    private struct State {
        var offset: Int
        var frozenAt: Int?
    }

    private let time: VirtualTime
    private let state: Mutex<State>

    /// - Parameter offset: how far the clock is ahead, in milliseconds.
    init(_ time: VirtualTime, offset: Int) {
        self.time = time
        state = Mutex(State(offset: offset))
    }

    /// Milliseconds since 1970, as this machine believes.
    var reading: UInt64 {
        state.withLock { UInt64(max(0, $0.frozenAt ?? Self.beginning + time.now + $0.offset)) }
    }

    func step(by milliseconds: Int) { state.withLock { $0.offset += milliseconds } }

    /// Stands still from now on, or goes on from where it would have been.
    func setFrozen(_ isFrozen: Bool) {
        state.withLock { $0.frozenAt = isFrozen ? Self.beginning + time.now + $0.offset : nil }
    }
}
