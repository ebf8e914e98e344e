import GembaTrust
public import GembaWire
import Synchronization

/// What the transport's handshake asks: a snapshot of the roster's keys that any thread may read.
public final class AdmissionTable: Sendable {
    private struct State {
        var members: Set<TransportKey> = []
        var heldOff: Set<TransportKey> = []
    }

    private let state = Mutex(State())

    init() {}

    /// Members are admitted, unless they are held off; everyone else may wait in the lobby and show why it should be one.
    public func admission(of key: TransportKey) -> Admission {
        state.withLock { state in
            if state.heldOff.contains(key) { return .refused }
            return state.members.contains(key) ? .member : .lobby
        }
    }

    func update(from roster: Roster) {
        let keys = Set(roster.members.values.map(\.transport))
        state.withLock { $0.members = keys }
    }

    func update(heldOff keys: Set<TransportKey>) { state.withLock { $0.heldOff = keys } }
}
