import Synchronization

/// Those who are told when this process has made a change.
///
/// What other processes and peers write is not told; whoever needs that as well looks at the log from time to time.
final class CommitListeners: Sendable {
    private struct State {
        var listeners: [UInt64: @Sendable () -> Void] = [:]
        var next: UInt64 = 0
    }

    private let state = Mutex(State())

    fileprivate func add(_ listener: @escaping @Sendable () -> Void) -> UInt64 {
        state.withLock { state in
            state.next += 1
            state.listeners[state.next] = listener
            return state.next
        }
    }

    fileprivate func remove(_ number: UInt64) { state.withLock { _ = $0.listeners.removeValue(forKey: number) } }

    /// Tells everybody, outside the lock.
    func tell() {
        for listener in state.withLock({ Array($0.listeners.values) }) { listener() }
    }
}

/// Has a listener told of commits for as long as it lives.
public final class CommitSubscription: Sendable {
    private let listeners: CommitListeners
    private let number: UInt64

    fileprivate init(_ listeners: CommitListeners, _ listener: @escaping @Sendable () -> Void) {
        self.listeners = listeners
        number = listeners.add(listener)
    }

    deinit { listeners.remove(number) }
}

extension Replica {
    /// Calls `listener` whenever this process has made a change, on the thread that made it, so it must not block.
    public func onCommit(_ listener: @escaping @Sendable () -> Void) -> CommitSubscription {
        CommitSubscription(commitListeners, listener)
    }
}
