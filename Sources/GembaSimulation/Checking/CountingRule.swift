import GembaCausality
import GembaTrust
import GembaWire

/// How far the logs of former members count, by D5 alone: from the cuts, and from who had seen what.
///
/// Where the store keeps steps of knowledge by log, this asks the causal past of every entry, computed from its deps.
struct CountingRule {
    let history: History
    let formerMembers: [StationKey: FormerMember]

    /// For each data log of a former member of which something is held, the last entry that counts.
    func ends(in held: VersionVector) -> [ReplicaID: SequenceNumber] {
        var ends: [ReplicaID: SequenceNumber] = [:]
        for (log, station) in data(held) where formerMembers[station] != nil {
            ends[log] = data(held).reduce(cut(of: log, by: station)) { end, other in
                guard other.station != station, let last = lastEntitled(of: other.log, by: other.station, in: held)
                else { return end }
                return max(end, history[Dot(other.log, last)]?.past[log] ?? 0)
            }
        }
        return ends
    }

    private func data(_ held: VersionVector) -> [(log: ReplicaID, station: StationKey)] {
        held.entries.keys.compactMap { log in
            guard let genesis = history[Dot(log, 0)], genesis.kind == .data else { return nil }
            return (log, genesis.station)
        }
    }

    /// The last entry within a cut; of a log that the cut does not name, or of which it names another history, that is the genesis.
    private func cut(of log: ReplicaID, by station: StationKey) -> SequenceNumber {
        guard let cut = formerMembers[station]?.cut[log] else { return 0 }
        if let known = history[cut.dot], known.hash.prefix != cut.prefix { return 0 }
        return cut.sequence
    }

    /// The last entry held that counts for its own sake.
    private func lastEntitled(of log: ReplicaID, by station: StationKey, in held: VersionVector) -> SequenceNumber? {
        guard let last = held[log] else { return nil }
        return formerMembers[station] == nil ? last : min(last, cut(of: log, by: station))
    }
}
