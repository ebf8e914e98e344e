internal import GembaCausality
internal import GembaWire

/// The second step of folding a roster: which joins an invitation stands behind.
///
/// A join is *recognised* when its past, by hash, holds an invite act with its key and its role, whose author is the
/// founder, the recovery key or itself recognised with the right to invite, and when the invitation's key signed it. Contests,
/// closed invitations and removals are left to ``RosterSettlement``. So recognition depends on nothing but a join's own past and only ever
/// grows; it decides which roster logs are stored, on every replica alike.
struct RosterRecognition {
    /// The recognised joins by log, each with the invite acts behind it.
    private(set) var endorsements: [Int: [InviteAct]] = [:]
    /// All recognised logs: the founder's, those of the recovery key and of recognised joins, and later incarnations of their stations.
    private(set) var logs: Set<Int> = []
    /// All invite acts of founder and recognised stations that may invite.
    private(set) var invites: Set<InviteAct> = []
    /// The logs that hold the founding or a recognised join, by station.
    private(set) var admissions: [StationKey: [Int]] = [:]
    /// The verdict on the signature of every join that was looked at, by the hash of its entry.
    private(set) var signatures: [ChangeHash: Bool]
    /// Surveys of the logs that hold acts of authority or continue others.
    private(set) var surveys: [Int: RosterCausality.Survey] = [:]

    private let reading: RosterReading
    private let admissionEntries: [Int?]

    /// - Parameter signatures: Verdicts of an earlier fold, so that no signature is verified twice.
    init(_ reading: RosterReading, knownSignatures signatures: [ChangeHash: Bool]) {
        self.reading = reading
        self.signatures = signatures
        admissionEntries = reading.admissions
        guard let founder = reading.founder else { return }
        logs.insert(founder.log)
        var pending = [(log: founder.log, role: founder.founding.founder.role)]
        for log in reading.recovery.flatMap({ reading.voices[$0] }) ?? [] {
            logs.insert(log)
            pending += listen(to: log, admittedBy: log, role: .admin)
        }
        while let (log, role) = pending.popLast() {
            let station = reading.causality.logs[log].station
            admissions[station, default: []].append(log)
            for voice in reading.voices[station] ?? [] {
                pending += listen(to: voice, admittedBy: log, role: role)
            }
        }
    }

    /// Takes in the invite acts of one log of a recognised station, and returns the joins that are recognised by them
    /// for the first time.
    private mutating func listen(to voice: Int, admittedBy log: Int, role: Role) -> [(log: Int, role: Role)] {
        guard voice == log || reading.claims[voice] == nil || reading.authoritativeLogs.contains(voice),
            let first = firstEntry(of: voice, after: log)
        else { return [] }
        // A log without a join of its own continues the station when it has seen the station's admission.
        if reading.claims[voice] == nil { logs.insert(voice) }
        guard role.rights.contains(.invite), reading.authoritativeLogs.contains(voice) else { return [] }

        var recognised: [(log: Int, role: Role)] = []
        let survey = survey(of: voice)
        for (place, act, body) in reading.acts(of: voice, from: first) {
            guard case .invite(let key, let role, let name, let validForSeconds) = act else { continue }
            let invite = InviteAct(
                place: place, author: reading.causality.logs[voice].station, key: key, role: role, name: name,
                validForSeconds: validForSeconds, timestamp: body.timestamp)
            invites.insert(invite)
            for joiner in reading.claimsByKey[key] ?? [] where survey.isSeenByAdmission(of: joiner, at: place.sequence)
            {
                guard let claim = reading.claims[joiner], claim.member.role == role, isSigned(claim) else { continue }
                if endorsements[joiner] == nil { recognised.append((joiner, role)) }
                if endorsements[joiner]?.contains(invite) != true { endorsements[joiner, default: []].append(invite) }
                logs.insert(joiner)
            }
        }
        return recognised
    }

    /// The first entry, after the genesis, of a station's log from which it speaks as a member admitted by another log;
    /// nil when there is none.
    ///
    /// A station may have several roster logs: that of its admission, one for each later incarnation, and what hangs on forks of
    /// these.
    mutating func firstEntry(of voice: Int, after log: Int) -> Int? {
        if voice == log { return 1 }
        let survey = survey(of: voice)
        let path = reading.causality.logs[voice]
        guard survey.hasSeenAdmission(of: log, at: path.last) else { return nil }
        // Seeing never ends once it has begun.
        return (path.first...path.last).first { survey.hasSeenAdmission(of: log, at: $0) }.map { max($0, 1) }
    }

    /// The survey of a log, made when it is first asked for.
    mutating func survey(of log: Int) -> RosterCausality.Survey {
        if let survey = surveys[log] { return survey }
        let survey = reading.causality.survey(log, admissions: admissionEntries)
        surveys[log] = survey
        return survey
    }

    /// Whether an act had seen a join.
    mutating func hasSeen(_ claim: JoinClaim, at place: ActPlace) -> Bool {
        survey(of: place.log).hasSeenAdmission(of: claim.log, at: place.sequence)
    }

    private mutating func isSigned(_ claim: JoinClaim) -> Bool {
        if let verdict = signatures[claim.hash] { return verdict }
        let verdict = claim.isSigned(plant: reading.plant)
        signatures[claim.hash] = verdict
        return verdict
    }
}
