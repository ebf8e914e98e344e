import GembaCausality
import GembaTrust
import GembaWire

/// Makes epochs and gives them to members, in the station's roster log, within a write transaction (T5).
struct EpochCommit {
    let context: StoreContext
    let incarnation: Incarnation

    private var environment: StoreEnvironment { context.environment }

    /// The key under which bodies are sealed now; nil in a plant that seals none.
    ///
    /// It is that of the newest epoch which this station holds and no former member was given. Where there is none, one is made.
    ///
    /// - Returns: the key, and the tip of the roster log where it grew for that.
    func currentKey(in roster: Roster) throws -> (key: EpochKey?, tip: LogTip?) {
        if roster.epochs.isEmpty { return (nil, nil) }
        for epoch in roster.usableEpochs {
            if let key = try environment.keys.key(of: epoch.id, roster: { roster }) { return (key, nil) }
        }
        return try begin(in: roster)
    }

    /// Begins an epoch, whose key all members get that are entitled to it.
    func begin(in roster: Roster) throws -> (key: EpochKey, tip: LogTip) {
        var generator = SourceGenerator(sources: environment.sources)
        let key = EpochKey(using: &generator)
        let act = try act(giving: key, to: roster.epochRecipients)
        let tip = try RosterCommit(context: context, incarnation: incarnation).run(by: "", because: "", acts: [act]).tip
        environment.keys.remember(key)
        return (key, tip)
    }

    /// Gives members the epochs that they lack and this station holds, as many as one entry takes.
    ///
    /// - Parameter isDue: whether a member is to be served by this station now.
    /// - Returns: the tip of the roster log, or nil when there was nothing to give.
    func share(in roster: Roster, with isDue: (StationKey) -> Bool) throws -> LogTip? {
        var acts: [RosterAct] = []
        var room = Limits.epochWraps
        let ended = roster.endedEpochs
        for epoch in roster.sharedEpochs {
            // Who began an epoch beyond its cut is given it with the others, so that nobody takes it for one to seal under.
            let authors = (ended[epoch]?.authors ?? []).compactMap { roster.formerMembers[$0]?.member }
                .sorted { $0.rank < $1.rank }
            let due = roster.membersLacking(epoch).filter { isDue($0.station) }.prefix(max(0, room - authors.count))
            guard !due.isEmpty, let key = try environment.keys.key(of: epoch, roster: { roster }) else { continue }
            acts.append(try act(giving: key, to: due + authors))
            room -= due.count + authors.count
            if room <= 0 { break }
        }
        if acts.isEmpty { return nil }
        return try RosterCommit(context: context, incarnation: incarnation).run(by: "", because: "", acts: acts).tip
    }

    private func act(giving key: EpochKey, to members: some Collection<RosterMember>) throws -> RosterAct {
        var generator = SourceGenerator(sources: environment.sources)
        return try key.act(
            for: members.prefix(Limits.epochWraps).map(\.sealing), plant: environment.plant, using: &generator)
    }
}
