import GembaCausality
public import GembaTrust
public import GembaWire

/// Removal and reinstatement of members, and what the plant demands of them (T2, T3, T11).
///
/// Each can be done by an administrator's station, and with the recovery key from any station of the plant, also one that is
/// no member any more.
extension Replica {
    /// Ends a membership against the will of whoever holds the station. What this replica holds of the station's logs counts;
    /// what others hold beyond it does not, unless somebody built on it.
    ///
    /// Doing it again moves the cut forward to what this replica holds by then.
    ///
    /// - Parameter recovery: acts above all members; nil acts as this station.
    /// - Throws: ``StoreError/Code/notPermitted`` when the author does not rank above the station, or below whoever removed it;
    ///   ``StoreError/Code/unknownName`` when it never was a member.
    public func revoke(
        _ station: StationKey, by actor: String, because reason: String = "", with recovery: RecoveryKey? = nil
    ) throws {
        try decide(by: actor, because: reason, with: recovery) { context, roster, decider in
            try decider.checkRemoval(of: station, in: roster)
            return [.revoke(station: station, cut: try context.cut(of: station))]
        }
    }

    /// Ends a membership as planned: that of another station like ``revoke(_:by:because:with:)``, or this station's own.
    ///
    /// What a station writes after its own retirement does not count.
    ///
    /// - Throws: as ``revoke(_:by:because:with:)``.
    public func retire(
        _ station: StationKey, by actor: String, because reason: String = "", with recovery: RecoveryKey? = nil
    ) throws {
        try decide(by: actor, because: reason, with: recovery) { context, roster, decider in
            if station != decider.station { try decider.checkRemoval(of: station, in: roster) }
            return [.retire(station: station, cut: try context.cut(of: station))]
        }
    }

    /// Takes back the removals of a station that this replica knows. One that somebody else makes at the same time stands.
    ///
    /// Whoever does it vouches for all that the station wrote in the meantime: that counts again, too.
    ///
    /// - Throws: ``StoreError/Code/notPermitted`` when the author ranks below one of those who removed it;
    ///   ``StoreError/Code/invalidOperation`` when the station is a member.
    public func reinstate(
        _ station: StationKey, by actor: String, because reason: String = "", with recovery: RecoveryKey? = nil
    ) throws {
        try decide(by: actor, because: reason, with: recovery) { _, roster, decider in
            if let member = roster.members[station] {
                throw StoreError(.invalidOperation, "\(member.displayName) is a member; there is nothing to take back.")
            }
            guard let former = roster.formerMembers[station] else {
                throw StoreError(.unknownName, "There is no such former member.")
            }
            try decider.check(.revoke, "reinstates members")
            try decider.checkRank(above: former.member)
            try decider.checkRank(notBelowRemoverOf: former)
            return [.reinstate(station: station, removals: former.removals)]
        }
    }

    /// Says what the plant demands of its members from now on.
    ///
    /// - Throws: ``StoreError/Code/notPermitted``.
    public func publishPolicy(
        _ policy: PlantPolicy, by actor: String, because reason: String = "", with recovery: RecoveryKey? = nil
    ) throws {
        try decide(by: actor, because: reason, with: recovery) { context, roster, decider in
            try decider.check(.setPolicy, "says what the plant demands")
            return [.policy(counter: context.counter(after: roster.greatestPolicyCounter), flags: policy)]
        }
    }

    /// Publishes this station's keys for links and for epochs, unless they are what the roster says already.
    ///
    /// To be called after new keys were saved and the replica was opened with them; see
    /// ``GembaTrust/StationIdentity/saveRekeyed(inFolder:)``.
    ///
    /// - Returns: whether there was anything to publish.
    @discardableResult
    public func publishKeys(by actor: String = "") throws -> Bool {
        let tip = try write { context -> LogTip? in
            let roster = try context.roster()
            guard let member = roster.members[identity.stationKey],
                (member.transport, member.sealing) != (identity.transportKey, identity.sealingKey)
            else { return nil }
            let act = RosterAct.rekey(
                counter: context.counter(after: roster.greatestKeyCounter(of: member.station)),
                transport: identity.transportKey, sealing: identity.sealingKey)
            return try RosterCommit(context: context, incarnation: incarnation).run(
                by: actor, because: "", acts: [act]
            ).tip
        }
        guard let tip else { return false }
        try record([tip], durable: true)
        return true
    }

    // MARK: - Deciding

