import GembaWire
import Synchronization

/// The events that wait for the engine, bounded for each link.
///
/// Credit keeps what an honest peer has on its way below the bound; a peer that sends without credit is cut before its
/// frames fill the memory.
final class NodeIntake: Sendable {
    /// Bytes of frames of one link that may wait: the credit windows of both kinds of log and one frame of anything else.
    static let bytesPerLink = Int(Limits.dataWindow + Limits.rosterWindow) + Limits.frameBytes
    /// Bytes beyond that of all links together, for the one that was given room.
    static let spareBytes = Int(Limits.wideWindow - Limits.dataWindow)

    /// Taken events are dropped this many at a time, so that a busy queue costs constant time and memory for each.
    private static let compactionStride = 256

    private struct State {
        var events: [TransportEvent] = []
        var next = 0
        var bytes: [LinkID: Int] = [:]
        var crowded: Set<LinkID> = []
        var isWoken = false

        /// Whether a link may hold more than ``NodeIntake/bytesPerLink``, with what others hold beyond that.
        func hasRoom(for held: Int, of link: LinkID) -> Bool {
            bytes.reduce(held - NodeIntake.bytesPerLink) { sum, other in
                sum + (other.key == link ? 0 : max(0, other.value - NodeIntake.bytesPerLink))
            } <= NodeIntake.spareBytes
        }
    }

    private let state = Mutex(State())

    /// Adds an event.
    /// - Returns: a link to cut, because it holds more than it may.
    func add(_ event: TransportEvent) -> LinkID? {
        state.withLock { state in
            switch event {
            case .received(let link, let frame):
                if state.crowded.contains(link) { return nil }
                let held = (state.bytes[link] ?? 0) + frame.count
                if held > Self.bytesPerLink, !state.hasRoom(for: held, of: link) {
                    state.crowded.insert(link)
                    return link
                }
                state.bytes[link] = held
            case .closed(let link):
                state.crowded.remove(link)
            default: break
            }
            state.events.append(event)
            return nil
        }
    }

    /// The oldest event that nobody has taken.
    func next() -> TransportEvent? {
        state.withLock { state in
            guard state.next < state.events.count else {
                state.events.removeAll(keepingCapacity: true)
                state.next = 0
                return nil
            }
            let event = state.events[state.next]
            state.next += 1
            if state.next == Self.compactionStride {
                state.events.removeFirst(state.next)
                state.next = 0
            }
            switch event {
            case .received(let link, let frame): state.bytes[link]? -= frame.count
            case .closed(let link): state.bytes[link] = nil
            default: break
            }
            return event
        }
    }

    /// Whether the caller has to wake the engine; false while it is woken already.
    func claimWakeUp() -> Bool {
        state.withLock { state in
            defer { state.isWoken = true }
            return !state.isWoken
        }
    }

    func endWakeUp() { state.withLock { $0.isWoken = false } }
}
