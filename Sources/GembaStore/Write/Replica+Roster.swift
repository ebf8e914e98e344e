import GembaCausality
public import GembaTrust
public import GembaWire

/// Acts of membership, in the station's own roster log.
extension Replica {
    /// Invites a station: writes the invite act and returns the token that the joiner needs.
    ///
    /// - Parameters:
    ///   - name: the name suggested for the station; may be empty.
    ///   - validForSeconds: after how long the inviter's clock closes the invitation.
    ///   - routes: where members can be reached, best first.
    /// - Throws: ``StoreError/Code/notPermitted`` when this station may not invite.
    public func invite(
        as role: Role, name: String = "", validForSeconds: UInt64, routes: [InvitationToken.Route], by actor: String
    ) throws -> InvitationToken {
        var generator = SourceGenerator(sources: environment.sources)
        let draft = try InvitationDraft(
            name: name, role: role, validForSeconds: validForSeconds, using: &generator)
        let (tip, reference) = try write { context in
            guard try context.roster().members[identity.stationKey]?.may(.invite) ?? false else {
                throw StoreError(
                    .notPermitted, "This station may not invite others; do it on the station that founded the plant.")
            }
            return try RosterCommit(context: context, incarnation: incarnation).run(
                by: actor, because: "", acts: [draft.act])
        }
        try record([tip], durable: true)
        return draft.token(routes: routes, plant: plant, announcement: reference, lamport: tip.lamport)
    }

    /// Publishes where this station can be reached, unless that is what the roster says already.
    public func publish(endpoints: [String]) throws {
        let tip = try write { context -> LogTip? in
            let roster = try context.roster()
            guard let member = roster.members[identity.stationKey], member.endpoints != endpoints else { return nil }
            let counter = max(environment.sources.wallClock(), 1 + roster.greatestEndpointCounter(of: member.station))
            let act = RosterAct.endpoints(counter: counter, addresses: endpoints)
            return try RosterCommit(context: context, incarnation: incarnation).run(by: "", because: "", acts: [act])
                .tip
        }
        if let tip { try record([tip], durable: false) }
    }
}

extension Roster {
    /// The counter of the station's newest statement of endpoints: a clock that was set back must not hide the next one.
    fileprivate func greatestEndpointCounter(of station: StationKey) -> UInt64 {
        let acts = logs.lazy.filter { $0.station == station }.flatMap(\.entries).flatMap { $0.body?.acts ?? [] }
        return acts.compactMap { if case .endpoints(let counter, _) = $0 { counter } else { nil } }.max() ?? 0
    }
}

/// Appends one entry to the station's roster log within a write transaction.
struct RosterCommit {
    let context: StoreContext
    let incarnation: Incarnation

    func run(
        by actor: String, because reason: String, acts: [RosterAct]
    ) throws -> (tip: LogTip, reference: ChangeReference) {
        let environment = context.environment
        var (tip, latest) = try incarnation.current(.roster, context: context)
        var clock = HybridClock(latest: latest)
        let timestamp = clock.next(wall: environment.sources.wallClock())
        let frontier = try context.log.frontier(of: .roster).filter { $0.replica != tip.number }
        let lamport = try context.log.lamport(after: tip, deps: frontier)
        let body = RosterBody(timestamp: timestamp, lamport: lamport, actor: actor, reason: reason, acts: acts)
        let entry = Entry(deps: try context.references(to: frontier), body: body.encoded())
        try context.appendSigned(entry, timestamp: timestamp, lamport: lamport, to: &tip, deps: frontier)
        try context.save(timestamp: timestamp, after: latest)
        return (tip, tip.reference)
    }
}
