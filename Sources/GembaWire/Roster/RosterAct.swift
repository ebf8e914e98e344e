public import GembaCausality

/// One act of membership.
///
/// What an act means depends on its author and on where it stands; see `Roster` in `GembaTrust`.
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
    /// Makes a generation of the plant's sealing key, or gives one to more stations. `wraps` are sorted by sealing key, one
    /// for each, at least one and at most ``Limits/epochWraps``.
    case epoch(EpochID, wraps: [EpochWrap])
    /// Ends a membership against the station's will. `cut` names, for logs of the station of either kind, the last entry that
    /// counts, sorted by replica; of logs that it does not name nothing counts after the genesis.
    case revoke(station: StationKey, cut: [ChangeReference])
    /// Ends a membership as it was planned; otherwise like ``revoke(station:cut:)``.
    case retire(station: StationKey, cut: [ChangeReference])
    /// Others do not wait for the member named any more. `head` is the last entry of its newest data log that the author
    /// held; nil when it held none.
    case lapse(station: StationKey, head: ChangeReference?)
    /// Ends the lapses of the author that it has seen.
    case returned
    /// The author's own new keys for links and for epoch keys; the greatest counter counts.
    case rekey(counter: UInt64, transport: TransportKey, sealing: SealingKey)
    /// Ends the removals of a station that the entries named hold; sorted by replica and sequence number, at least one.
    case reinstate(station: StationKey, removals: [ChangeReference])
    /// What the plant demands of its members; the greatest counter counts.
    case policy(counter: UInt64, flags: PlantPolicy)
    /// An act of a kind that this version does not know: kept and without effect.
    case unknown(kind: UInt64, encoded: [UInt8])
}
