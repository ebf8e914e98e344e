public import GembaCausality
public import GembaWire

/// A station that the roster counts as a member, with what is known of it.
public struct RosterMember: Hashable, Sendable {
    /// The station's identity.
    public let station: StationKey
    /// The name that its founding or join act gives.
    public let name: String
    /// The name to show: ``name``, or with a suffix when a station that enrolled earlier has the same one.
    public internal(set) var displayName: String
    /// The role, from which the rights follow.
    public let role: Role
    /// The key it proves on links: that of its newest re-keying, or of its founding or join act.
    public internal(set) var transport: TransportKey
    /// The key to which epoch keys are wrapped, likewise.
    public internal(set) var sealing: SealingKey
    /// All sealing keys that it has or had, oldest first: it holds what was wrapped to any of them.
    public internal(set) var sealingKeys: [SealingKey]
    /// The roster log that holds its founding or join act.
    public let rosterReplica: ReplicaID
    /// Where it stands in the order of authority.
    public let rank: RosterRank
    /// The invitation by which it came; nil for the founder.
    public let invitation: InviteKey?
    /// Who invited it: a member, a former member or the recovery key; nil for the founder.
    public let inviter: StationKey?
    /// Whether an `admit` act names its join, or it is the founder.
    public let isConfirmed: Bool
    /// When it enrolled, by its own clock; nil for the founder.
    public let enrolled: HybridTimestamp?
    /// Where it says that it can be reached; advisory.
    public internal(set) var endpoints: [String]

    /// Why others do not wait for it; nil for an active member.
    public internal(set) var lapse: Lapse?

    /// What an administrator declared about a member that was silent for long. It ends by the member's own return.
    public struct Lapse: Hashable, Sendable {
        /// Who declared it.
        public let author: StationKey
        /// When, by the author's clock.
        public let declared: HybridTimestamp
        /// The person who acted, as the author's station claims.
        public let actor: String
        /// Why; may be empty.
        public let reason: String
        /// The last entry of the member's newest data log that the author held; nil when it held none.
        public let head: ChangeReference?
    }

    /// Whether stability waits for it: whether nothing is folded or dropped that it has not acknowledged.
    public var isActive: Bool { lapse == nil }

    /// How many endpoints a station may state; an act with more has no effect.
    public static let maximumEndpoints = 8
    /// Bytes of an endpoint; an act with a longer one has no effect.
    public static let maximumEndpointBytes = 255

    /// Whether its role has a right.
    public func may(_ right: Rights) -> Bool { role.rights.isSuperset(of: right) }
}

/// A place in the total order of authority (T2): the recovery key, the founder, then by admission depth, then by the hash of
/// the join.
public struct RosterRank: Hashable, Comparable, Sendable {
    /// 0 for the founder and the recovery key, otherwise one more than the inviter's.
    public let depth: Int
    /// The hash of the entry that holds the join act, or of the founding genesis; zeros for the recovery key.
    public let admission: ChangeHash

    /// Creates a rank from its parts.
    public init(depth: Int, admission: ChangeHash) {
        self.depth = depth
        self.admission = admission
    }

    /// The rank of the recovery key, above all members.
    public static let recovery = RosterRank(depth: 0, admission: ChangeHash(rawValue: .init(high: 0, low: 0)))

    /// Whether the left ranks above the right.
    public static func < (left: Self, right: Self) -> Bool {
        left.depth == right.depth ? left.admission < right.admission : left.depth < right.depth
    }
}

/// What a roster says about a station key.
public enum Standing: Hashable, Sendable {
    /// A member in good standing.
    case member(RosterMember)
    /// It was a member, and was revoked or retired.
    case former(FormerMember)
    /// It holds a valid join, which does not count.
    case void(Reason)
    /// Nothing is known. That is not a refusal: an enrolment may not have arrived yet (T4).
    case unknown

    /// Why a valid join does not count. Of a station with several joins the first reason in this order is given: the one
    /// that people can most easily do something about.
    public enum Reason: Int, Hashable, Comparable, Sendable {
        /// Another station joined by the same invitation, and no `admit` names one of them.
        case contested
        /// An `admit` names another station that joined by the same invitation.
        case superseded
        /// The invitation was closed by one that had not seen the join.
        case closed
        /// The one who invited it is not a member, or not one that may invite.
        case inviterVoid

        /// Whether the left comes first in the order of declaration.
        public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }
}
