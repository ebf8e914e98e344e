public import GembaCausality

/// The content of an entry in a roster log.
public struct RosterBody: Hashable, Sendable {
    /// When the author's hybrid clock says it happened.
    public var timestamp: HybridTimestamp
    /// 1 + the greatest lamport number of the author's previous entry and of all deps; a genesis has 0.
    public var lamport: UInt64
    /// The person who acted, as the station claims.
    public var actor: String
    /// Why, in the person's words; may be empty.
    public var reason: String
    /// What was done; never empty.
    public var acts: [RosterAct]

    /// Creates a body from its parts.
    public init(timestamp: HybridTimestamp, lamport: UInt64, actor: String, reason: String, acts: [RosterAct]) {
        self.timestamp = timestamp
        self.lamport = lamport
        self.actor = actor
        self.reason = reason
        self.acts = acts
    }
}

/// One act of membership.
public enum RosterAct: Hashable, Sendable {
    /// Opens an invitation for one station.
    case invite(key: InviteKey, role: Role, name: String, validForSeconds: UInt64)
    /// Always the first entry after the genesis of the joiner's roster log; `signature` is by the invite key.
    case join(invite: InviteKey, member: Member, signature: [UInt8])
    /// Settles two joins for one invitation: the roster log named is the one admitted.
    case admit(replica: ReplicaID)
    /// Ends an invitation.
    case close(invite: InviteKey)
    /// The author's own endpoints; the greatest counter counts.
    case endpoints(counter: UInt64, addresses: [String])
    /// Others do not wait for the member named any more. `head` is the last entry of its newest data log that the author
    /// held; nil when it held none.
    case lapse(station: StationKey, head: ChangeReference?)
    /// Ends the lapses of the author that it has seen.
    case returned
    /// An act of a kind that this version does not know: kept and without effect.
    case unknown(kind: UInt64, encoded: [UInt8])
}
