import GembaCausality
import GembaTrust
import GembaWire

/// How far the logs of former members count, by D5 and D5a alone: from the cuts, and from who had seen what.
///
/// Where the store keeps steps of knowledge by log, this asks the causal past of every entry, computed from its deps. A log here is
/// a chain as ``History`` has them.
struct CountingRule {
    let history: History
    let formerMembers: [StationKey: FormerMember]

    /// The last entry of a chain that counts: at least the one, and at most the other. They differ while a cut names an entry of
    /// a forked log that is not held, which may be on any branch.
    struct End {
        var least: SequenceNumber
        var most: SequenceNumber
    }

    /// For each chain of a former member of which something is held, the last entry that counts.
    func ends(in held: VersionVector) -> [ReplicaID: End] {
        Dictionary(
            uniqueKeysWithValues: held.entries.keys.compactMap { log in end(of: log, in: held).map { (log, $0) } })
    }

    /// The last entry of a chain that counts, with what is held of all; nil when all do.
    func end(of log: ReplicaID, in held: VersionVector) -> End? {
        guard let station = author(of: log), formerMembers[station] != nil else { return nil }
        let own = cut(of: log, by: station, in: held)
        return held.entries.keys.reduce(own) { end, other in
            guard let author = author(of: other), author != station else { return end }
            let last = lastEntitled(of: other, by: author, in: held)
            let seen = { (number: SequenceNumber) in history[Dot(other, number)]?.past[log] ?? 0 }
            return End(least: max(end.least, seen(last.least)), most: max(end.most, seen(last.most)))
        }
    }

    /// The station whose data a chain holds.
    private func author(of log: ReplicaID) -> StationKey? {
        guard let genesis = history.genesis(of: log), genesis.kind == .data else { return nil }
        return genesis.station
    }

    /// The last entry within a cut; of a log that the cut does not name, or of which it names another history, that is the genesis.
    private func cut(of log: ReplicaID, by station: StationKey, in held: VersionVector) -> End {
        var end = End(least: 0, most: 0)
        for reference in (formerMembers[station]?.cut ?? [:]).values {
            guard let named = history[reference.prefix] else { continue }
            let last = history.line(to: named)[log] ?? 0
            if held.contains(named) || !history.isForked(log) {
                end = End(least: max(end.least, last), most: max(end.most, last))
            } else if history[named]?.author == history.genesis(of: log)?.dot.replica {
                end.most = .max
            }
        }
        return end
    }

    /// The last entry held that counts for its own sake.
    private func lastEntitled(of log: ReplicaID, by station: StationKey, in held: VersionVector) -> End {
        let last = held[log] ?? 0
        if formerMembers[station] == nil { return End(least: last, most: last) }
        let cut = cut(of: log, by: station, in: held)
        return End(least: min(last, cut.least), most: min(last, cut.most))
    }
}
