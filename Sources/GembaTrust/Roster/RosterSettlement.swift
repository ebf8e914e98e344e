internal import GembaCausality
internal import GembaWire

/// The third step of folding a roster: who the members are, and where those are cut that are no more.
///
/// Members are settled in order of admission depth: the recovery key and the founder, those invited by these, those invited by
/// them, and so on; within a depth they are heard in the order of rank. Whether a station is a member is settled by acts of
/// members of smaller depth alone, and whether it was removed, and where its logs are cut, by acts of smaller ranks alone. So its
/// own validity is settled before its acts count, and no act removes a member of higher rank (T2).
///
/// An act counts when its author is a member with the right whose admission is in the act's past, and who was not removed with a
/// cut before the act. What acts on invitations come to is in ``RosterInvitations``, and what removals come to in
/// ``RosterRemovals``. Every step looks at a set, never at an order of arrival.
struct RosterSettlement {
    /// The members and former members.
    private(set) var members: [StationKey: RosterMember] = [:]
    /// How and where those of them were removed that were.
    private(set) var removed: [StationKey: RosterRemovals.Outcome] = [:]
    /// All whose acts count, in the order of rank: members, former members up to their cuts, and the recovery key.
    private(set) var authorities: [RosterAuthority] = []
    /// What came of invitations.
    private(set) var invitations: RosterInvitations

    private let reading: RosterReading
    private var recognition: RosterRecognition
    private var removals: RosterRemovals

    init(_ reading: RosterReading, _ recognition: RosterRecognition) {
        self.reading = reading
        self.recognition = recognition
        removals = RosterRemovals(reading)
        invitations = RosterInvitations(reading)
        guard let founder = reading.founder else { return }
        var keys = listenToRecovery()
        var newcomers = [RosterMember(founder.founding, in: reading.causality.logs[founder.log])]
        while !newcomers.isEmpty {
            for member in newcomers { members[member.station] = member }
            for member in newcomers.sorted(by: { $0.rank < $1.rank }) { keys.formUnion(listen(to: member)) }
            newcomers = invitations.settle(keys, known: Set(members.keys), &self.recognition)
            keys = []
        }
    }

    /// Why recognised joins of stations that never were members do not count.
    var reasons: [StationKey: Standing.Reason] {
        recognition.endorsements.keys.reduce(into: [:]) { reasons, log in
            let station = reading.causality.logs[log].station
            if members[station] == nil { reasons[station] = invitations.reasons[station] ?? .inviterVoid }
        }
    }

    // MARK: - Acts

    private mutating func listenToRecovery() -> Set<InviteKey> {
        guard let station = reading.recovery else { return [] }
        let voices = (reading.voices[station] ?? []).map { log in
            RosterVoice(log: log, first: 1, last: reading.causality.logs[log].last)
        }
        return listen(to: RosterAuthority(station: station, rank: .recovery, role: .admin, voices: voices))
    }

    /// Settles whether a member was removed, takes in what counts of its acts, and returns the invitations it issued.
    private mutating func listen(to member: RosterMember) -> Set<InviteKey> {
        guard let admission = reading.causality.index[member.rosterReplica] else { return [] }
        let voices = (reading.voices[member.station] ?? []).compactMap { log in
            recognition.firstEntry(of: log, after: admission).map { first in
                RosterVoice(log: log, first: first, last: reading.causality.logs[log].last)
            }
        }
        // All that was stated so far comes from those above the member. Only what they let stand of it can retire it.
        var outcome = removals.outcome(for: member.station)
        if addOwnRetirements(of: member, in: voices.map { $0.cut(by: outcome?.cut, in: reading) }) {
            outcome = removals.outcome(for: member.station)
        }
        removed[member.station] = outcome
        return listen(
            to: RosterAuthority(
                station: member.station, rank: member.rank, role: member.role,
                voices: voices.map { $0.cut(by: outcome?.cut, in: reading) }))
    }

    /// Adds the retirements that a station states of itself.
    ///
    /// - Returns: Whether there are any.
    private mutating func addOwnRetirements(of member: RosterMember, in voices: [RosterVoice]) -> Bool {
        var found = false
        for voice in voices where reading.authoritativeLogs.contains(voice.log) {
            for (place, act, body) in reading.acts(of: voice) {
                guard case .retire(member.station, let cut) = act else { continue }
                removals.add(
                    .retired, of: member.station, cut: cut, at: place, in: body, by: member.station, rank: member.rank)
                found = true
            }
        }
        return found
    }

    /// Takes in what counts of somebody's acts, and returns the invitations it issued.
    private mutating func listen(to author: RosterAuthority) -> Set<InviteKey> {
        authorities.append(author)
        var issued: Set<InviteKey> = []
        for voice in author.voices where reading.authoritativeLogs.contains(voice.log) {
            for (place, act, body) in reading.acts(of: voice) {
                if let key = invitations.listen(to: act, at: place, in: body, by: author) { issued.insert(key) }
                if author.may(.revoke) { listenForRemovals(to: act, at: place, in: body, by: author) }
            }
        }
        return issued
    }

    /// Takes in an act of removal or reinstatement. It concerns those who rank lower: all others are settled already.
    private mutating func listenForRemovals(
        to act: RosterAct, at place: ActPlace, in body: RosterBody, by author: RosterAuthority
    ) {
        switch act {
        case .revoke(let station, let cut):
            removals.add(.revoked, of: station, cut: cut, at: place, in: body, by: author.station, rank: author.rank)
        case .retire(let station, let cut) where station != author.station:
            removals.add(.retired, of: station, cut: cut, at: place, in: body, by: author.station, rank: author.rank)
        case .reinstate(let station, let entries):
            removals.addReinstatement(of: station, naming: entries, at: place, rank: author.rank)
        default:
            break
        }
    }
}
