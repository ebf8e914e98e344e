import GembaTrust
import GembaWire
import Synchronization

/// The last roster that was folded: nearly every write and handshake asks for it, and it seldom changes.
final class RosterCache: Sendable {
    /// Names a state of the roster logs. The hash is part of it because a position is given again after a rollback.
    struct Key: Hashable, Sendable {
        var position: Int64
        var hash: ChangeHash
    }

    private let latest = Mutex<(key: Key, roster: Roster)?>(nil)

    /// A roster that may be out of date, for what of its work still holds.
    var latestRoster: Roster? { latest.withLock { $0?.roster } }

    subscript(key: Key) -> Roster? {
        get { latest.withLock { $0?.key == key ? $0?.roster : nil } }
        set { latest.withLock { $0 = newValue.map { (key, $0) } } }
    }
}
