internal import GembaCausality

extension RosterBody: WireCodable {
    /// Appends `[timestamp, lamport, 0, actor, reason, acts]`.
    public func encode(into encoder: inout CBOREncoder) {
        precondition(!acts.isEmpty, "a roster entry without acts")
        precondition(lamport > 0, "only a genesis has lamport number 0")
        encoder.array(count: 6)
        encoder.unsigned(timestamp.rawValue)
        encoder.unsigned(lamport)
        encoder.unsigned(0)
        encoder.text(actor, maximum: Limits.actorBytes)
        encoder.text(reason, maximum: Limits.reasonBytes)
        encoder.list(acts)
    }

    /// Reads a roster body.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.array(count: 6)
        let timestamp = HybridTimestamp(rawValue: try decoder.unsigned())
        let lamport = try decoder.unsigned()
        guard lamport > 0 else { throw decoder.failure(.outOfRange) }
        guard try decoder.unsigned() == 0 else { throw decoder.failure(.unsupportedVersion) }
        self.init(
            timestamp: timestamp, lamport: lamport,
            actor: try decoder.text(maximum: Limits.actorBytes),
            reason: try decoder.text(maximum: Limits.reasonBytes),
            acts: try decoder.nonEmptyList(of: RosterAct.init(from:)))
    }
}
