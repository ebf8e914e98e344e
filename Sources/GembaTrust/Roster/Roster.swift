internal import Crypto
public import GembaCausality
public import GembaWire

/// Who the members of a plant are, who was one, and which epochs of its sealing key there are: a pure fold over roster logs
/// (T1 to T6).
///
/// The same logs give the same roster, in whatever order they came. Folding is linear in entries and references for
/// each log that holds acts of authority; signatures of joins that an earlier roster verified are not verified again.
/// A roster is a value: fold it when a roster log grows, and keep it.
public struct Roster: Sendable {
    /// The plant.
    public let plant: PlantID
    /// The plant's name; nil while the founder's log is not held.
    public let plantName: String?
    /// The key that outranks all members; nil while the founder's log is not held.
    public let recovery: StationKey?
    /// The station that founded the plant; nil while its log is not held, and when it is no member any more.
    public var founder: RosterMember? { founderStation.flatMap { members[$0] } }
    /// All members in good standing.
    public let members: [StationKey: RosterMember]
    /// The stations that were members until they were revoked or retired.
    public let formerMembers: [StationKey: FormerMember]
    /// The generations of the plant's sealing key.
    public let epochs: [EpochID: Epoch]
    /// The epochs under which bodies may be sealed, newest first: those of which every holder is a member, as far as counting acts
    /// say who holds them, and of which no other station states anything, whether it counts or not. Whoever began an epoch beyond
    /// its cut knows the key, also when a member passed that on since.
    public let usableEpochs: [Epoch]
    /// What the plant demands of its members.
    public let policy: PlantPolicy
    /// The invitations that members issued, by rank of the inviter and then by age.
    public let invitations: [Invitation]
    /// What was folded, sorted by replica: for each log its history, or several of a forked one.
    public let logs: [RosterLog]
    /// The logs that belong in every replica's store: those of the founder, of the recovery key, and of every station whose
    /// join a valid invitation stands behind, whether it counts or not, and of their later incarnations.
    ///
    /// It only ever grows with the logs given, and depends on no order.
    public let recognisedLogs: Set<ReplicaID>
    /// SHA-256 over the canonical form of all that rosters decide: equal for two replicas exactly when members and
    /// former members with their keys, roles, endpoints, lapses and cuts, invitations, epochs and policy are.
    public let digest: RosterDigest

    let founderStation: StationKey?
    private let reasons: [StationKey: Standing.Reason]
    private let stationsByTransport: [TransportKey: [StationKey]]
    private let stationsByLog: [ReplicaID: StationKey]
    private let signatures: [ChangeHash: Bool]
    /// The invite acts that a join may have behind it, by invitation.
    let endorsers: [InviteKey: [Endorser]]
    /// The entries that admit a station, whether they count or not, by station.
    let admissions: [StationKey: [RosterCausality.Place]]
    /// Who had seen what.
    let causality: RosterCausality

    /// Folds roster logs.
    ///
    /// - Parameters:
    ///   - logs: Verified logs. Those of other plants have no effect. Several for one replica are histories of one log: what
    ///     they have in common counts once, and what they have not is a fork.
    ///   - earlier: A roster of the same plant, whose work on signatures is taken over.
    public init(plant: PlantID, logs: some Sequence<RosterLog>, reusing earlier: Roster? = nil) {
        let histories = Dictionary(grouping: logs, by: \.replica).sorted { $0.key < $1.key }
            .map { RosterLog.withoutRepetitions($0.value) }
        let reading = RosterReading(plant: plant, histories: histories)
        let recognition = RosterRecognition(
            reading, knownSignatures: earlier?.plant == plant ? earlier?.signatures ?? [:] : [:])
        let settlement = RosterSettlement(reading, recognition)
        let described = RosterDescription(reading, settlement).members
        let epochs = RosterEpochs(reading, settlement, members: described, former: Set(settlement.removed.keys))

        self.plant = plant
        formerMembers = settlement.removed.reduce(into: [:]) { former, element in
            former[element.key] = described[element.key].map { FormerMember($0, element.value, in: reading) }
        }
        self.epochs = epochs.epochs
        let members = described.filter { settlement.removed[$0.key] == nil }
        self.members = members
        let logs = histories.flatMap(\.self)
        self.logs = logs
        let exposed = Set(logs.lazy.filter { members[$0.station] == nil }.flatMap(\.statedEpochs))
        usableEpochs = epochs.epochs.values.filter { $0.isUsable && !exposed.contains($0.id) }
            .sorted { $0.order > $1.order }
        policy = epochs.policy
        causality = reading.causality
        plantName = reading.founder?.founding.plantName
        recovery = reading.founder?.founding.recovery
        founderStation = reading.founder.map { reading.causality.logs[$0.log].station }
        let invitations = settlement.invitations.described()
        self.invitations = invitations
        reasons = settlement.reasons
        recognisedLogs = Set(recognition.logs.map { reading.causality.logs[$0].log })
        signatures = recognition.signatures
        endorsers = Dictionary(grouping: recognition.invites, by: \.key).mapValues { $0.map(Endorser.init) }
        admissions = recognition.admissions.mapValues { logs in
            logs.map { RosterCausality.Place(log: $0, sequence: reading.admissions[$0] ?? 0) }
        }
        stationsByTransport = Dictionary(grouping: members.values) { $0.transport }
            .mapValues { $0.map(\.station).sorted() }
        stationsByLog = settlement.authorities.reduce(into: [:]) { result, author in
            for voice in author.voices { result[reading.causality.logs[voice.log].replica] = author.station }
        }
        digest = RosterDigest(
            plant: plant, members: members, formerMembers: formerMembers, invitations: invitations,
            epochs: epochs.epochs, policy: epochs.policy)
    }

