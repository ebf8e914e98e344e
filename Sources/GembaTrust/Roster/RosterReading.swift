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
    /// The claims by invitation, as indices of logs.
    let claimsByKey: [InviteKey: [Int]]
    /// The logs of each station: the one of its admission and those of later incarnations.
    let voices: [StationKey: [Int]]
    /// The logs that state an invitation, close one or admit.
    let authoritativeLogs: Set<Int>

    /// - Parameter logs: One for each replica; those of other plants and kinds are passed over.
    init(plant: PlantID, logs: [RosterLog]) {
        let logs = logs.filter { log in
            log.genesis.kind == .roster && (log.genesis.plant ?? log.genesisHash.plant) == plant
                && log.station.isAcceptable
        }
        self.plant = plant
        causality = RosterCausality(logs: logs)
        let sorted = causality.logs

        founder =
            sorted.indices.lazy.compactMap { index in
                Self.founding(of: sorted[index]).map { (index, $0) }
            }.first
        claims = sorted.indices.map { [causality] log in
            JoinClaim(log: log, in: sorted[log], lamport: causality.lamport(of: log, at: JoinClaim.sequence))
        }
        claimsByKey = Dictionary(grouping: claims.compactMap { $0 }, by: \.invite).mapValues { $0.map(\.log) }
        voices = Dictionary(grouping: sorted.indices, by: { sorted[$0].station })
        authoritativeLogs = Set(sorted.indices.filter { Self.holdsAuthority(sorted[$0]) })
    }

    /// For each log the sequence number of its founding or join, as ``RosterCausality/survey(_:admissions:)`` takes it.
    var admissions: [Int?] {
        claims.indices.map { log in log == founder?.log ? 0 : claims[log].map { _ in JoinClaim.sequence } }
    }

    /// The founding in a log, when it is one that anybody may believe.
    static func founding(of log: RosterLog) -> Founding? {
        guard let founding = log.genesis.founding, founding.founder.role == .admin,
            founding.founder.isAcceptable, founding.recovery.isAcceptable,
            NameRule.plant.permits(founding.plantName)
        else { return nil }
        return founding
    }

    private static func holdsAuthority(_ log: RosterLog) -> Bool {
        log.entries.contains { entry in
            entry.body?.acts.contains { act in
                switch act {
                case .invite, .admit, .close: true
                case .join, .endpoints, .epoch, .revoke, .retire, .lapse, .returned, .rekey, .reinstate, .policy,
                    .unknown:
                    false
                }
            } ?? false
        }
    }

    /// The acts of a log with their places, from an entry on. A body that states another lamport number than its place in
    /// the graph gives it is invalid and its acts mean nothing.
    func acts(of log: Int, from first: Int = 1) -> some Sequence<StatedAct> {
        causality.logs[log].entries.enumerated().dropFirst(first - 1).lazy.flatMap { offset, entry -> [StatedAct] in
            let sequence = offset + 1
            guard let body = entry.body, body.lamport == causality.lamport(of: log, at: sequence) else { return [] }
            return body.acts.enumerated().map { index, act in
                (ActPlace(log: log, sequence: sequence, index: index), act, body)
            }
        }
    }

    /// An act with its place and the body that states it.
    typealias StatedAct = (place: ActPlace, act: RosterAct, body: RosterBody)
}

/// Where an act stands: which log, entry, and position in the entry.
struct ActPlace: Hashable {
    var log: Int
    var sequence: Int
    var index: Int
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

    /// Reads the join of a log: the only one in entry 1, with acceptable keys and name.
    ///
    /// - Parameter lamport: The number that the entry has to state; nil when that is not known.
    init?(log index: Int, in log: RosterLog, lamport: @autoclosure () -> UInt64?) {
        guard log.genesis.founding == nil, let entry = log.entries.first, let body = entry.body,
            body.lamport == lamport()
        else { return nil }
        let joins = body.acts.compactMap { act in
            if case .join(let invite, let member, let signature) = act { (invite, member, signature) } else { nil }
        }
        guard joins.count == 1, let (invite, member, signature) = joins.first,
            invite.isAcceptable, member.isAcceptable
        else { return nil }
        self.log = index
        station = log.station
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
