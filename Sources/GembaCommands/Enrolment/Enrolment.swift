import Foundation
import GembaNode
import GembaStore
import GembaTrust
import GembaWire
import Logging
import Synchronization

/// Makes a station a member: prepares its folder, then talks to members until one of them holds its join.
///
/// A note in the folder says that this is under way, so that it can be taken up again after any interruption.
struct Enrolment {
    let folder: String
    let schema: Schema
    let token: InvitationToken
    let stationName: String?
    let actor: String
    let sources: ReplicaSources

    private var note: String { Self.note(in: folder) }
    private static func note(in folder: String) -> String { folder + "/joining" }

    /// Notes that nothing is under way any more in a folder: its station is a member.
    static func forgetNote(in folder: String) { try? FileManager.default.removeItem(atPath: note(in: folder)) }

    // MARK: - The folder

    /// The replica of the folder, made now or by an earlier attempt with the same invitation.
    func prepare() throws -> Replica {
        guard FileManager.default.fileExists(atPath: folder + "/replica.sqlite") else {
            if stationName == nil, token.name.isEmpty, token.role != .relay {
                throw CommandFailure(
                    .usage, "The invitation suggests no name. Say which station this is: --station NAME.")
            }
            try makeNote()
            return try Replica.join(
                with: token, station: stationName ?? (token.name.isEmpty ? "RELAY" : token.name), in: folder,
                schema: schema, actor: actor, sources: sources)
        }
        let replica = try Replica.open(in: folder, schema: schema, sources: sources)
        let roster = try replica.roster()
        let member = roster.members[replica.identity.stationKey]
        guard member == nil || FileManager.default.fileExists(atPath: note) else {
            throw CommandFailure(
                .failure,
                "\(folder) already belongs to station \(member?.displayName ?? "?") of plant "
                    + "\(roster.plantName ?? "?"). Choose another folder.")
        }
        guard replica.plant == token.plant, invitation(of: replica, roster) == token.inviteKey else {
            throw CommandFailure(
                .failure,
                "\(folder) was prepared with another invitation. Use that one, or join with this one in an empty folder."
            )
        }
        return replica
    }

    /// The invitation by which a prepared replica wants to join.
    private func invitation(of replica: Replica, _ roster: Roster) -> InviteKey? {
        for log in roster.logs where log.station == replica.identity.stationKey {
            for entry in log.entries {
                for case .join(let invite, _, _) in entry.body?.acts ?? [] { return invite }
            }
        }
        return nil
    }

    /// The words that the inviter's side has to show, too.
    static func words(of replica: Replica) throws -> EnrolmentWords? {
        let logs = try replica.roster().logs.filter { $0.station == replica.identity.stationKey }
        return logs.sorted { $0.replica < $1.replica }.lazy.compactMap(EnrolmentWords.init(of:)).first
    }

    private func makeNote() throws(CommandFailure) {
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw CommandFailure(.failure, "The folder \(folder) cannot be made: \(error.localizedDescription)")
        }
        guard FileManager.default.createFile(atPath: note, contents: Data(), attributes: [.posixPermissions: 0o600])
        else {
            throw CommandFailure(.failure, "The folder \(folder) cannot be written to.")
        }
    }

    // MARK: - The network

    /// Talks to the members at `peers` until one of them holds this station's join.
    ///
    /// - Returns: false when the time ran out.
    func enrol(_ replica: Replica, peers: [PeerAddress], timeout: Duration, logger: Logger) async throws -> Bool {
        let supervisor = NodeSupervisor(replica: replica, listen: [], peers: peers, logger: logger)
        let outcome = EnrolmentOutcome()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await supervisor.run(observe: { engine in
                    if engine.isEnrolled, outcome.succeed() { supervisor.stop() }
                })
            }
            group.addTask {
                try await Task.sleep(for: timeout)
                supervisor.stop()
            }
            defer { group.cancelAll() }
            // Either the supervisor ends, because the station is a member, or the timer does and has it end.
            try await group.next()
            if !outcome.isSuccess { try await group.next() }
        }
        guard outcome.isSuccess else { return false }
        Self.forgetNote(in: folder)
        return true
    }
}

/// Whether a station has become a member, as the node's queue tells the waiting task.
private final class EnrolmentOutcome: Sendable {
    private let success = Mutex(false)

    var isSuccess: Bool { success.withLock { $0 } }

    /// Notes the success. Returns whether it is news.
    func succeed() -> Bool {
        success.withLock { success in
            defer { success = true }
            return !success
        }
    }
}