    /// The roster with more or longer logs.
    public func extended(with newer: some Sequence<RosterLog>) -> Roster {
        Roster(plant: plant, logs: logs + Array(newer), reusing: self)
    }

    // MARK: - Questions

    /// What the roster says about a station.
    public func standing(of station: StationKey) -> Standing {
        if let member = members[station] { return .member(member) }
        if let member = formerMembers[station] { return .former(member) }
        return reasons[station].map { .void($0) } ?? .unknown
    }

    /// The member that a station is, or was until it was revoked or retired: what it did within its cut counts as it did before.
    public func presentOrFormerMember(_ station: StationKey) -> RosterMember? {
        members[station] ?? formerMembers[station]?.member
    }

    /// Whether a station holds a join that does not count. It may have been a member where not all was known yet, and have
    /// written: what members built on counts with what they wrote.
    public func isVoid(_ station: StationKey) -> Bool { reasons[station] != nil }

    /// Whether the roster says anything about a station: that it is or was a member, or holds a join that does not count.
    public func knows(_ station: StationKey) -> Bool { presentOrFormerMember(station) != nil || isVoid(station) }

    /// Whether there are joins that do not count.
    public var hasVoidJoins: Bool { !reasons.isEmpty }

    /// Whether a station's data logs may have entries: as a member, as one that was, or by a join that does not count.
    public func mayHaveWritten(_ station: StationKey) -> Bool {
        if let member = presentOrFormerMember(station) { return member.may(.writeData) }
        return (admissions[station] ?? []).contains { join in
            guard join.sequence > 0 else { return false }
            return causality.logs[join.log].entry(at: join.sequence).body?.acts.contains {
                if case .join(_, let member, _) = $0 { member.role.rights.isSuperset(of: .writeData) } else { false }
            } ?? false
        }
    }

    /// Whether memberships may rest on a station's acts: the recovery key, and members and former members that may invite.
    public func decidesOnMembers(_ station: StationKey) -> Bool {
        station == recovery || presentOrFormerMember(station)?.may(.invite) ?? false
    }

    /// Some logs, and what these build on: up to which entry of each log, on all its branches.
    public func history(of isWanted: (RosterLog) -> Bool) -> VersionVector {
        causality.history(
            of: logs.filter(isWanted).map { log in
                ChangeReference(replica: log.replica, sequence: log.last, prefix: log.end.prefix)
            })
    }

    /// The member that speaks through a roster log, or through a path of one that is forked: that of its admission or of a
    /// later incarnation.
    public func member(speakingThrough log: ReplicaID) -> RosterMember? {
        stationsByLog[log].flatMap { members[$0] }
    }

    /// The members that claim a transport key; more than one only if a station copied another's public key.
    ///
    /// A link proves the transport key, not the station. Whoever completes the handshake holds the key's private half
    /// and may speak for the member of this list that its hello names: a copier cannot complete it.
    public func members(withTransport key: TransportKey) -> [RosterMember] {
        (stationsByTransport[key] ?? []).compactMap { members[$0] }
    }

    /// The member that a link speaks for: proven by the transport key, named by the hello.
    public func member(withTransport key: TransportKey, claiming station: StationKey) -> RosterMember? {
        members[station].flatMap { $0.transport == key ? $0 : nil }
    }

    /// The invitation with a key, when a member issued it.
    public func invitation(_ key: InviteKey) -> Invitation? {
        invitations.first { $0.key == key }
    }

    /// The invitations that somebody can still join with.
    public var openInvitations: [Invitation] { invitations.filter { $0.state == .open } }

    /// The invitations of a station that served their purpose and should be closed, so that a second join with the same
    /// token, however it is dated, is void from the outset.
    public func spentInvitations(of inviter: StationKey) -> [Invitation] {
        invitations.filter { invitation in
            guard case .used = invitation.state else { return false }
            return invitation.inviter == inviter && !invitation.isClosed
        }
    }
}
