import GembaCausality
import GembaTrust
import GembaWire

/// Reads entries in apply order and cuts them into runs that end at signed heads.
struct RunCollector {
    let context: StoreContext
    let kind: LogKind
    let maximumBytes: Int
    /// The only logs to read, or nil for all.
    let included: Set<ReplicaID>?

    private(set) var runs: [Run] = []
    /// The position up to which everything is in `runs` or was left out on purpose.
    private(set) var position: Int64 = 0
    /// Whether nothing lies behind `position`.
    private(set) var reachedEnd = true
    /// The last entries of this station's logs among the runs.
    private(set) var ownTips: [LogTip] = []
    /// Logs known to be of other stations.
    private var foreign: Set<Int64> = []
    private var cost = 0
    /// Entries after the last signed head, not yet in `runs`.
    private var group: [(sequence: SequenceNumber, entry: [UInt8])] = []
    private var groupReplica: Int64 = 0
    private var groupCost = 0

    init(context: StoreContext, kind: LogKind, maximumBytes: Int, included: Set<ReplicaID>?) {
        self.context = context
        self.included = included
        self.kind = kind
        self.maximumBytes = maximumBytes
    }

    mutating func collect(after start: Int64, excluding known: VersionVector) throws {
        position = start
        let statement = try context.connection.statement(
            """
            SELECT position, entry.replica, entry.sequence, entry, signature
            FROM \(kind.entryTable) AS entry LEFT JOIN gemba_head USING (replica, sequence)
            WHERE position > ? ORDER BY position
            """)
        try statement.bind(1, start).scan { row in
            let number = row.int(1)
            let sequence = row.unsigned(2)
            let replica = try context.numbers.replica(number, on: context.connection)
            if known.contains(Dot(replica, sequence)) || !(included?.contains(replica) ?? true) {
                // What a peer knows ends at a head, and a log is left out whole, so no group is open here.
                position = row.int(0)
                return true
            }
            if groupReplica != number { beginGroup(number) }
            let entry = row.bytes(3)
            groupCost += entry.count
            group.append((sequence, entry))
            guard !row.isNull(4) else { return true }
            if !runs.isEmpty, cost + groupCost > maximumBytes {
                reachedEnd = false
                return false
            }
            try closeGroup(replica: replica, signature: row.bytes(4))
            position = row.int(0)
            reachedEnd = cost < maximumBytes
            return reachedEnd
        }
    }

    private mutating func beginGroup(_ number: Int64) {
        group.removeAll()
        groupCost = 0
        groupReplica = number
    }

    private mutating func closeGroup(replica: ReplicaID, signature: [UInt8]) throws {
        guard let first = group.first?.sequence, let last = group.last?.sequence else { return }
        // Every head of a roster log is kept on its way: a joiner's own log, which it stored before it had met anybody, finds
        // its place between the entries that it follows and those that follow it.
        if kind == .data, let last = runs.indices.last, runs[last].replica == replica, runs[last].last + 1 == first {
            runs[last].entries += group.map(\.entry)
            runs[last].signature = signature
        } else {
            let previous = first == 0 ? nil : LocalDot(replica: groupReplica, sequence: first - 1)
            runs.append(
                Run(
                    replica: replica, first: first,
                    previous: try previous.flatMap { try context.log.hash(of: $0, kind: kind)?.prefix },
                    entries: group.map(\.entry), signature: signature))
        }
        try noteOwn(last: last)
        cost += groupCost
        let number = groupReplica
        beginGroup(number)
    }

    private mutating func noteOwn(last: SequenceNumber) throws {
        if let index = ownTips.firstIndex(where: { $0.number == groupReplica }) {
            ownTips[index].sequence = last
        } else if !foreign.contains(groupReplica), var tip = try context.log.tip(number: groupReplica) {
            guard tip.station == context.environment.identity.stationKey else {
                foreign.insert(groupReplica)
                return
            }
            tip.sequence = last
            ownTips.append(tip)
        }
    }
}