    /// Appends what `acts` returns to the own roster log, or with the recovery key in a new log of its own.
    private func decide(
        by actor: String, because reason: String, with recovery: RecoveryKey?,
        _ acts: (StoreContext, Roster, Decider) throws -> [RosterAct]
    ) throws {
        if let recovery { return try decide(by: actor, because: reason, as: recovery, acts) }
        let tip = try write { context in
            let roster = try context.roster()
            guard let member = roster.members[identity.stationKey] else {
                throw StoreError(.notPermitted, "This station is not a member of the plant.")
            }
            return try RosterCommit(context: context, incarnation: incarnation).run(
                by: actor, because: reason, acts: try acts(context, roster, Decider(member))
            ).tip
        }
        try record([tip], durable: true)
    }

    private func decide(
        by actor: String, because reason: String, as recovery: RecoveryKey,
        _ acts: (StoreContext, Roster, Decider) throws -> [RosterAct]
    ) throws {
        let log = try withReader { context in
            let roster = try context.roster()
            guard roster.recovery == recovery.publicKey else {
                throw StoreError(.notPermitted, "This is not the recovery key of the plant.")
            }
            let frontier = try context.log.frontier(of: .roster)
            let lamport = try frontier.compactMap { try context.log.record(of: $0)?.lamport }.max() ?? 0
            var clock = HybridClock(latest: try context.state().latestTimestamp)
            var generator = SourceGenerator(sources: environment.sources)
            return recovery.makeRosterLog(
                plant: plant, frontier: try context.references(to: frontier), lamport: lamport,
                at: clock.next(wall: environment.sources.wallClock()), by: actor, because: reason,
                acts: try acts(context, roster, Decider(recovery)), using: &generator)
        }
        let outcome = try apply([log.run], kind: .roster)
        guard outcome.problem == nil else {
            throw StoreError(.storageFailed, "The act of the recovery key was not stored. Try it again.")
        }
    }
}

/// Who decides on members: an administrator's station, or the recovery key.
private struct Decider {
    let station: StationKey
    let rank: RosterRank
    let rights: Rights

    init(_ member: RosterMember) {
        station = member.station
        rank = member.rank
        rights = member.role.rights
    }

    init(_ recovery: RecoveryKey) {
        station = recovery.publicKey
        rank = .recovery
        rights = Role.admin.rights
    }

    func check(_ right: Rights, _ action: String) throws(StoreError) {
        guard rights.isSuperset(of: right) else {
            throw StoreError(
                .notPermitted, "Only an administrator's station \(action), or whoever has the recovery key.")
        }
    }

    func checkRemoval(of station: StationKey, in roster: Roster) throws(StoreError) {
        try check(.revoke, "removes members")
        guard let target = roster.presentOrFormerMember(station) else {
            throw StoreError(.unknownName, "There is no such member.")
        }
        guard station != self.station else {
            throw StoreError(.notPermitted, "A station does not revoke itself. Retire it.")
        }
        try checkRank(above: target)
        if let former = roster.formerMembers[station] { try checkRank(notBelowRemoverOf: former) }
    }

    func checkRank(above member: RosterMember) throws(StoreError) {
        guard rank < member.rank else {
            throw StoreError(
                .notPermitted,
                "\(member.displayName) ranks above this station. Do it on one that ranks higher, or with the recovery key."
            )
        }
    }

    func checkRank(notBelowRemoverOf former: FormerMember) throws(StoreError) {
        guard rank <= former.removedBy else {
            throw StoreError(
                .notPermitted,
                "\(former.member.displayName) was removed by somebody who ranks above this station. "
                    + "Do it there, or with the recovery key.")
        }
    }
}

extension StoreContext {
    /// What is held of a station's logs, of either kind: what of them is to count.
    fileprivate func cut(of station: StationKey) throws -> [ChangeReference] {
        try log.tips(of: station).flatMap(log.references).sorted { $0.replica < $1.replica }
    }

    /// A counter for the next statement of its kind: a clock that was set back must not hide it. Of two with the greatest
    /// number that there is, the later counts.
    fileprivate func counter(after greatest: UInt64) -> UInt64 {
        min(max(environment.sources.wallClock(), 1 + greatest), UInt64(Int64.max))
    }
}

extension Roster {
    fileprivate var greatestPolicyCounter: UInt64 {
        acts(by: { _ in true }).compactMap { if case .policy(let counter, _) = $0 { counter } else { nil } }.max() ?? 0
    }

    fileprivate func greatestKeyCounter(of station: StationKey) -> UInt64 {
        acts(by: { $0 == station }).compactMap { if case .rekey(let counter, _, _) = $0 { counter } else { nil } }
            .max() ?? 0
    }

    private func acts(by isAuthor: @escaping (StationKey) -> Bool) -> some Sequence<RosterAct> {
        logs.lazy.filter { isAuthor($0.station) }.flatMap(\.entries).flatMap { $0.body?.acts ?? [] }
    }
}
