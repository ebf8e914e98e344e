internal import GembaCausality
internal import GembaWire

/// A part of a roster log from its genesis or a fork on, to the next fork or to the end; a log that is not forked is one path.
///
/// Forks, paths and their names follow from the set of entries held alone (K3 of 02-change), and so does all that is folded from
/// them.
struct RosterPath {
    /// What every replica calls it that holds the same entries: for the path with the genesis the log's own name.
    let replica: ReplicaID
    /// Its first entry's sequence number.
    let first: Int
    /// Its last entry's sequence number.
    let last: Int
    /// The place, among the paths that were made with it, of the one at whose end it hangs; nil for the path with the genesis.
    let parent: Int?
    /// A history that leads through it.
    private let chain: RosterLog

    private init(_ chain: RosterLog, replica: ReplicaID, first: Int, last: Int, parent: Int?) {
        self.chain = chain
        self.replica = replica
        self.first = first
        self.last = last
        self.parent = parent
    }

    /// The log, by its genesis.
    var log: ReplicaID { chain.replica }
    var genesis: Genesis { chain.genesis }
    var genesisHash: ChangeHash { chain.genesisHash }
    var station: StationKey { chain.station }

    /// The entries after the genesis.
    var entries: ArraySlice<RosterLog.Entry> { chain.entries[max(first - 1, 0)..<last] }

    /// An entry of the path after the genesis.
    func entry(at sequence: Int) -> RosterLog.Entry { chain.entries[sequence - 1] }

    /// The hash of an entry, or nil when it is not on the path.
    func hash(at sequence: SequenceNumber) -> ChangeHash? {
        guard let number = Int(exactly: sequence), (first...last).contains(number) else { return nil }
        return chain.hash(at: sequence)
    }

    // MARK: - Finding the paths

    /// The paths of a log, each after the one that it hangs on.
    ///
    /// - Parameter histories: what is held of one log; more than one when it is forked. What another contains adds nothing.
    static func paths(of histories: [RosterLog]) -> [RosterPath] {
        var paths: [RosterPath] = []
        var pending: [(histories: [RosterLog], first: Int, parent: Int?)] = [(histories, 0, nil)]
        while let (histories, first, parent) = pending.popLast() {
            guard let longest = histories.max(by: { $0.last < $1.last }) else { continue }
            let branching = histories.compactMap { parting(of: $0, and: longest) }.min()
            let last = branching.map { $0 - 1 } ?? Int(longest.last)
            let name =
                parent == nil
                ? longest.replica
                : longest.replica.branch(beginningWith: longest.entries[first - 1].hash)
            paths.append(RosterPath(longest, replica: name, first: first, last: last, parent: parent))
            guard let branching else { continue }
            let index = paths.count - 1
            let halves = Dictionary(grouping: histories.filter { $0.last >= branching }) {
                $0.entries[branching - 1].hash
            }
            for (_, half) in halves.sorted(by: { $0.key < $1.key }) { pending.append((half, branching, index)) }
        }
        return paths
    }

    /// The first entry in which two histories of one log differ; nil when one contains the other. A hash covers all before it.
    private static func parting(of left: RosterLog, and right: RosterLog) -> Int? {
        var (same, end) = (0, min(left.entries.count, right.entries.count))
        if end == 0 || left.entries[end - 1].hash == right.entries[end - 1].hash { return nil }
        while end - same > 1 {
            let middle = (same + end) / 2
            if left.entries[middle - 1].hash == right.entries[middle - 1].hash { same = middle } else { end = middle }
        }
        return end
    }
}
