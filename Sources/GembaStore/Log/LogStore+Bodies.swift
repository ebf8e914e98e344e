import GembaCausality
import GembaTrust
import GembaWire

/// Bodies: what is in the entries, compressed and sealed as their authors made them.
extension LogStore {
    /// The content of an entry of a segment that is not folded.
    ///
    /// - Throws: `TrustError` when it is sealed and its key is not held, or it is damaged.
    func content(of sequence: SequenceNumber, in segment: Segment) throws -> [UInt8] {
        let entry = try Entry(decoding: segment.entry(sequence))
        guard let seal = entry.seal else { return try Envelope.open(entry) }
        let replica = try author(of: segment.replica)
        let place = Envelope.Place(
            replica: replica, sequence: sequence, previous: try hash(before: sequence, in: segment))
        return try Envelope.open(entry, at: place, with: sealKey(of: replica, in: seal.epoch))
    }

    /// The key of a replica's bodies in an epoch; nil when this station was not given it.
    func sealKey(of replica: ReplicaID, in epoch: EpochID) throws -> SealKey? {
        try environment.keys.sealKey(of: replica, in: epoch) { try roster() }
    }

    /// The members, folded from the roster logs held.
    func roster() throws -> Roster {
        guard let last = try lastStretch(of: .roster), let tip = try tip(number: last.replica) else {
            return Roster(plant: environment.plant, logs: [RosterLog]())
        }
        let newest = RosterCache.Key(position: last.end, hash: tip.hash)
        if let roster = environment.rosterCache[newest] { return roster }
        let roster = Roster(
            plant: environment.plant, logs: try rosterLogs(), reusing: environment.rosterCache.latestRoster)
        environment.rosterCache[newest] = roster
        return roster
    }

    /// What stays, or would stay, of an entry.
    ///
    /// - Parameter isNoted: whether its author and reason are wanted.
    func foldedEntry(_ sequence: SequenceNumber, of segment: Segment, isNoted: Bool) throws -> FoldedEntry {
        let record = segment.record(sequence)
        var entry = FoldedEntry(
            prefix: record.prefix, timestamp: record.timestamp, lamport: record.lamport,
            isQuarantined: record.isQuarantined)
        guard isNoted, sequence > 0, !record.isQuarantined else { return entry }
        if let notes = segment.notes {
            entry.note = notes[sequence]
        } else {
            entry.note = try ChangeBody.note(decoding: content(of: sequence, in: segment))
        }
        return entry
    }
}
