internal import GembaCausality
internal import GembaWire

/// The third step of folding a roster: which recognised joins count.
///
/// Members are settled in order of admission depth: the founder, those invited by the founder, those invited by these,
/// and so on. Each invitation is settled once, at the first depth at which it has candidates. Within a depth members are
/// heard in the order of rank, the recovery key before all. Whether a station is a member, and where its logs are cut if it was
/// removed, is settled by acts of smaller ranks alone, so its own validity is settled before its acts count and no act removes
/// a member of higher rank (T2). At each depth, for an invitation issued by members of the depth before:
///
/// 1. *Acts* count when their author is a member with the right whose admission is in the act's past, and who was not
///    removed with a cut before the act. Those on an invitation count from members at most as deep as its inviter.
/// 2. *Candidates* are the recognised joins that such an invite act endorses, save those of stations that are members
///    already.
/// 3. *Admit*: of the `admit` acts that name a candidate which they had seen, that of the highest-ranking author
///    counts, and of one author's the latest (greatest height, then hash, then place in the entry). Its candidate is
///    the member, whatever else happened.
/// 4. *Close*: otherwise a candidate is void when some `close` of its invitation had not seen it. A join and a close
///    that were made apart therefore end in favour of the close, until somebody admits the joiner. A token stolen later
///    is worth nothing then, however far back its holder dates the join; and a member whose join the close had seen
///    cannot be pushed out by a second one.
/// 5. *Contest*: if the candidates left are of one station, it is a member, by the join with the least hash; if of
///    several, none is.
/// 6. A station with valid joins by several invitations is a member by the one with the least hash.
///
/// Every step looks at a set, never at an order of arrival.
struct RosterSettlement {
    /// The members and former members.
    private(set) var members: [StationKey: RosterMember] = [:]
    /// How and where those of them were removed that were.
    private(set) var removed: [StationKey: RosterRemovals.Outcome] = [:]
    /// All whose acts count, in the order of rank: members, former members up to their cuts, and the recovery key.
    private(set) var authorities: [RosterAuthority] = []
    /// Why recognised joins of stations that are no members do not count.
    private(set) var reasons: [StationKey: Standing.Reason] = [:]
    /// The invitations that count, sorted by rank of the inviter and place.
    private(set) var invitations: [Invitation] = []

    private let reading: RosterReading
    private var recognition: RosterRecognition
    private var removals: RosterRemovals

    private var ranks: [StationKey: RosterRank] = [:]
    private var invites: [InviteKey: [InviteAct]] = [:]
    private var closes: [InviteKey: [(place: ActPlace, depth: Int)]] = [:]
    private var admits: [ReplicaID: [(place: ActPlace, rank: RosterRank)]] = [:]
    private var outcomes: [InviteKey: Outcome] = [:]

    /// What came of an invitation that somebody joined with.
    private struct Outcome {
        var state: Invitation.State
        var candidates: [JoinClaim]
    }

    init(_ reading: RosterReading, _ recognition: RosterRecognition) {
        self.reading = reading
        self.recognition = recognition
        removals = RosterRemovals(reading)
        guard let founder = reading.founder else { return }
        var keys = listenToRecovery()
        var newcomers = [Self.member(founder: founder.founding, log: reading.causality.logs[founder.log])]
        while !newcomers.isEmpty {
            for member in newcomers { members[member.station] = member }
            for member in newcomers.sorted(by: { $0.rank < $1.rank }) { keys.formUnion(listen(to: member)) }
            newcomers = settle(keys)
            keys = []
        }
        describeInvitations()
        explainOthers()
    }

    // MARK: - Acts

    private mutating func listenToRecovery() -> Set<InviteKey> {
        guard let station = reading.recovery else { return [] }
        let voices = (reading.voices[station] ?? []).map { log in
            RosterVoice(log: log, first: 1, last: Int(reading.causality.logs[log].last))
        }
        return listen(to: RosterAuthority(station: station, rank: .recovery, role: .admin, voices: voices))
    }

