public import GembaCausality
public import GembaWire

/// An invitation that a member with the right issued, and what became of it.
public struct Invitation: Hashable, Sendable {
    /// The public key by which acts name it.
    public let key: InviteKey
    /// The role it gives.
    public let role: Role
    /// The suggested name; may be empty.
    public let name: String
    /// For how many seconds it was meant to be open. Only the inviter's clock judges that; it then issues a `close`.
    public let validForSeconds: UInt64
    /// When it was issued, by the inviter's clock.
    public let issued: HybridTimestamp
    /// Who issued it.
    public let inviter: StationKey
    /// What became of it.
    public let state: State
    /// Whether a `close` counts: no join that its author had not seen is valid any more, unless an `admit` names it.
    public let isClosed: Bool
    /// All stations that made a valid join with it, sorted by rank; a person who settles a contest chooses among them.
    public let applicants: [Applicant]

    /// What became of an invitation.
    public enum State: Hashable, Sendable {
        /// Nobody has joined with it yet.
        case open
        /// It made this station a member.
        case used(by: StationKey)
        /// Several stations joined with it and none is a member until an `admit` names one.
        case contested
        /// It ended without making anybody a member.
        case closed
    }

    /// A station that holds a valid join.
    public struct Applicant: Hashable, Sendable {
        /// The station.
        public let station: StationKey
        /// The name it gave.
        public let name: String
        /// Its roster log, by which an `admit` names it.
        public let rosterReplica: ReplicaID
        /// What people compare with the words that the joining station shows, before they admit it.
        public let words: EnrolmentWords
    }
}
