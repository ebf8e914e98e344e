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
        if log.genesisHash.plant == plant { return RosterReading.founding(of: log) != nil }
        guard log.genesis.plant == plant else { return false }
        if log.station == recovery, log.station != founderStation { return true }
        let seenByGenesis = log.genesis.predecessors + log.genesis.rosterFrontier
        guard let claim = JoinClaim(log: 0, in: log, lamport: joinLamport(of: log)) else {
            let seen = seenByGenesis + log.entries.flatMap(\.deps)
            return admissions[log.station]?.contains { hasSeen($0, from: seen) } ?? false
        }
        let seen = seenByGenesis + log.entries[0].deps
        let isEndorsed = endorsers[claim.invite]?.contains { endorser in
            endorser.role == claim.member.role && hasSeen(endorser.dot, from: seen)
        }
        return isEndorsed ?? false && claim.isSigned(plant: plant)
    }

    /// The lamport number that entry 1 of a log has to state.
    private func joinLamport(of log: RosterLog) -> UInt64? {
        RosterCausality.lamport(
            after: log.entries[0].deps.lazy.map { reference in
                guard let index = causality.index[reference.replica],
                    causality.logs[index].hash(at: reference.sequence)?.prefix == reference.prefix
                else { return nil }
                return causality.lamport(of: index, at: Int(reference.sequence))
            })
    }

    /// Whether an entry is in the past of some references, as far as these name what is held.
    private func hasSeen(_ dot: Dot, from references: [ChangeReference]) -> Bool {
        var pending = references
        var explored: [ReplicaID: SequenceNumber] = [:]
        while let reference = pending.popLast() {
            guard let log = logs[reference.replica], log.hash(at: reference.sequence)?.prefix == reference.prefix else {
                continue
            }
            if reference.replica == dot.replica, reference.sequence >= dot.sequence { return true }
            let first: SequenceNumber
            if let last = explored[reference.replica] {
                guard last < reference.sequence else { continue }
                first = last + 1
            } else {
                pending += log.genesis.predecessors + log.genesis.rosterFrontier
                first = 1
            }
            explored[reference.replica] = reference.sequence
            for sequence in first..<reference.sequence + 1 { pending += log.entries[Int(sequence) - 1].deps }
        }
        return false
    }

    /// An invite act that a join may have behind it.
    struct Endorser: Hashable, Sendable {
        let dot: Dot
        let role: Role

        init(_ invite: InviteAct, in causality: RosterCausality) {
            dot = Dot(causality.logs[invite.place.log].replica, SequenceNumber(invite.place.sequence))
            role = invite.role
        }
    }
}
