import GembaTrust
public import GembaWire
import Synchronization

/// What the transport's handshake asks: a snapshot of the roster's keys that any thread may read.
public final class AdmissionTable: Sendable {
    private let members = Mutex<Set<TransportKey>>([])

    init() {}

    /// Members are admitted; everyone else may wait in the lobby and show why it should be one.
    public func admission(of key: TransportKey) -> Admission {
        members.withLock { $0.contains(key) } ? .member : .lobby
    }

    func update(from roster: Roster) {
        let keys = Set(roster.members.values.map(\.transport))
        members.withLock { $0 = keys }
    }
}
