import GembaTrust
public import GembaWire
import Synchronization

/// What the transport's handshake asks: a snapshot of the roster's keys that any thread may read.
public final class AdmissionTable: Sendable {
    private struct State {
        var admissions: [TransportKey: Admission] = [:]
        var heldOff: Set<TransportKey> = []
    }

    private let state = Mutex(State())

    init() {}

    /// Members are admitted, unless they are held off, and former ones refused; everyone else may wait in the lobby and show why
    /// it should be a member.
    public func admission(of key: TransportKey) -> Admission {
        state.withLock { state in
            state.heldOff.contains(key) ? .refused : state.admissions[key] ?? .lobby
        }
    }

    func update(from roster: Roster) {
        var keys: [TransportKey: Admission] = [:]
        for former in roster.formerMembers.values { keys[former.member.transport] = .refused }
        for member in roster.members.values { keys[member.transport] = .member }
        state.withLock { $0.admissions = keys }
    }

    func update(heldOff keys: Set<TransportKey>) { state.withLock { $0.heldOff = keys } }
}
