internal import GembaCausality
internal import GembaWire

/// Somebody whose acts count: a member, a former member up to its cut, or the recovery key.
struct RosterAuthority {
    let station: StationKey
    let rank: RosterRank
    let role: Role
    /// The logs through which it speaks: that of its admission and those of later incarnations.
    let voices: [RosterVoice]

    func may(_ right: Rights) -> Bool { role.rights.isSuperset(of: right) }
}

/// What of a log counts: the entries from the first to the last, none when the last is less.
struct RosterVoice: Hashable {
    let log: Int
    let first: Int
    let last: Int

    /// What is left of it when the log's station was removed with a cut.
    func cut(by cut: RosterCut?, in reading: RosterReading) -> RosterVoice {
        guard let cut else { return self }
        let counting = cut.last(of: reading.causality.logs[log].replica)
        return RosterVoice(log: log, first: first, last: Int(min(SequenceNumber(last), counting)))
    }
}
