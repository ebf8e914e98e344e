internal import GembaCausality
internal import GembaWire

/// What came of invitations (P3 to P6), collected while the roster is settled from the top.
///
/// An invitation is settled once, at the first depth at which it has candidates:
///
/// 1. *Candidates* are the recognised joins that one of its counting invite acts endorses, save those of stations that are or
///    were members already.
/// 2. *Admit*: of the `admit` acts that name a candidate which they had seen, that of the highest-ranking author
///    counts, and of one author's the latest (greatest height, then hash, then place in the entry). Its candidate is
///    the member, whatever else happened.
/// 3. *Close*: otherwise a candidate is void when some `close` of its invitation had not seen it. A join and a close
///    that were made apart therefore end in favour of the close, until somebody admits the joiner. A token stolen later
///    is worth nothing then, however far back its holder dates the join; and a member whose join the close had seen
///    cannot be pushed out by a second one.
/// 4. *Contest*: if the candidates left are of one station, it is a member, by the join with the least hash; if of
///    several, none is.
/// 5. A station with valid joins by several invitations is a member by the one with the least hash.
struct RosterInvitations {
    /// Why candidates that became no members do not count.
    private(set) var reasons: [StationKey: Standing.Reason] = [:]

    private let reading: RosterReading
    private var issues: [InviteKey: [Issue]] = [:]
    private var closes: [InviteKey: [(place: ActPlace, depth: Int)]] = [:]
    private var admits: [ReplicaID: [(place: ActPlace, rank: RosterRank)]] = [:]
    private var outcomes: [InviteKey: Outcome] = [:]

    /// An invite act that counts, with the rank of its author.
    private struct Issue {
        var act: InviteAct
        var rank: RosterRank
    }

    /// What came of an invitation that somebody joined with.
    private struct Outcome {
        var state: Invitation.State
        var candidates: [JoinClaim]
    }

    init(_ reading: RosterReading) { self.reading = reading }

    // MARK: - Acts

    /// Takes in an act that counts, when it is on an invitation and its author has the right to it.
    ///
    /// - Returns: The invitation that it issues.
    mutating func listen(
        to act: RosterAct, at place: ActPlace, in body: RosterBody, by author: RosterAuthority
    ) -> InviteKey? {
        switch act {
        case .invite(let key, let role, let name, let validForSeconds) where author.may(.invite):
            let invite = InviteAct(
                place: place, author: author.station, key: key, role: role, name: name,
                validForSeconds: validForSeconds, timestamp: body.timestamp)
            issues[key, default: []].append(Issue(act: invite, rank: author.rank))
            return key
        case .admit(let replica) where author.may(.admit):
            admits[replica, default: []].append((place, author.rank))
        case .close(let key) where author.may(.closeInvitations):
            closes[key, default: []].append((place, author.rank.depth))
        default:
            break
        }
        return nil
    }

    // MARK: - Settling

    /// Settles the invitations that were just issued and returns the new members.
    ///
    /// - Parameter known: All that are or were members.
    mutating func settle(
        _ keys: Set<InviteKey>, known: Set<StationKey>, _ recognition: inout RosterRecognition
    ) -> [RosterMember] {
        var winners: [StationKey: RosterMember] = [:]
        for key in keys where outcomes[key] == nil {
            let candidates = candidates(for: key, known: known, recognition)
            guard !candidates.isEmpty else { continue }
            let admitted = admitted(among: candidates, &recognition)
            let left = admitted.map { [$0] } ?? candidates.filter { !isClosed(key, for: $0, &recognition) }
            let winner = Set(left.map(\.station)).count == 1 ? left.min { $0.hash < $1.hash } : nil
            let state: Invitation.State =
                winner.map { .used(by: $0.station) } ?? (left.isEmpty ? .closed : .contested)
            outcomes[key] = Outcome(state: state, candidates: candidates)

            for candidate in candidates where candidate.station != winner?.station {
                let reason: Standing.Reason =
                    admitted != nil ? .superseded : isClosed(key, for: candidate, &recognition) ? .closed : .contested
                reasons[candidate.station] = min(reason, reasons[candidate.station] ?? reason)
            }
            if let winner, let issue = principalIssue(of: key) {
                let member = RosterMember(
                    winner, in: reading, inviter: issue.act.author, depth: issue.rank.depth + 1,
                    isConfirmed: admitted != nil)
                winners[member.station] = winners[member.station].map { $0.rank < member.rank ? $0 : member } ?? member
            }
        }
        return Array(winners.values)
    }

    /// The joins that the invite acts with this key endorse.
    private func candidates(
        for key: InviteKey, known: Set<StationKey>, _ recognition: RosterRecognition
    ) -> [JoinClaim] {
        let heard = Set((issues[key] ?? []).map(\.act.place))
        return (reading.claimsByKey[key] ?? []).compactMap { log in
            guard let claim = reading.claims[log], !known.contains(claim.station), claim.station != reading.recovery,
                recognition.endorsements[log]?.contains(where: { heard.contains($0.place) }) == true
            else { return nil }
            return claim
        }
    }

    private func admitted(among candidates: [JoinClaim], _ recognition: inout RosterRecognition) -> JoinClaim? {
        typealias Decision = (claim: JoinClaim, rank: RosterRank, order: RosterOrder)
        var decisions: [Decision] = []
        for claim in candidates {
            for (place, rank) in admits[reading.causality.logs[claim.log].log] ?? []
            where recognition.hasSeen(claim, at: place) {
                decisions.append((claim, rank, reading.order(of: place)))
            }
        }
        // One act that names a forked log with two joins names both.
        return decisions.min { left, right in
            (left.rank, right.order, left.claim.hash) < (right.rank, left.order, right.claim.hash)
        }?.claim
    }

    private func isClosed(
        _ key: InviteKey, for claim: JoinClaim, _ recognition: inout RosterRecognition
    ) -> Bool {
        for (place, _) in closes[key] ?? [] where !recognition.hasSeen(claim, at: place) { return true }
        return false
    }

    /// Of the acts that issue one invitation, the one by the highest-ranking author, and of one author's the earliest.
    private func principalIssue(of key: InviteKey) -> Issue? { issues[key]?.min(by: precedes) }

    private func precedes(_ left: Issue, _ right: Issue) -> Bool {
        left.rank == right.rank
            ? reading.order(of: left.act.place) < reading.order(of: right.act.place) : left.rank < right.rank
    }

    // MARK: - Description

    /// The invitations that count, sorted by rank of the inviter and place.
    func described() -> [Invitation] {
        issues.keys.compactMap(principalIssue).sorted(by: precedes).map { issue in
            let key = issue.act.key
            let isClosed = closes[key]?.contains { $0.depth <= issue.rank.depth } ?? false
            let candidates = (outcomes[key]?.candidates ?? []).sorted { $0.hash < $1.hash }
            return Invitation(
                key: key, role: issue.act.role, name: issue.act.name, validForSeconds: issue.act.validForSeconds,
                issued: issue.act.timestamp, inviter: issue.act.author,
                state: outcomes[key]?.state ?? (isClosed ? .closed : .open), isClosed: isClosed,
                applicants: candidates.map { Invitation.Applicant($0, in: reading) })
        }
    }
}

extension Invitation.Applicant {
    fileprivate init(_ claim: JoinClaim, in reading: RosterReading) {
        let log = reading.causality.logs[claim.log]
        station = claim.station
        name = claim.member.name
        rosterReplica = log.log
        words = EnrolmentWords(
            plant: reading.plant, station: claim.station, member: claim.member, genesis: log.genesisHash)
    }
}
