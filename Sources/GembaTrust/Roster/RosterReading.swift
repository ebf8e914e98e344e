internal import GembaCausality
internal import GembaWire

/// The first step of folding a roster: what the logs of one plant state, before anything is believed.
struct RosterReading {
    let plant: PlantID
    let causality: RosterCausality
    /// The index of the founder's log and what it founds, when it is held.
    let founder: (log: Int, founding: Founding)?
    /// For each log the join act it holds, if that is well formed.
    let claims: [JoinClaim?]
    /// The key that outranks all members, when the founder's log is held; nil also where the founder is its own recovery key,
    /// who outranks nobody but those it outranks as a member.
    let recovery: StationKey?
    /// The claims by invitation, as indices of logs.
    let claimsByKey: [InviteKey: [Int]]
    /// The logs of each station: the one of its admission and those of later incarnations.
    let voices: [StationKey: [Int]]
    /// The logs that state an invitation, close one or admit, remove a member or take one back.
    let authoritativeLogs: Set<Int>

    /// - Parameter histories: For each log its history, or several of a forked one. Those of other plants and kinds are passed over.
    init(plant: PlantID, histories: [[RosterLog]]) {
        self.plant = plant
        causality = RosterCausality(
            histories: histories.filter { histories in
                guard let log = histories.first else { return false }
                return log.genesis.kind == .roster && (log.genesis.plant ?? log.genesisHash.plant) == plant
                    && log.station.isAcceptable
            })
        let paths = causality.logs

        founder =
            paths.indices.lazy.compactMap { index in
                paths[index].first == 0 ? Self.founding(in: paths[index].genesis).map { (index, $0) } : nil
            }.first
        recovery = founder.flatMap { founder in
            founder.founding.recovery == paths[founder.log].station ? nil : founder.founding.recovery
        }
        claims = paths.indices.map { [causality] log in
            let path = paths[log]
            guard (path.first...path.last).contains(JoinClaim.sequence) else { return nil }
            return JoinClaim(
                log: log, entry: path.entry(at: JoinClaim.sequence), in: path.genesis,
                lamport: causality.lamport(of: log, at: JoinClaim.sequence))
        }
        claimsByKey = Dictionary(grouping: claims.compactMap { $0 }, by: \.invite).mapValues { $0.map(\.log) }
        voices = Dictionary(grouping: paths.indices, by: { paths[$0].station })
        authoritativeLogs = Set(paths.indices.filter { Self.holdsAuthority(paths[$0]) })
    }

    /// For each log the sequence number of its founding or join, as ``RosterCausality/survey(_:admissions:)`` takes it.
    var admissions: [Int?] {
        claims.indices.map { log in log == founder?.log ? 0 : claims[log].map { _ in JoinClaim.sequence } }
    }

    /// The founding in a genesis, when it is one that anybody may believe.
    static func founding(in genesis: Genesis) -> Founding? {
        guard let founding = genesis.founding, founding.founder.role == .admin,
            founding.founder.isAcceptable, founding.recovery.isAcceptable,
            NameRule.plant.permits(founding.plantName)
        else { return nil }
        return founding
    }

    private static func holdsAuthority(_ log: RosterPath) -> Bool {
        log.entries.contains { entry in
            entry.body?.acts.contains { act in
                switch act {
                case .invite, .admit, .close, .revoke, .retire, .reinstate: true
                case .join, .endpoints, .epoch, .lapse, .returned, .rekey, .policy, .unknown: false
                }
            } ?? false
        }
    }

    /// The acts of a log with their places, in the entries from one to another. A body that states another lamport number
    /// than its place in the graph gives it is invalid and its acts mean nothing.
    func acts(of log: Int, from first: Int, through last: Int = .max) -> some Sequence<StatedAct> {
        let path = causality.logs[log]
        let sequences = max(first, path.first, 1)..<max(first, path.first, 1, min(last, path.last) + 1)
        return sequences.lazy.flatMap { sequence -> [StatedAct] in
            let entry = path.entry(at: sequence)
            guard let body = entry.body, body.lamport == causality.lamport(of: log, at: sequence) else { return [] }
            return body.acts.enumerated().map { index, act in
                (ActPlace(log: log, sequence: sequence, index: index), act, body)
            }
        }
    }

    /// The acts of what counts of a log.
    func acts(of voice: RosterVoice) -> some Sequence<StatedAct> {
        acts(of: voice.log, from: voice.first, through: voice.last)
    }

    /// A place in the order in which acts are taken.
    func order(of place: ActPlace) -> RosterOrder {
        RosterOrder(
            height: causality.height(of: place.log, at: place.sequence),
            entry: causality.logs[place.log].entry(at: place.sequence).hash, index: place.index)
    }

    /// An act with its place and the body that states it.
    typealias StatedAct = (place: ActPlace, act: RosterAct, body: RosterBody)
}

/// Where an act stands: which log, entry, and position in the entry.
struct ActPlace: Hashable {
    var log: Int
    var sequence: Int
    var index: Int

    /// The entry in which it stands.
    var entry: RosterCausality.Place { .init(log: log, sequence: sequence) }
}

/// An invite act.
struct InviteAct: Hashable {
    var place: ActPlace
    var author: StationKey
    var key: InviteKey
    var role: Role
    var name: String
    var validForSeconds: UInt64
    var timestamp: HybridTimestamp
}

/// A join act in its place, well formed; whether an invitation stands behind it is another question.
struct JoinClaim {
    /// A join is always in the first entry after the genesis.
    static let sequence = 1

    let log: Int
    let station: StationKey
    let invite: InviteKey
    let member: Member
    let signature: [UInt8]
    let timestamp: HybridTimestamp
    /// The hash of the entry.
    let hash: ChangeHash

    /// Reads the join of a log: the only one in its entry 1, with acceptable keys and name.
    ///
    /// - Parameter lamport: The number that the entry has to state; nil when that is not known.
    init?(log index: Int, entry: RosterLog.Entry, in genesis: Genesis, lamport: @autoclosure () -> UInt64?) {
        guard genesis.founding == nil, let body = entry.body, body.lamport == lamport() else { return nil }
        let joins = body.acts.compactMap { act in
            if case .join(let invite, let member, let signature) = act { (invite, member, signature) } else { nil }
        }
        guard joins.count == 1, let (invite, member, signature) = joins.first,
            invite.isAcceptable, member.isAcceptable
        else { return nil }
        log = index
        station = genesis.station
        self.invite = invite
        self.member = member
        self.signature = signature
        timestamp = body.timestamp
        hash = entry.hash
    }

    /// Whether the holder of the invitation's secret signed this join.
    func isSigned(plant: PlantID) -> Bool {
        Ed25519.isValid(
            signature: signature, message: Member.joinSignedBytes(plant: plant, station: station, member: member),
            key: invite)
    }
}

extension Member {
    /// Whether name and keys obey the rules that do not depend on the rest of the roster.
    var isAcceptable: Bool { NameRule.station.permits(name) && transport.isAcceptable && sealing.isAcceptable }
}
