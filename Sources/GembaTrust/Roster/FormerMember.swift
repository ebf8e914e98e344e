public import GembaCausality
public import GembaWire

/// A station that was a member until it was revoked or retired.
public struct FormerMember: Hashable, Sendable {
    /// The member as it was: its rank and name stay taken, and what it stated within ``cut`` counts.
    public let member: RosterMember
    /// How the membership ended.
    public let kind: Kind
    /// Who ended it: a member, the recovery key, or for a retirement the station itself.
    public let author: StationKey
    /// When, by the author's clock.
    public let declared: HybridTimestamp
    /// The person who acted, as the author's station claims.
    public let actor: String
    /// Why; may be empty.
    public let reason: String
    /// For each log of the station, of either kind, the last entry that counts. Of a log that is not named nothing counts
    /// after its genesis.
    ///
    /// For roster logs it is what the fold went by; references to data logs are those of the removals, and whoever holds the
    /// logs has to compare the hashes.
    public let cut: [ReplicaID: ChangeReference]
    /// The entries that hold the removals which no reinstatement ended, sorted by replica and sequence number: what a
    /// reinstatement has to name.
    public let removals: [ChangeReference]
    /// The highest rank among the authors of these removals: who ranks lower cannot reinstate the station.
    public let removedBy: RosterRank

    /// How a membership can end.
    public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
        /// Planned: the machine was taken out of service.
        case retired = 0
        /// Against the will of whoever holds the station.
        case revoked = 1
    }

    /// The last entry of a log of the station that counts: 0 where only the genesis does.
    public func lastCounting(in log: ReplicaID) -> SequenceNumber { cut[log]?.sequence ?? 0 }
}
