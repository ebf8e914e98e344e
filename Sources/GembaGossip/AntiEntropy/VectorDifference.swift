internal import GembaCausality
internal import GembaWire

/// What two compared vectors mean for the streams in both directions.
struct VectorDifference: Sendable {
    /// What the peer holds, as far as both sides mean the same history by it.
    private(set) var held = VersionVector()
    /// Entries of the peer that lie beyond ours.
    private(set) var lacking: [ChangeReference] = []
    /// Logs that stand at the same place with different histories, or that one of the two sees to be forked and the other not.
    private(set) var conflicts: [ConflictingTips] = []
    /// What is not to be sent: all that the peer holds, and what lies beyond a conflict
    /// or beyond bodies that are folded here, which it could not apply.
    private(set) var withheld = VersionVector()
    /// Whether the peer lacks anything that it can be sent.
    private(set) var peerLacksSomething = false

    init(ours: VectorSnapshot, theirs: [ChangeReference]) {
        var entries: [ReplicaID: SequenceNumber] = [:]
        entries.reserveCapacity(theirs.count)
        for theirTip in theirs {
            guard let ourTip = ours[theirTip.replica] else {
                lacking.append(theirTip)
                entries[theirTip.replica] = theirTip.sequence
                continue
            }
            let isOtherHistory = ourTip.sequence == theirTip.sequence && ourTip.prefix != theirTip.prefix
            if isOtherHistory || (theirTip.sequence > ourTip.sequence && ours.isClosed(theirTip.replica)) {
                conflicts.append(ConflictingTips(ours: ourTip, theirs: theirTip))
                continue
            }
            entries[theirTip.replica] = theirTip.sequence
            if theirTip.sequence > ourTip.sequence { lacking.append(theirTip) }
        }
        held = VersionVector(entries)
        for (replica, floor) in ours.floors.entries where entries[replica].map({ $0 < floor }) ?? true {
            entries[replica] = SequenceNumber(Int64.max)
        }
        for log in conflictingLogs(of: ours) {
            for name in ours.names(of: log) { entries[name] = SequenceNumber(Int64.max) }
        }
        withheld = VersionVector(entries)
        peerLacksSomething = ours.references.contains { !withheld.contains($0.dot) }
    }

    /// The logs in which there are conflicts, by their geneses.
    func conflictingLogs(of ours: VectorSnapshot) -> Set<ReplicaID> {
        Set(conflicts.map { ours.log(of: $0.ours.replica) })
    }
}
