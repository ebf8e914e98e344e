internal import GembaCausality
internal import GembaWire

extension Roster {
    /// Whether a log that is not held belongs into the store: whether ``recognisedLogs`` would hold it, were it folded
    /// in.
    ///
    /// It costs one signature and, as a rule, nothing more: a join mostly refers to its invite act directly. Because
    /// recognition only grows, a roster that is out of date errs in one direction: `true` stays true, and after `false`
    /// it is worth folding what was stored since.
    public func recognises(_ log: RosterLog) -> Bool {
        if recognisedLogs.contains(log.replica) { return true }
        guard log.genesis.kind == .roster, log.station.isAcceptable else { return false }
        if log.genesisHash.plant == plant { return RosterReading.founding(in: log.genesis) != nil }
        guard log.genesis.plant == plant else { return false }
        if log.station == recovery, log.station != founderStation { return true }
        let seenByGenesis = log.genesis.predecessors + log.genesis.rosterFrontier
        guard let first = log.entries.first,
            let claim = JoinClaim(log: 0, entry: first, in: log.genesis, lamport: lamport(after: first.deps))
        else {
            let seen = seenByGenesis + log.entries.flatMap(\.deps)
            return admissions[log.station]?.contains { causality.hasSeen($0, from: seen) } ?? false
        }
        let seen = seenByGenesis + first.deps
        let isEndorsed = endorsers[claim.invite]?.contains { endorser in
            endorser.role == claim.member.role && causality.hasSeen(endorser.place, from: seen)
        }
        return isEndorsed ?? false && claim.isSigned(plant: plant)
    }

    /// The lamport number that an entry 1 with these deps has to state.
    private func lamport(after deps: [ChangeReference]) -> UInt64? {
        RosterCausality.lamport(
            after: deps.lazy.map { reference in
                causality.find(reference).flatMap { causality.lamport(of: $0.log, at: $0.sequence) }
            })
    }

    /// An invite act that a join may have behind it.
    struct Endorser: Hashable, Sendable {
        let place: RosterCausality.Place
        let role: Role

        init(_ invite: InviteAct) {
            place = invite.place.entry
            role = invite.role
        }
    }
}
