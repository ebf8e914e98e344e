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