    /// Settles whether a member was removed, takes in what counts of its acts, and returns the invitations it issued.
    private mutating func listen(to member: RosterMember) -> Set<InviteKey> {
        guard let admission = reading.causality.index[member.rosterReplica] else { return [] }
        let voices = (reading.voices[member.station] ?? []).compactMap { log in
            recognition.firstEntry(of: log, after: admission).map { first in
                RosterVoice(log: log, first: first, last: Int(reading.causality.logs[log].last))
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
        ranks[author.station] = author.rank
        authorities.append(author)
        var issued: Set<InviteKey> = []
        for voice in author.voices where reading.authoritativeLogs.contains(voice.log) {
            for (place, act, body) in reading.acts(of: voice) {
                switch act {
                case .invite(let key, let role, let name, let validForSeconds) where author.may(.invite):
                    invites[key, default: []].append(
                        InviteAct(
                            place: place, author: author.station, key: key, role: role, name: name,
                            validForSeconds: validForSeconds, timestamp: body.timestamp))
                    issued.insert(key)
                case .admit(let replica) where author.may(.admit):
                    admits[replica, default: []].append((place, author.rank))
                case .close(let key) where author.may(.closeInvitations):
                    closes[key, default: []].append((place, author.rank.depth))
                default:
                    if author.may(.revoke) { listen(to: act, at: place, in: body, by: author) }
                }
            }
        }
        return issued
    }

    /// Takes in an act of removal or reinstatement. It concerns those who rank lower: all others are settled already.
    private mutating func listen(
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

    // MARK: - Invitations

    /// Settles the invitations that were just issued and returns the new members.
    private mutating func settle(_ keys: Set<InviteKey>) -> [RosterMember] {
        var winners: [StationKey: RosterMember] = [:]
        for key in keys where outcomes[key] == nil {
            let candidates = candidates(for: key)
            guard !candidates.isEmpty else { continue }
            let admitted = admitted(among: candidates)
            let left = admitted.map { [$0] } ?? candidates.filter { !isClosed(key, for: $0) }
            let winner = Set(left.map(\.station)).count == 1 ? left.min { $0.hash < $1.hash } : nil
            let state: Invitation.State =
                winner.map { .used(by: $0.station) } ?? (left.isEmpty ? .closed : .contested)
            outcomes[key] = Outcome(state: state, candidates: candidates)

            for candidate in candidates where candidate.station != winner?.station {
                let reason: Standing.Reason =
                    admitted != nil ? .superseded : isClosed(key, for: candidate) ? .closed : .contested
                reasons[candidate.station] = min(reason, reasons[candidate.station] ?? reason)
            }
            if let winner, let member = member(by: winner, isConfirmed: admitted != nil) {
                let rival = winners[member.station]
                winners[member.station] = rival.map { min($0, member, by: \.rank) } ?? member
            }
        }
        return Array(winners.values)
    }

    /// The joins that the invite acts with this key endorse.
    private func candidates(for key: InviteKey) -> [JoinClaim] {
        let heard = Set((invites[key] ?? []).map(\.place))
        return (reading.claimsByKey[key] ?? []).compactMap { log in
            guard let claim = reading.claims[log], members[claim.station] == nil, claim.station != reading.recovery,
                recognition.endorsements[log]?.contains(where: { heard.contains($0.place) }) == true
            else { return nil }
            return claim
        }
    }

    private mutating func admitted(among candidates: [JoinClaim]) -> JoinClaim? {
        typealias Decision = (claim: JoinClaim, rank: RosterRank, place: ActPlace)
        var decisions: [Decision] = []
        for claim in candidates {
            for (place, rank) in admits[reading.causality.logs[claim.log].replica] ?? []
            where hasSeen(claim, at: place) {
                decisions.append((claim, rank, place))
            }
        }
        return decisions.min { left, right in
            left.rank == right.rank ? isLater(left.place, than: right.place) : left.rank < right.rank
        }?.claim
    }

    private mutating func isClosed(_ key: InviteKey, for claim: JoinClaim) -> Bool {
        for (place, _) in closes[key] ?? [] where !hasSeen(claim, at: place) { return true }
        return false
    }

    private mutating func hasSeen(_ claim: JoinClaim, at place: ActPlace) -> Bool {
        recognition.survey(of: place.log).hasSeenAdmission(of: claim.log, at: place.sequence)
    }

    private func isLater(_ left: ActPlace, than right: ActPlace) -> Bool {
        reading.order(of: left) > reading.order(of: right)
    }

    // MARK: - Members

    private static func member(founder founding: Founding, log: RosterLog) -> RosterMember {
        RosterMember(
            station: log.station, name: founding.founder.name, displayName: founding.founder.name,
            role: founding.founder.role, transport: founding.founder.transport, sealing: founding.founder.sealing,
            sealingKeys: [founding.founder.sealing],
            rosterReplica: log.replica, rank: RosterRank(depth: 0, admission: log.genesisHash), invitation: nil,
            inviter: nil, isConfirmed: true, enrolled: nil, endpoints: [])
    }

    private func member(by claim: JoinClaim, isConfirmed: Bool) -> RosterMember? {
        guard let invite = principalInvite(claim.invite), let inviter = ranks[invite.author] else { return nil }
        return RosterMember(
            station: claim.station, name: claim.member.name, displayName: claim.member.name, role: claim.member.role,
            transport: claim.member.transport, sealing: claim.member.sealing, sealingKeys: [claim.member.sealing],
            rosterReplica: reading.causality.logs[claim.log].replica,
            rank: RosterRank(depth: inviter.depth + 1, admission: claim.hash), invitation: claim.invite,
            inviter: invite.author, isConfirmed: isConfirmed, enrolled: claim.timestamp, endpoints: [])
    }

    /// Of the acts that issue one invitation, the one by the highest-ranking author, and of one author's the earliest.
    private func principalInvite(_ key: InviteKey) -> InviteAct? {
        invites[key]?.min { left, right in
            guard let leftRank = ranks[left.author], let rightRank = ranks[right.author] else { return false }
            return leftRank == rightRank ? isLater(right.place, than: left.place) : leftRank < rightRank
        }
    }

    // MARK: - Description

    private mutating func describeInvitations() {
        var described: [(Invitation, InviteAct)] = []
        for key in invites.keys {
            guard let invite = principalInvite(key), let inviter = ranks[invite.author] else { continue }
            let isClosed = closes[key]?.contains { $0.depth <= inviter.depth } ?? false
            let outcome = outcomes[key]
            let applicants = (outcome?.candidates ?? []).sorted { $0.hash < $1.hash }.map { claim in
                let log = reading.causality.logs[claim.log]
                return Invitation.Applicant(
                    station: claim.station, name: claim.member.name, rosterReplica: log.replica,
                    words: EnrolmentWords(
                        plant: reading.plant, station: claim.station, member: claim.member, genesis: log.genesisHash))
            }
            let invitation = Invitation(
                key: key, role: invite.role, name: invite.name, validForSeconds: invite.validForSeconds,
                issued: invite.timestamp, inviter: invite.author, state: outcome?.state ?? (isClosed ? .closed : .open),
                isClosed: isClosed, applicants: applicants)
            described.append((invitation, invite))
        }
        invitations = described.sorted { left, right in
            guard let leftRank = ranks[left.1.author], let rightRank = ranks[right.1.author] else { return false }
            return leftRank == rightRank ? isLater(right.1.place, than: left.1.place) : leftRank < rightRank
        }.map(\.0)
    }

    private mutating func explainOthers() {
        for log in recognition.endorsements.keys {
            let station = reading.causality.logs[log].station
            if members[station] != nil {
                reasons[station] = nil
            } else if reasons[station] == nil {
                reasons[station] = .inviterVoid
            }
        }
    }
}

private func min<Value, Key: Comparable>(_ left: Value, _ right: Value, by key: KeyPath<Value, Key>) -> Value {
    right[keyPath: key] < left[keyPath: key] ? right : left
}
