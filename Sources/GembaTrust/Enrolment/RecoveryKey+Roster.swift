public import GembaCausality
public import GembaWire

/// Acts of the recovery key (T2): above all members, with the rights of an admin.
extension RecoveryKey {
    /// Makes a roster log that holds some acts, ready to be sent or stored.
    ///
    /// Each use makes a new log instead of going on with an earlier one: the key is kept where no log is, and nobody who
    /// uses it has to know which entry was its last. So it never forks.
    ///
    /// - Parameters:
    ///   - frontier: The newest entries of the roster logs at hand, sorted by replica. What is not in their past, these acts
    ///     have not seen.
    ///   - lamport: The greatest lamport number in the frontier.
    ///   - timestamp: The reading of the clock at hand.
    ///   - actor: The person who acts.
    ///   - reason: Why; may be empty.
    ///   - acts: At least one.
    public func makeRosterLog(
        plant: PlantID, frontier: [ChangeReference], lamport: UInt64, at timestamp: HybridTimestamp, by actor: String,
        because reason: String, acts: [RosterAct], using generator: inout some RandomNumberGenerator
    ) -> NewRosterLog {
        let genesis = Genesis(
            kind: .roster, plant: plant, station: publicKey,
            random: generator.randomBytes(count: Genesis.randomBytes), incarnation: 1, rosterFrontier: frontier)
        let body = RosterBody(timestamp: timestamp, lamport: lamport + 1, actor: actor, reason: reason, acts: acts)
        return NewRosterLog(genesis: genesis, bodies: [(body, deps: frontier)], signer: self)
    }
}
