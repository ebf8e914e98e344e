import GembaCausality
import GembaStore
import GembaTrust
import GembaWire

/// What an observer sees of removals: logs of former members end where D5 says, and nothing else ever goes away.
extension Observer {
    /// Learns what a station could open.
    func learnKeys(of identity: StationIdentity, in plant: PlantID) {
        if history.keysOfStations[identity.stationKey] == nil {
            history.keysOfStations[identity.stationKey] = HistoryKeys(identity, plant: plant)
        }
    }

    /// Takes notice of entries that a node holds no more: only what does not count may have gone.
    func noticeWithdrawals(at node: SimulatedNode) throws {
        guard let replica = node.process?.replica, let before = held[node.index]?[.data] else { return }
        let now = try vector(of: replica, .data)
        let gone = try before.entries.map { Dot($0.key, $0.value) }.filter { try !holds($0, .data, replica, now) }
        if gone.isEmpty { return }
        let rule = try rule(of: replica)
        var rest = before.entries
        for dot in gone {
            // Of a chain that left another one nothing may be left.
            let kept = now[dot.replica]
            guard let end = rule.end(of: dot.replica, in: now),
                let last = kept ?? history.forks[dot.replica]?.sequence, end.least <= last
            else {
                throw Violation(.durability, at: node.name, "\(dot) was held and is gone, and counts")
            }
            rest[dot.replica] = kept
        }
        held[node.index]?[.data] = VersionVector(rest)
    }

    /// Of former members a node holds no more than what counts. One that is a former member's itself cannot vouch for what its
    /// checkpoint holds beyond that, and nobody listens to it.
    func checkEnds(_ replica: Replica, _ node: SimulatedNode) throws {
        let rule = try rule(of: replica)
        noteFormer(Set(rule.formerMembers.keys), at: node)
        if rule.formerMembers.isEmpty { return }
        removed.formUnion(rule.formerMembers.keys)
        if rule.formerMembers[replica.identity.stationKey] != nil { return }
        let now = try vector(of: replica, .data)
        for (log, end) in rule.ends(in: now) where end.most < now[log] ?? 0 {
            throw Violation(
                .removal, at: node.name,
                "\(Dot(log, now[log] ?? 0)) of a former member is held, and only \(end.most) entries count")
        }
    }

    /// Whether the founder holds all that a node holds of its own station's data.
    func founderHoldsAllOf(_ node: SimulatedNode) -> Bool {
        (held[node.index]?[.data]?.entries ?? [:]).allSatisfy { log, last in
            history.genesis(of: log)?.station != node.keys?.station
                || held[0]?[.data]?.contains(Dot(log, last)) ?? false
        }
    }

    /// What counts of former members for whoever knows what a replica knows.
    func rule(of replica: Replica) throws -> CountingRule {
        CountingRule(history: history, formerMembers: try replica.roster().formerMembers)
    }
}
