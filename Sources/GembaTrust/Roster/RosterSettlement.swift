internal import GembaCausality
internal import GembaWire

/// The third step of folding a roster: which recognised joins count.
///
/// Members are settled in order of admission depth: the founder, those invited by the founder, those invited by these,
/// and so on. Each invitation is settled once, at the first depth at which it has candidates. Whether a station is a member is settled by acts of members of smaller depth alone, so its own validity
/// is settled before its acts count and no act removes a member of higher rank (T2). At each depth, for an invitation
/// issued by members of the depth before:
///
/// 1. *Acts* count when their author is a member with the right whose admission is in the act's past. Those on an
///    invitation count from members at most as deep as its inviter.
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
    /// The members.
    private(set) var members: [StationKey: RosterMember] = [:]
    /// The logs of each member through which it speaks, each with the first entry that counts.
    private(set) var voices: [StationKey: [(log: Int, first: Int)]] = [:]
    /// Why recognised joins of stations that are no members do not count.
    private(set) var reasons: [StationKey: Standing.Reason] = [:]
    /// The invitations that count, sorted by rank of the inviter and place.
    private(set) var invitations: [Invitation] = []

    private let reading: RosterReading
    private var recognition: RosterRecognition

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
        guard let founder = reading.founder else { return }
        var newcomers = [Self.member(founder: founder.founding, log: reading.causality.logs[founder.log])]
        while !newcomers.isEmpty {
            for member in newcomers { members[member.station] = member }
            var keys: Set<InviteKey> = []
            for member in newcomers { keys.formUnion(listen(to: member)) }
            newcomers = settle(keys)
        }
        describeInvitations()
        explainOthers()
    }

    // MARK: - Acts

    /// Takes in what a settled member states, and returns the invitations it issued.
    private mutating func listen(to member: RosterMember) -> Set<InviteKey> {
        guard let admission = reading.causality.index[member.rosterReplica] else { return [] }
        var issued: Set<InviteKey> = []
        for voice in reading.voices[member.station] ?? [] {
            guard let first = recognition.firstEntry(of: voice, after: admission) else { continue }
            voices[member.station, default: []].append((voice, first))
            guard reading.authoritativeLogs.contains(voice) else { continue }
            for (place, act, body) in reading.acts(of: voice, from: first) {
                switch act {
                case .invite(let key, let role, let name, let validForSeconds) where member.may(.invite):
                    invites[key, default: []].append(
                        InviteAct(
                            place: place, author: member.station, key: key, role: role, name: name,
                            validForSeconds: validForSeconds, timestamp: body.timestamp))
                    issued.insert(key)
                case .admit(let replica) where member.may(.admit):
                    admits[replica, default: []].append((place, member.rank))
                case .close(let key) where member.may(.closeInvitations):
                    closes[key, default: []].append((place, member.rank.depth))
                default:
                    continue
                }
            }
        }
        return issued
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
            guard let claim = reading.claims[log], members[claim.station] == nil,
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

    /// A total order that extends causality among the acts of one author.
    private func isLater(_ left: ActPlace, than right: ActPlace) -> Bool {
        func key(_ place: ActPlace) -> (Int, ChangeHash, Int) {
            let log = reading.causality.logs[place.log]
            let height = reading.causality.height(of: place.log, at: place.sequence)
            return (height, log.entries[place.sequence - 1].hash, place.index)
        }
        return key(left) > key(right)
    }

    // MARK: - Members

    private static func member(founder founding: Founding, log: RosterLog) -> RosterMember {
        RosterMember(
            station: log.station, name: founding.founder.name, displayName: founding.founder.name,
            role: founding.founder.role, transport: founding.founder.transport, sealing: founding.founder.sealing,
            rosterReplica: log.replica, rank: RosterRank(depth: 0, admission: log.genesisHash), invitation: nil,
            inviter: nil, isConfirmed: true, enrolled: nil, endpoints: [])
    }

    private func member(by claim: JoinClaim, isConfirmed: Bool) -> RosterMember? {
        guard let invite = principalInvite(claim.invite), let inviter = members[invite.author] else { return nil }
        return RosterMember(
            station: claim.station, name: claim.member.name, displayName: claim.member.name, role: claim.member.role,
            transport: claim.member.transport, sealing: claim.member.sealing,
            rosterReplica: reading.causality.logs[claim.log].replica,
            rank: RosterRank(depth: inviter.rank.depth + 1, admission: claim.hash), invitation: claim.invite,
            inviter: invite.author, isConfirmed: isConfirmed, enrolled: claim.timestamp, endpoints: [])
    }

    /// Of the acts that issue one invitation, the one by the highest-ranking author, and of one author's the earliest.
    private func principalInvite(_ key: InviteKey) -> InviteAct? {
        invites[key]?.min { left, right in
            guard let leftRank = members[left.author]?.rank, let rightRank = members[right.author]?.rank else {
                return false
            }
            return leftRank == rightRank ? isLater(right.place, than: left.place) : leftRank < rightRank
        }
    }

    // MARK: - Description

    private mutating func describeInvitations() {
        var described: [(Invitation, InviteAct)] = []
        for key in invites.keys {
            guard let invite = principalInvite(key), let inviter = members[invite.author] else { continue }
            let isClosed = closes[key]?.contains { $0.depth <= inviter.rank.depth } ?? false
            let outcome = outcomes[key]
            let applicants = (outcome?.candidates ?? []).sorted { $0.hash < $1.hash }.map { claim in
                Invitation.Applicant(
                    station: claim.station, name: claim.member.name,
                    rosterReplica: reading.causality.logs[claim.log].replica)
            }
            let invitation = Invitation(
                key: key, role: invite.role, name: invite.name, validForSeconds: invite.validForSeconds,
                issued: invite.timestamp, inviter: invite.author, state: outcome?.state ?? (isClosed ? .closed : .open),
                isClosed: isClosed, applicants: applicants)
            described.append((invitation, invite))
        }
        invitations = described.sorted { left, right in
            guard let leftRank = members[left.1.author]?.rank, let rightRank = members[right.1.author]?.rank else {
                return false
            }
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
