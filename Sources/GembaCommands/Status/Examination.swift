import GembaNode
import GembaStore
import GembaTrust
import GembaWire

/// A look at everything that commonly goes wrong with a machine.
struct Examination {
    /// One thing that was looked at.
    struct Finding {
        enum State: String {
            case good
            /// Worth knowing; everything still works.
            case notable
            case broken

            var sign: String {
                switch self {
                case .good: "ok"
                case .notable: "! "
                case .broken: "X "
                }
            }
        }

        var subject: String
        var state: State
        var text: String
        /// What to do about it.
        var remedy: String?

        /// The database cannot be read.
        static func unreadable(_ error: any Error, program: String) -> Finding {
            Finding(subject: "file", state: .broken, text: "\(error)", remedy: Self.rescue(program))
        }

        fileprivate static func rescue(_ program: String) -> String {
            "Copy the folder away, then run `\(program) verify --mend`. Others hold what was sent: join again if need be."
        }
    }

    private(set) var findings: [Finding] = []

    private static let leastFreeBytes: Int64 = 512 << 20
    /// Clocks further apart than this put "latest" values in an order that surprises people.
    private static let tolerableClockOffset: Int64 = 2000

    init(program: String, of replica: Replica) throws {
        let status = try StationStatus(of: replica)
        let condition = try replica.condition()
        examineIdentity(status, condition, program)
        examineForks(status, program)
        examinePeers(status, program)
        examineAgreement(status, replica, program)
        examineChanges(status, conflicts: try replica.conflictCount(), program)
        examineSchema(replica.unresolvedRules)
        examineClock(status)
        examineDisk(condition, program)
        examineQuota(status, program)
        examinePages(status, program)
    }

    private mutating func add(
        _ subject: String, _ state: Finding.State, _ text: String, _ remedy: String? = nil
    ) {
        findings.append(Finding(subject: subject, state: state, text: text, remedy: remedy))
    }

    private mutating func examineIdentity(
        _ status: StationStatus, _ condition: ReplicaCondition, _ program: String
    ) {
        if let own = status.own {
            add("membership", .good, "\(own.role.name) \(own.displayName) of \(status.roster.plantName ?? "a plant")")
        } else if let former = status.roster.formerMembers[status.replica.identity.stationKey] {
            let verb = former.kind == .revoked ? "revoked" : "retired"
            let reason = former.reason.isEmpty ? "" : ": \(former.reason)"
            add(
                "membership", .broken,
                "\(former.member.displayName) was \(verb) by \(status.roster.name(of: former.author))\(reason)",
                "If that is a mistake, have an administrator run `\(program) member reinstate \(former.member.displayName)`."
            )
        } else {
            add(
                "membership", .broken, "this machine is not a member of a plant",
                "Keep `\(program) run` running until a member answers, or join again with a new invitation.")
        }
        if let doubt = condition.incarnationDoubt {
            add(
                "identity", .notable, "\(doubt); the next write goes on under a new name",
                "Nothing has to be done. If this disk was cloned, enrol the other machine with a key of its own.")
        } else {
            add("identity", .good, "incarnation \(status.statistics.incarnation)")
        }
    }

    private mutating func examineForks(_ status: StationStatus, _ program: String) {
        let forked = status.peers.filter { !$0.forkedNames.isEmpty }
        guard !forked.isEmpty else { return examineBranches(status) }
        let texts = forked.map { peer in
            "\(peer.member.displayName) holds another history of what \(peer.forkedNames.joined(separator: ", ")) wrote"
        }
        add(
            "forks", .broken, texts.joined(separator: "; "),
            "A disk was put back to an earlier state after others had seen more, and then written to, and one of the two "
                + "cannot hold both: update its program. Until then compare `\(program) history` on both.")
    }

    /// Forks of which all halves are here need nobody, unless somebody means harm.
    private mutating func examineBranches(_ status: StationStatus) {
        if status.forks.isEmpty {
            add("forks", .good, "no log was seen to have two histories")
            return
        }
        add(
            "forks", .notable, status.forks.map { $0.sentence(status.roster) }.joined(separator: "; "),
            "Nothing is lost: all of it is kept, and the station goes on under a new name. A disk was cloned or put back. If "
                + "nobody did that, somebody else has the station's key.")
    }

    private mutating func examinePeers(_ status: StationStatus, _ program: String) {
        if status.peers.isEmpty {
            add("peers", .notable, "there is no other member yet", "Invite one with `\(program) invite`.")
        } else if status.daemon == nil {
            add(
                "daemon", .notable, "`\(program) run` is not running here, so nothing is sent or received",
                "Start it, best as a service.")
        } else if status.connected.isEmpty {
            let last = status.peers.compactMap(\.status.lastEnd).first.map { "; the last link ended: \($0)" } ?? ""
            add(
                "peers", .notable, "nobody is reachable\(last)",
                "Check the network, and the endpoints in `\(program) member list`. Work goes on meanwhile.")
        } else {
            add("peers", .good, "\(status.connected.count) of \(status.peers.count) connected")
        }
        let violations = status.peers.filter { $0.status.violations > 0 }
        if !violations.isEmpty {
            add(
                "protocol", .notable,
                "sessions refused for what they sent: "
                    + violations.map { "\($0.member.displayName) (\($0.status.violations))" }.joined(separator: ", "),
                "Look at the daemon's log there and here; update the older program.")
        }
    }

