import GembaCausality
import GembaTrust
import GembaWire

extension StoreContext {
    /// References to entries that are held, sorted by replica as deps are.
    func references(to dots: [LocalDot], kind: LogKind) throws -> [ChangeReference] {
        try dots.map { try log.reference(to: $0, kind: kind) }.sorted { $0.replica < $1.replica }
    }

    /// Appends an entry of this station to one of its logs, signed as a commit group of its own.
    func appendSigned(
        _ entry: Entry, timestamp: HybridTimestamp, lamport: UInt64, to tip: inout LogTip, deps: [LocalDot]
    ) throws {
        let sequence = tip.sequence + 1
        let hash = entry.hash(replica: tip.replica, sequence: sequence, previous: tip.hash)
        let stored = StoredEntry(
            sequence: sequence, hash: hash, timestamp: timestamp, lamport: lamport, isQuarantined: false,
            encoded: entry.encoded())
        try log.append(stored, to: &tip, deps: deps)
        let head = environment.identity.signHead(
            replica: tip.replica, sequence: sequence, hash: hash, plant: environment.plant)
        try log.keep(signature: head.signature, at: tip.dot)
    }

    /// The members, folded from the roster logs held.
    func roster() throws -> Roster {
        let newest = try connection.statement(
            "SELECT position, hash FROM gemba_roster_entry ORDER BY position DESC LIMIT 1"
        ).first { RosterCache.Key(position: $0.int(0), hash: try $0.fixed(1)) }
        guard let newest else { return Roster(plant: environment.plant, logs: [RosterLog]()) }
        if let roster = environment.rosterCache[newest] { return roster }
        let roster = Roster(
            plant: environment.plant, logs: try rosterLogs(), reusing: environment.rosterCache.latestRoster)
        environment.rosterCache[newest] = roster
        return roster
    }

    /// The role that the roster gives this station, or before it is a member the one that it was invited to.
    func ownRole() throws -> Role? {
        let roster = try roster()
        let station = environment.identity.stationKey
        if let member = roster.members[station] { return member.role }
        for log in roster.logs.values where log.station == station {
            for case .join(_, let member, _) in log.entries.first?.body?.acts ?? [] { return member.role }
        }
        return nil
    }

    /// All roster logs, decoded.
    func rosterLogs() throws -> [RosterLog] {
        var logs: [Int64: RosterLog] = [:]
        let statement = try connection.statement(
            "SELECT replica, sequence, hash, entry FROM gemba_roster_entry ORDER BY replica, sequence")
        try statement.forEach { row in
            let entry = try Entry(decoding: row.bytes(3))
            let hash: ChangeHash = try row.fixed(2)
            if row.unsigned(1) == 0 {
                logs[row.int(0)] = RosterLog(genesis: try Genesis(decoding: entry.body), genesisHash: hash)
            } else {
                logs[row.int(0)]?.append(RosterLog.Entry(entry, hash: hash))
            }
        }
        return Array(logs.values)
    }

    /// Moves the roster log with which this station joined behind the entries that it follows, once they are held.
    ///
    /// A joiner makes that log before it has met anybody, so it stands first. Peers read entries in the order in which they
    /// stand, and could do nothing with a join whose invitation comes later.
    func placeOwnJoin() throws {
        let first = try connection.statement("SELECT replica, entry FROM gemba_roster_entry WHERE position = 1")
            .first { (number: $0.int(0), entry: $0.bytes(1)) }
        guard let first, let tip = try log.tip(number: first.number), tip.station == environment.identity.stationKey
        else { return }
        let genesis = try Genesis(decoding: Entry(decoding: first.entry).body)
        let followed = try genesis.rosterFrontier.compactMap { try log.resolve($0, kind: .roster) }
        guard !followed.isEmpty, followed.count == genesis.rosterFrontier.count else { return }
        try log.advanceFrontier(of: .roster, to: tip.dot, over: followed)
        for sequence in 0...tip.sequence {
            try connection.statement(
                """
                UPDATE gemba_roster_entry SET position = (SELECT max(position) + 1 FROM gemba_roster_entry)
                WHERE replica = ? AND sequence = ?
                """
            ).bind(1, tip.number).bind(2, sequence).run()
        }
    }
}
