internal import GembaNode
internal import GembaWire
internal import Synchronization

/// What other threads want of the thread that owns the sockets.
///
/// It holds what is wanted, not a list of requests, so it is bounded however often somebody asks.
final class Mailbox: Sendable {
    /// What the thread is to do next.
    struct Orders {
        var isStopping: Bool
        /// Endpoints to keep a link to, with the key of each; nil when nothing changed.
        var dialled: [String: TransportKey]?
        /// Every endpoint is dialled at once; `cutting` says whether links are cut for it.
        var redial: Redial?
        /// Links to be cut.
        var closing: [LinkID]
        /// Links that frames were added to.
        var sending: [LinkID]
    }

    /// How everything is dialled anew.
    enum Redial {
        /// Only what is not linked.
        case waiting
        /// Everything.
        case all
    }

    /// Frames that wait for a link.
    private struct Outbox {
        var frames: [[UInt8]] = []
        var bytes = 0
        /// A send was refused, and its caller waits for room.
        var isAwaited = false
        var isClosing = false
    }

    private struct State {
        var hasStarted = false
        var isStopping = false
        var dialled: [String: TransportKey] = [:]
        var dialledChanged = false
        var redial: Redial?
        var outboxes: [LinkID: Outbox] = [:]
        var sending: Set<LinkID> = []
        var closing: Set<LinkID> = []
        /// The bell has been rung since the orders were taken last.
        var isRung = false
    }

    private let state = Mutex(State())
    private let bell = Bell()

    /// Readable while there are orders.
    var descriptor: Int32 { bell.descriptor }

    /// Changes what is wanted, and wakes the thread when `change` says so.
    private func change(_ change: (inout State) -> Bool) {
        let mustRing = state.withLock { state in
            guard change(&state), !state.isRung else { return false }
            state.isRung = true
            return true
        }
        if mustRing { bell.ring() }
    }
}

// MARK: - From any thread

extension Mailbox {
    /// Notes that the transport runs.
    /// - Returns: false when it did before.
    func start() -> Bool {
        state.withLock { state in
            defer { state.hasStarted = true }
            return !state.hasStarted
        }
    }

    func stop() {
        change { state in
            state.isStopping = true
            return true
        }
    }

    /// Wakes the thread though nothing is wanted of it.
    func wake() { change { _ in true } }

    func dial(_ endpoint: String, _ peer: TransportKey) {
        change { state in
            guard state.dialled.updateValue(peer, forKey: endpoint) != peer else { return false }
            state.dialledChanged = true
            return true
        }
    }

    func hangUp(_ endpoint: String) {
        change { state in
            guard state.dialled.removeValue(forKey: endpoint) != nil else { return false }
            state.dialledChanged = true
            return true
        }
    }

    func redial(_ redial: Redial) {
        change { state in
            state.redial = state.redial == .all ? .all : redial
            return true
        }
    }

    func close(_ link: LinkID) {
        change { state in
            guard state.outboxes[link]?.isClosing == false else { return false }
            state.outboxes[link]?.isClosing = true
            state.closing.insert(link)
            return true
        }
    }

    func send(_ frame: [UInt8], on link: LinkID) -> Bool {
        guard TransportLimits.carries(frame) else { return false }
        var isTaken = false
        change { state in
            guard let outbox = state.outboxes[link], !outbox.isClosing else { return false }
            guard TransportLimits.fits(frame.count, whenQueued: outbox.frames.count, queuedBytes: outbox.bytes) else {
                state.outboxes[link]?.isAwaited = true
                return false
            }
            state.outboxes[link]?.frames.append(frame)
            state.outboxes[link]?.bytes += frame.count
            isTaken = true
            return state.sending.insert(link).inserted
        }
        return isTaken
    }
}

// MARK: - From the thread that owns the sockets

extension Mailbox {
    /// Takes what is to be done.
    func takeOrders() -> Orders {
        bell.silence()
        return state.withLock { state in
            defer {
                state.dialledChanged = false
                state.redial = nil
                state.closing = []
                state.sending = []
                state.isRung = false
            }
            return Orders(
                isStopping: state.isStopping, dialled: state.dialledChanged ? state.dialled : nil,
                redial: state.redial, closing: Array(state.closing), sending: Array(state.sending))
        }
    }

    /// Begins to take frames for a link.
    func open(_ link: LinkID) { state.withLock { $0.outboxes[link] = Outbox() } }

    /// Forgets a link and its frames.
    func forget(_ link: LinkID) {
        state.withLock { state in
            state.outboxes[link] = nil
            state.sending.remove(link)
            state.closing.remove(link)
        }
    }

    /// The frame that is to be sent next; it stays until ``removeFirst(of:)``.
    func first(of link: LinkID) -> [UInt8]? { state.withLock { $0.outboxes[link]?.frames.first } }

    /// Removes the frame that has been sent.
    /// - Returns: true when somebody waits for room, and half of it is there.
    func removeFirst(of link: LinkID) -> Bool {
        state.withLock { state in
            guard let frame = state.outboxes[link]?.frames.removeFirst() else { return false }
            state.outboxes[link]?.bytes -= frame.count
            guard let outbox = state.outboxes[link], outbox.isAwaited,
                outbox.frames.count <= TransportLimits.queuedFrames / 2,
                outbox.bytes <= TransportLimits.queuedBytes / 2
            else { return false }
            state.outboxes[link]?.isAwaited = false
            return true
        }
    }
}
