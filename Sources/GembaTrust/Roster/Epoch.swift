public import GembaCausality
public import GembaWire

/// A generation of the plant's sealing key, as the roster knows it: its name and who was given the key (T5).
public struct Epoch: Hashable, Sendable {
    /// The name, which follows from the key.
    public let id: EpochID
    /// Who made it: the author of the first act that counts.
    public let author: StationKey
    /// When, by the author's clock.
    public let made: HybridTimestamp
    /// The place of the first act; the greatest is that of the newest epoch.
    public let order: RosterOrder
    /// The key as it was wrapped, for each sealing key in the order of the acts. Of several for one key the first need not be
    /// the right one: what does not unwrap to the key of this name is to be ignored.
    public let wraps: [SealingKey: [EpochWrap]]
    /// The members and former members to one of whose sealing keys, present or past, it was wrapped.
    public let recipients: Set<StationKey>
    /// Whether bodies may be sealed under it: every key that it was wrapped to is or was that of a member in good standing
    /// that may be given epoch keys.
    ///
    /// Whoever copies a member's public key into its own statement gains and spoils nothing by that.
    public let isUsable: Bool
}
