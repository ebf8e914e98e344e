public import GembaWire

/// Who needs which epoch key, and under which epoch to seal (T5).
extension Roster {
    /// The newest epoch under which bodies may be sealed. An author that lacks its key takes the newest of ``usableEpochs``
    /// that it has, and makes an epoch in the same commit when it has none.
    public var newestUsableEpoch: Epoch? { usableEpochs.first }

    /// The members that are given epoch keys: all but relays, and where the policy demands it only those whose join an `admit`
    /// names; sorted by rank.
    public var epochRecipients: [RosterMember] {
        members.values.filter { member in
            member.may(.publishEpochs) && (member.isConfirmed || !policy.contains(.epochsAfterAdmit))
        }.sorted { $0.rank < $1.rank }
    }

    /// The members that should be given the key of an epoch and were not yet, sorted by rank; also of an epoch that is not
    /// usable any more, because they have to read what was sealed under it.
    public func membersLacking(_ epoch: EpochID) -> [RosterMember] {
        if let recipients = epochs[epoch]?.recipients {
            return epochRecipients.filter { !recipients.contains($0.station) }
        }
        let keys = Set(endedEpochs[epoch]?.wraps.map(\.recipient) ?? [])
        return epochRecipients.filter { keys.isDisjoint(with: $0.sealingKeys) }
    }

    /// The epochs whose keys members are to be given, also those under which nobody seals any more; sorted.
    public var sharedEpochs: [EpochID] { (Array(epochs.keys) + endedEpochs.keys).sorted() }

    /// Epochs that only former members began, beyond their cuts. Nobody seals under them, but those who had not heard of the
    /// removal did, and what they wrote has to be read.
    public var endedEpochs: [EpochID: (authors: Set<StationKey>, wraps: [EpochWrap])] {
        var ended: [EpochID: (authors: Set<StationKey>, wraps: [EpochWrap])] = [:]
        for (author, epoch, wraps) in epochActsOfFormerMembers where epochs[epoch] == nil {
            ended[epoch, default: ([], [])].authors.insert(author)
            ended[epoch]?.wraps += wraps
        }
        return ended
    }

    /// All that former members stated about epochs, whether it counts or not.
    private var epochActsOfFormerMembers: [(author: StationKey, epoch: EpochID, wraps: [EpochWrap])] {
        logs.filter { formerMembers[$0.station] != nil }.sorted { $0.replica < $1.replica }.flatMap { log in
            log.entries.flatMap { $0.body?.acts ?? [] }.compactMap { act in
                if case .epoch(let epoch, let wraps) = act { (log.station, epoch, wraps) } else { nil }
            }
        }
    }

    /// The epoch key as it was wrapped to the sealing keys, present and past, of a member or former member.
    ///
    /// What does not unwrap to the key with this name is to be ignored: any member can publish a wrap that holds nothing.
    public func wraps(of epoch: EpochID, for station: StationKey) -> [EpochWrap] {
        guard let member = presentOrFormerMember(station) else { return [] }
        let counting = member.sealingKeys.reversed().flatMap { epochs[epoch]?.wraps[$0] ?? [] }
        if !counting.isEmpty { return counting }
        return epochActsOfFormerMembers.filter { $0.epoch == epoch }.flatMap(\.wraps)
            .filter { member.sealingKeys.contains($0.recipient) }
    }
}
