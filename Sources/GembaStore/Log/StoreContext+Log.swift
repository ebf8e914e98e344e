import GembaCausality
import GembaTrust
import GembaWire

extension StoreContext {
    /// References to entries that are held, sorted by replica as deps are.
    func references(to dots: [LocalDot]) throws -> [ChangeReference] {
        try dots.map { try log.reference(to: $0) }.sorted { $0.replica < $1.replica }
    }

    /// Appends an entry of this station to one of its logs, signed as a commit group of its own.
    func appendSigned(
        _ entry: Entry, timestamp: HybridTimestamp, lamport: UInt64, to tip: inout LogTip, deps: [LocalDot]
    ) throws {
        let sequence = tip.sequence + 1
        let hash = entry.hash(replica: tip.author, sequence: sequence, previous: tip.hash)
        let stored = StoredEntry(
            sequence: sequence, hash: hash, timestamp: timestamp, lamport: lamport, isQuarantined: false,
            encoded: entry.encoded())
        let head = environment.identity.signHead(
            replica: tip.author, sequence: sequence, hash: hash, plant: environment.plant)
        try log.append([stored], to: &tip, deps: deps, signature: head.signature)
    }

    /// The members, folded from the roster logs held.
    func roster() throws -> Roster { try log.roster() }

    /// The role that the roster gives this station, or before it is a member the one that it was invited to.
    func ownRole() throws -> Role? {
        let roster = try roster()
        let station = environment.identity.stationKey
        if let member = roster.presentOrFormerMember(station) { return member.role }
        for log in roster.logs where log.station == station {
            for case .join(_, let member, _) in log.entries.first?.body?.acts ?? [] { return member.role }
        }
        return nil
    }

    /// Whether this station keeps and passes on what it cannot read: epoch keys are not for relays.
    func isBlind() throws -> Bool { try ownRole() == .relay }

    /// Moves the roster log with which this station joined behind the entries that it follows, once they are held.
    ///
    /// A joiner makes that log before it has met anybody, so it stands first. Peers read entries in the order in which they
    /// stand, and could do nothing with a join whose invitation comes later.
    func placeOwnJoin() throws {
        guard let first = try log.firstStretch(of: .roster), first.position == 1,
            let tip = try log.tip(number: first.replica), tip.station == environment.identity.stationKey,
            let entry = try log.entry(at: LocalDot(replica: tip.number, sequence: 0))
        else { return }
        let genesis = try Genesis(decoding: Entry(decoding: entry).body)
        let followed = try genesis.rosterFrontier.compactMap { try log.resolve($0, kind: .roster) }
        guard !followed.isEmpty, followed.count == genesis.rosterFrontier.count else { return }
        try log.cover(followed)
        try log.moveToEnd(tip)
    }
}

extension LogStore {
    /// All roster logs, decoded; of a forked one every history that leads to an end.
    func rosterLogs() throws -> [RosterLog] {
        let map = try branches()
        return try tips(of: .roster).compactMap { tip in
            var result: RosterLog?
            var hash = ChangeHash.beforeGenesis
            for part in map.history(of: tip.dot) {
                try scanSegments(replica: part.number, from: part.first, through: part.last) { segment in
                    for sequence in segment.sequences.clamped(to: part.first...part.last) {
                        let entry = try Entry(decoding: segment.entry(sequence))
                        hash = entry.hash(
                            replica: sequence == 0 ? nil : tip.author, sequence: sequence, previous: hash)
                        if sequence == 0 {
                            result = RosterLog(genesis: try Genesis(decoding: entry.body), genesisHash: hash)
                        } else {
                            result?.append(RosterLog.Entry(entry, hash: hash))
                        }
                    }
                    return true
                }
            }
            return result
        }
    }
}