    private mutating func examineAgreement(_ status: StationStatus, _ replica: Replica, _ program: String) {
        let compared = status.peers.filter { $0.status.agreement != nil }
        if compared.isEmpty { return }
        var state = Finding.State.good
        let texts = compared.compactMap { peer -> String? in
            guard let agreement = peer.status.agreement, let time = agreement.different else { return nil }
            state = agreement.isBroken || state == .broken ? .broken : .notable
            return agreement.sentence(peer.member.displayName, ago: PointInTime.ago(time, now: status.now), replica)
        }
        if texts.isEmpty {
            let names = compared.map(\.member.displayName).joined(separator: ", ")
            add("agreement", .good, "all rows were found equal to those of \(names)")
        } else {
            add(
                "agreement", state, texts.joined(separator: "; "),
                state == .broken
                    ? "One of the programs is wrong. Update the older one, then `\(program) diff` shows both states of each row."
                    : "Nothing is lost. Something else than \(program) wrote to the database, or a program was wrong and is not now."
            )
        }
    }

    private mutating func examineChanges(_ status: StationStatus, conflicts: Int, _ program: String) {
        let changes = "\(status.statistics.changes) held, \(status.unsent) unsent"
        if status.statistics.quarantined > 0 {
            add(
                "changes", .notable,
                "\(changes), \(status.statistics.quarantined) without effect: they break the format",
                "A newer program may understand them; update this one.")
        } else {
            add("changes", .good, changes)
        }
        for (station, count) in status.setAside.sorted(by: { $0.key < $1.key }) {
            add(
                "removed", .good,
                "\(count) changes of \(status.roster.name(of: station)) do not count: it was removed before others built on them"
            )
        }
        if let checkpoint = status.checkpoint {
            add(
                "checkpoint", checkpoint.trust == .signed ? .notable : .good, checkpoint.sentence(status.roster),
                checkpoint.trust == .signed ? "Run `\(program) verify` where the whole log is held, or wait." : nil)
        }
        if let bodies = status.backfill.sentence {
            let isMissing = status.backfill.missing > 0
            add(
                "history", isMissing ? .notable : .good, bodies,
                isMissing
                    ? "Keep `\(program) run` running where a station or relay is reachable that has the whole log; work goes on."
                    : nil)
        }
        if conflicts > 0 {
            add("conflicts", .notable, "\(conflicts) to settle", "See `\(program) conflicts`.")
        }
    }

    private mutating func examineSchema(_ unresolved: [UnresolvedRule]) {
        if unresolved.isEmpty { return }
        add(
            "schema", .notable, unresolved.map(\.description).joined(separator: " "),
            "Update the program. Until then this machine may show other values than those that have the function.")
    }

    private mutating func examineClock(_ status: StationStatus) {
        guard let offset = status.clockOffset else { return }
        if offset.magnitude >= UInt64(Self.tolerableClockOffset) {
            let direction = offset > 0 ? "behind" : "ahead of"
            add("clock", .notable, "\(offset.magnitude / 1000) s \(direction) the others'", "Set it, best by NTP.")
        } else {
            add("clock", .good, "within \(offset.magnitude) ms of the others'")
        }
    }

    private mutating func examineDisk(_ condition: ReplicaCondition, _ program: String) {
        let size = "the database takes \(Self.mebibytes(condition.databaseBytes)) MiB"
        if let free = condition.freeBytes, free < max(Self.leastFreeBytes, condition.databaseBytes / 10) {
            add("disk", .broken, "only \(Self.mebibytes(free)) MiB are free; \(size)", "Free some space.")
        } else {
            add("disk", .good, size + (condition.freeBytes.map { ", \(Self.mebibytes($0)) MiB are free" } ?? ""))
        }
        if condition.fileFaults.isEmpty {
            add("file", .good, "SQLite finds no fault")
        } else {
            add(
                "file", .broken, condition.fileFaults.joined(separator: "; "),
                Finding.rescue(program))
        }
    }

    private mutating func examineQuota(_ status: StationStatus, _ program: String) {
        let over = status.peers.filter { $0.status.isOverQuota == true }.map(\.member.displayName)
        guard !over.isEmpty else { return }
        add(
            "quota", .notable,
            "newer changes of \(over.joined(separator: ", ")) are left out, for what is here takes the share of this disk "
                + "that one station may have",
            "Find out what writes so much there. `\(program) run --author-quota` gives each station more.")
    }

    private mutating func examinePages(_ status: StationStatus, _ program: String) {
        guard let scrub = status.scrub else {
            add("pages", .good, "not checked yet; `\(program) run` does it once a day, and `\(program) verify` now")
            return
        }
        let text = scrub.sentence(now: status.now)
        if scrub.lostCount > 0 {
            add(
                "pages", .broken, text,
                "Let `\(program) run` mend it, or stop that and run `\(program) verify --mend`. Then check the disk.")
        } else {
            add(
                "pages", scrub.isNotable ? .notable : .good, text,
                scrub.isNotable ? "Nothing is lost that others hold. Check the disk, for it may be failing." : nil)
        }
    }

    private static func mebibytes(_ bytes: Int64) -> Int64 { bytes >> 20 }
}
