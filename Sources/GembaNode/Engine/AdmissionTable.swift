import GembaTrust
public import GembaWire
import Synchronization

/// What the transport's handshake asks: a snapshot of the roster's keys that any thread may read.
public final class AdmissionTable: Sendable {
    private let admissions = Mutex<[TransportKey: Admission]>([:])

    init() {}

    /// Members are admitted and former ones refused; everyone else may wait in the lobby and show why it should be a member.
    public func admission(of key: TransportKey) -> Admission { admissions.withLock { $0[key] } ?? .lobby }

    func update(from roster: Roster) {
        var keys: [TransportKey: Admission] = [:]
        for former in roster.formerMembers.values { keys[former.member.transport] = .refused }
        for member in roster.members.values { keys[member.transport] = .member }
        admissions.withLock { $0 = keys }
    }
}
