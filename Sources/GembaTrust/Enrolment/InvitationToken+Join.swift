public import GembaCausality
internal import GembaWire

extension InvitationToken {
    /// Makes the roster log by which a station joins: its genesis and the join act (T6).
    ///
    /// Nothing but the token is needed, so a station can enrol before it has met anybody. Making it twice with one
    /// identity does no harm; with two identities the joins void each other until a member admits one.
    ///
    /// - Parameters:
    ///   - name: The station's name; nil takes the one that the invitation suggests.
    ///   - timestamp: The reading of the station's clock.
    ///   - actor: The person who enrols the station.
    /// - Throws: ``TrustError/Code/invalidName``.
    public func makeRosterLog(
        for identity: StationIdentity, named name: String? = nil, at timestamp: HybridTimestamp, actor: String = "",
        using generator: inout some RandomNumberGenerator
    ) throws(TrustError) -> NewRosterLog {
        let name = name ?? self.name
        try NameRule.station.check(name)
        let genesis = Genesis(
            kind: .roster, plant: plant, station: identity.stationKey,
            random: generator.randomBytes(count: Genesis.randomBytes), incarnation: 1, rosterFrontier: frontier)
        let body = RosterBody(
            timestamp: timestamp, lamport: lamport + 1, actor: actor, reason: "",
            acts: [join(station: identity.stationKey, member: identity.member(name: name, role: role))])
        return NewRosterLog(genesis: genesis, bodies: [(body, deps: frontier)], signer: identity)
    }
}
