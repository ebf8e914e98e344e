import GembaCausality
import GembaNode
import GembaStore
import GembaTrust
import GembaWire

/// How a station stands to the others, from what its database and its daemon have written down.
struct StationStatus {
    /// One other member of the plant.
    struct Peer {
        var member: RosterMember
        var status: PeerStatus

        /// The members of whose logs this one holds another history than this machine, by name.
        var forkedNames: [String]

        func secondsSinceContact(now: UInt64) -> UInt64? {
            status.lastContact.map { now > $0 ? (now - $0) / 1000 : 0 }
        }
    }

    let replica: Replica
    let roster: Roster
    /// The process that serves the folder; nil when none does.
    let daemon: Int32?
    /// All other members: those that are connected first, then by name.
    let peers: [Peer]
    let statistics: ReplicaStatistics
    /// What the daemon has counted since it started, or the last one had.
    let counters: EngineCounters
    let unsent: UInt64
    /// What the rows stand on instead of folded history; nil when every change is held.
    let checkpoint: CheckpointRecord?
    /// How many changes are held without their bodies.
    let backfill: BackfillProgress
    /// What the last round through the file's pages found; nil before the first.
    let scrub: ScrubReport?
    /// How many changes of which removed stations do not count.
    let setAside: [StationKey: Int]
    /// The logs under whose names there are several histories.
    let forks: [ForkedLog]
    let now: UInt64

    init(of replica: Replica) throws {
        self.replica = replica
        let roster = try replica.roster()
        self.roster = roster
        daemon = DaemonLock.holder(of: replica.folder)
        now = replica.wallClock
        statistics = try replica.statistics()
        counters = try replica.nodeCounters()
        let known = try replica.peers()
        let isServed = daemon != nil
        peers = roster.members.values.filter { $0.station != replica.identity.stationKey }.map { member in
            var status = known[member.station] ?? PeerStatus()
            // A daemon that was killed could not take back what it had written.
            if !isServed { status.isConnected = false }
            return Peer(
                member: member, status: status, forkedNames: Self.authors(of: status.forks, in: replica, roster))
        }.sorted { left, right in
            if left.status.isConnected != right.status.isConnected { return left.status.isConnected }
            return (left.member.displayName, left.member.station) < (right.member.displayName, right.member.station)
        }
        unsent = try replica.unsentCount()
        checkpoint = try replica.checkpoint()
        backfill = try replica.backfillProgress()
        scrub = try replica.scrubReport()
        setAside = try replica.voidCounts()
        forks = ForkedLog.all(in: try replica.branches())
    }

    private static func authors(of logs: Set<String>, in replica: Replica, _ roster: Roster) -> [String] {
        let stations = logs.compactMap { name in
            ReplicaID(hexadecimal: name).flatMap { try? replica.station(writing: $0) }
        }
        return Set(stations.map { roster.name(of: $0) }).sorted()
    }

    var own: RosterMember? { roster.members[replica.identity.stationKey] }
    var connected: [Peer] { peers.filter(\.status.isConnected) }

    /// How far this clock is from the middle of the peers' clocks, in milliseconds; nil when no peer is connected.
    var clockOffset: Int64? {
        let offsets = connected.compactMap(\.status.clockOffset).sorted()
        return offsets.isEmpty ? nil : offsets[offsets.count / 2]
    }

    /// Where what was just written has got to, as a sentence.
    var delivery: String {
        if peers.isEmpty { return "There is no other station yet." }
        if unsent == 0 { return "Others have it." }
        let count = "\(unsent) change\(unsent == 1 ? "" : "s") unsent"
        let way: String
        if daemon == nil {
            way = ", and `gemba run` is not running here"
        } else if connected.isEmpty {
            way = ", and nobody is reachable"
        } else {
            way = "; on the way to \(connected.map(\.member.displayName).joined(separator: ", "))"
        }
        return "Not yet at any other station: \(count)\(way)."
    }
}

extension StationStatus {
    /// The status for programs.
    func json(conflicts: Int) -> JSONValue {
        .object([
            ("version", .integer(1)),
            ("station", .text(own?.displayName)),
            ("stationKey", .string("\(replica.identity.stationKey)")),
            ("role", .text(own?.role.name)),
            ("lapsed", .bool(own?.isActive == false)),
            ("plant", .text(roster.plantName)),
            ("plantID", .string("\(replica.plant)")),
            ("transportKey", .string("\(replica.identity.transportKey)")),
            ("endpoints", .texts(own?.endpoints ?? [])),
            ("replica", .text(statistics.dataReplica?.description)),
            ("incarnation", .count(statistics.incarnation)),
            ("daemon", .bool(daemon != nil)),
            ("peers", .array(peers.map(json))),
            ("changes", .count(statistics.changes)),
            ("unsent", .count(unsent)),
            ("conflicts", .count(conflicts)),
            ("quarantined", .count(statistics.quarantined)),
            ("checkpoint", checkpoint?.json ?? .null),
            ("bodies", bodies),
            ("scrub", scrub?.json ?? .null),
            ("forks", .array(forks.map { $0.json(roster) })),
            ("refused", refused),
            ("brokenLinks", .count(counters.brokenLinks)),
            ("clock", clock),
        ])
    }

    /// How many changes are held without their bodies, and how many of them were fetched again since the daemon started.
    private var bodies: JSONValue {
        .object([
            ("missing", .count(backfill.missing)), ("forgone", .count(backfill.forgone)),
            ("fetched", .count(counters.bodiesFilled ?? 0)),
        ])
    }

    /// What the daemon turned away since it started.
    private var refused: JSONValue {
        .object([
            ("connections", .count(counters.refusedConnections)),
            ("messages", .count(counters.refusedMessages)),
            ("frames", .count(counters.malformedFrames)),
            ("repeated", .count(counters.repeatedFrames)),
            ("excess", .count(counters.excessFrames ?? 0)),
            ("sessions", .count(counters.violations)),
        ])
    }

    private var clock: JSONValue {
        let latest = statistics.latestTime == 0 ? nil : PointInTime.iso(statistics.latestTime)
        return .object([
            ("now", .string(PointInTime.iso(now))), ("latestChange", .text(latest)),
            ("offsetMilliseconds", .count(clockOffset)),
        ])
    }

    private func json(_ peer: Peer) -> JSONValue {
        .object([
            ("name", .string(peer.member.displayName)),
            ("station", .string("\(peer.member.station)")),
            ("role", .string(peer.member.role.name)),
            ("connected", .bool(peer.status.isConnected)),
            ("endpoint", .text(peer.status.endpoint ?? peer.member.endpoints.first)),
            ("lastContact", .text(peer.status.lastContact.map(PointInTime.iso))),
            ("secondsSinceContact", .count(peer.secondsSinceContact(now: now))),
            ("behind", .count(peer.status.behind)),
            ("forks", .texts(peer.forkedNames)),
            ("agreement", peer.status.agreement?.json ?? .null),
            ("clockOffsetMilliseconds", .count(peer.status.clockOffset)),
            ("lastEnd", peer.status.isConnected ? .null : .text(peer.status.lastEnd)),
        ])
    }
}

extension Role {
    /// The role as it is typed and shown.
    var name: String { "\(self)" }
}
