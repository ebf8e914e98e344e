internal import GembaCausality
public import GembaWire

/// Judges the roster logs that an unknown key offers in the lobby (T4, T7): a joiner's own, or the path by which a
/// member enrolled elsewhere.
///
/// The work is bounded by ``maximumRuns``, ``maximumBytes`` and one fold of the roster. Nothing is believed before its
/// chain and its signed head are verified, and nothing that an invitation does not stand behind is kept.
public struct EnrolmentCheck: Sendable {
    /// What is held.
    public let roster: Roster

    /// Runs that a stranger may offer at once: its own log and the logs of some admins on the way to it.
    public static let maximumRuns = 16
    /// Bytes of entries that a stranger may offer at once; what the lobby takes of one link (T7).
    public static let maximumBytes = 64 << 10
    /// Valid joins by one invitation that are taken from strangers. Two are a contest already; whoever stole a token
    /// could otherwise fill every disk. Members pass on more, so this only delays.
    public static let maximumApplicants = 8

    /// Creates a check against a roster.
    public init(against roster: Roster) { self.roster = roster }

    /// What an offer is worth.
    public struct Outcome: Sendable {
        /// What the roster, with the offer in it, says about the station.
        public var standing: Standing
        /// The runs to store, in the order offered; empty when none is worth it.
        public var runs: [Run]
        /// The roster with these runs in it.
        public var roster: Roster
    }

    /// Examines an offer.
    ///
    /// A standing of ``Standing/unknown`` asks for more roster and is no refusal. A station whose join was void before
    /// it was ever held here gets that standing, and its log is not stored; nor is that of one that was removed.
    ///
    /// - Parameters:
    ///   - runs: The runs offered, each log's in order and after those it depends on.
    ///   - station: The station that the hello names.
    ///   - transport: The key that the link proved.
    /// - Throws: ``TrustError/Code/limitExceeded``; ``TrustError/Code/invalidRun``; ``TrustError/Code/notEnrolled`` when
    ///   the station is a member with another transport key.
    public func examine(
        _ runs: [Run], of station: StationKey, transport: TransportKey
    ) throws(TrustError) -> Outcome {
        try checkLimits(of: runs)
        var logs = roster.logs
        var changed: Set<ReplicaID> = []
        for run in runs where try Self.append(run, to: &logs, plant: roster.plant) { changed.insert(run.replica) }

        let offered = roster.extended(with: changed.compactMap { logs[$0] })
        let kept = keepable(changed.intersection(offered.recognisedLogs), of: logs)
        let extended = kept == changed ? offered : roster.extended(with: kept.compactMap { logs[$0] })
        let standing = extended.standing(of: station)
        switch standing {
        case .unknown, .former:
            return Outcome(standing: standing, runs: [], roster: roster)
        case .void(let reason):
            guard try shouldStoreVoid(reason, station: station, in: extended) else {
                return Outcome(standing: standing, runs: [], roster: roster)
            }
        case .member(let member):
            guard member.transport == transport else {
                throw TrustError(
                    .notEnrolled,
                    "Station \(member.displayName) is enrolled with another transport key than this link's.")
            }
        }
        return Outcome(standing: standing, runs: runs.filter { kept.contains($0.replica) }, roster: extended)
    }

    private func checkLimits(of runs: [Run]) throws(TrustError) {
        let bytes = runs.reduce(0) { $0 + $1.entryBytes }
        guard runs.count <= Self.maximumRuns, bytes <= Self.maximumBytes else {
            throw TrustError(
                .limitExceeded,
                "\(runs.count) runs of \(bytes) bytes are more than a stranger may offer: "
                    + "\(Self.maximumRuns) runs of \(Self.maximumBytes) bytes. Sync with the inviter first.")
        }
    }

    /// Verifies a run and appends what is new of it.
    ///
    /// - Returns: Whether anything was.
    private static func append(
        _ run: Run, to logs: inout [ReplicaID: RosterLog], plant: PlantID
    ) throws(TrustError) -> Bool {
        let held = logs[run.replica]
        var predecessor: VerifiedRun.Predecessor?
        if run.first > 0 {
            guard let held, let hash = held.hash(at: run.first - 1) else {
                throw TrustError(
                    .invalidRun, "The run of replica \(run.replica) from \(run.first) leaves a gap after what is held.")
            }
            predecessor = .init(hash: hash, station: held.station)
        }
        let verified = try VerifiedRun(verifying: run, kind: .roster, plant: plant, after: predecessor)
        guard
            var log = held
                ?? verified.genesis.map({
                    RosterLog(genesis: $0, genesisHash: verified.entries[0].hash)
                })
        else { return false }
        for (sequence, next) in zip(run.first..., verified.entries) {
            if let hash = log.hash(at: sequence) {
                guard hash == next.hash else {
                    throw TrustError(
                        .invalidRun, "Replica \(run.replica) has two histories: they part at entry \(sequence).")
                }
            } else {
                log.append(RosterLog.Entry(next.entry, hash: next.hash))
            }
        }
        logs[run.replica] = log
        return log != held
    }

    /// Of the candidates those that refer to nothing but held logs and each other, so that they can be stored in causal
    /// order.
    private func keepable(_ candidates: Set<ReplicaID>, of logs: [ReplicaID: RosterLog]) -> Set<ReplicaID> {
        var kept = candidates
        while true {
            let incomplete = kept.filter { replica in
                guard let log = logs[replica] else { return true }
                let references = log.genesis.predecessors + log.genesis.rosterFrontier + log.entries.flatMap(\.deps)
                return !references.allSatisfy { reference in
                    let other = kept.contains(reference.replica) ? logs : roster.logs
                    return other[reference.replica]?.hash(at: reference.sequence)?.prefix == reference.prefix
                }
            }
            if incomplete.isEmpty { return kept }
            kept.subtract(incomplete)
        }
    }

    /// Whether a join that does not count is worth storing: only one that a person may still decide about.
    private func shouldStoreVoid(
        _ reason: Standing.Reason, station: StationKey, in extended: Roster
    ) throws(TrustError) -> Bool {
        guard reason == .contested, roster.standing(of: station) == .unknown else { return false }
        let isCrowded = extended.invitations.contains { invitation in
            invitation.applicants.count > Self.maximumApplicants
                && invitation.applicants.contains { $0.station == station }
        }
        guard !isCrowded else {
            throw TrustError(
                .limitExceeded,
                "More than \(Self.maximumApplicants) stations have joined with this invitation. Ask for a new one.")
        }
        return true
    }
}
