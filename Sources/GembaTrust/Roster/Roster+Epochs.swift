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
        let recipients = epochs[epoch]?.recipients ?? []
        return epochRecipients.filter { !recipients.contains($0.station) }
    }

    /// The epoch key as it was wrapped to the sealing keys, present and past, of a member or former member.
    ///
    /// What does not unwrap to the key with this name is to be ignored: any member can publish a wrap that holds nothing.
    public func wraps(of epoch: EpochID, for station: StationKey) -> [EpochWrap] {
        guard let member = presentOrFormerMember(station), let wraps = epochs[epoch]?.wraps else { return [] }
        return member.sealingKeys.reversed().flatMap { wraps[$0] ?? [] }
    }
}
