import GembaCausality
import GembaTrust
import GembaWire

/// Reads entries in apply order and cuts them into runs that end at signed heads.
struct RunCollector {
    let context: StoreContext
    let kind: LogKind
    let maximumBytes: Int
    /// The only logs to read, each up to the head at an entry or behind it; nil for all of all.
    let included: VersionVector?
    private let showsBranches: Bool
    /// Chains that are left out.
    private let excluded: Set<Int64>

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
    /// The chain of the last run's last entries.
    private var lastReplica: Int64 = 0
    private var groupCost = 0
    /// Whether the next group does not join the run before it: whoever fills gaps needs the heads at which stretches end.
    private var beginsRun = false

    /// - Parameter showsBranches: whether all halves of forked logs are read, or only those that came first.
    init(
        context: StoreContext, kind: LogKind, maximumBytes: Int, included: VersionVector?, showsBranches: Bool = true
    ) throws {
        self.showsBranches = showsBranches
        excluded = showsBranches ? [] : try context.log.branches().laterChains
        self.context = context
        self.included = included
        self.kind = kind
        self.maximumBytes = maximumBytes
    }

    mutating func collect(after start: Int64, excluding known: VersionVector) throws {
        position = start
        try context.log.scanStretches(of: kind, after: start) { stretch in
            let replica = try context.log.author(of: stretch.replica)
            let skipped = SequenceNumber(max(0, start + 1 - stretch.position))
            // What a peer knows of a stretch ends at a head or at a fork, and a log is left out whole, so no group is open
            // here.
            let known = try coverage(of: stretch.replica, as: replica, by: known).map { $0 + 1 } ?? 0
            let first = max(stretch.first + skipped, known)
            let limit = included.map { $0[replica] } ?? .max
            guard let limit, first <= min(stretch.last, limit), !excluded.contains(stretch.replica) else {
                position = stretch.end - 1
                return true
            }
            beginGroup(stretch.replica)
            try context.log.scanSegments(
                replica: stretch.replica, from: first, through: stretch.last
            ) { segment in
                // What is folded is nobody's who could be sent the rest: those get a checkpoint.
                if segment.isFolded {
                    beginGroup(stretch.replica)
                    return true
                }
                return try take(
                    segment, clampedTo: first...stretch.last, of: stretch, replica: replica, until: limit)
            }
            if reachedEnd { try closeBehindEnd(of: stretch, replica: replica) }
            if reachedEnd, limit < stretch.last { position = stretch.end - 1 }
            return reachedEnd
        }
    }

    /// Ends a run at a head behind the last entry of a stretch, where no other signature proves that entry: it was the last of a
    /// former member's log that counted. What follows may be set aside, or count again and stand in another place.
    private mutating func closeBehindEnd(of stretch: LogStretch, replica: ReplicaID) throws {
        guard let last = group.last?.sequence, let tip = try context.log.tip(number: stretch.replica) else { return }
        var signature: [UInt8]?
        if tip.sequence == last, let rest = try context.log.voidRun(after: tip)?.run {
            for (sequence, entry) in zip(rest.first..., rest.entries) { group.append((sequence, entry)) }
            signature = rest.signature
        } else if tip.sequence > last {
            try context.log.scanSegments(replica: tip.number, from: last + 1, through: tip.sequence) { segment in
                for sequence in segment.sequences.clamped(to: last + 1...tip.sequence) where signature == nil {
                    group.append((sequence, Array(segment.entry(sequence))))
                    signature = segment.heads.first { $0.sequence == sequence }?.signature
                }
                return signature == nil
            }
        }
        guard let signature else { return }
        try closeGroup(replica: replica, signature: signature)
        position = stretch.end - 1
    }

    /// Who is shown no branches means the half that came first by a log's name.
    private func coverage(
        of number: Int64, as author: ReplicaID, by known: VersionVector
    ) throws -> SequenceNumber? {
        showsBranches ? try context.log.coverage(of: number, by: known) : known[author]
    }

    /// Stretches that one reading looks at, at most: whoever asks for little costs no more than a look.
    private static let stretchesPerReading = 16 << 10

    /// Collects what has a body of ranges, by log, each up to the head at its end or behind.
    mutating func collect(after start: Int64, within ranges: [Int64: [ClosedRange<SequenceNumber>]]) throws {
        position = start
        var rest = Self.stretchesPerReading
        try context.log.scanStretches(of: kind, after: start) { stretch in
            guard rest > 0 else {
                reachedEnd = false
                return false
            }
            rest -= 1
            let skipped = SequenceNumber(max(0, start + 1 - stretch.position))
            for range in ranges[stretch.replica] ?? [] where reachedEnd {
                try collect(range, of: stretch, skipping: skipped)
            }
            if reachedEnd { position = stretch.end - 1 }
            return reachedEnd
        }
    }

    private mutating func collect(
        _ range: ClosedRange<SequenceNumber>, of stretch: LogStretch, skipping skipped: SequenceNumber
    ) throws {
        let first = max(stretch.first + skipped, range.lowerBound)
        guard first <= stretch.last, stretch.first <= range.upperBound else { return }
        let replica = try context.log.author(of: stretch.replica)
        beginGroup(stretch.replica)
        beginsRun = true
        try context.log.scanSegments(replica: stretch.replica, from: first, through: stretch.last) { segment in
            if segment.isFolded {
                beginGroup(stretch.replica)
                return segment.last < range.upperBound
            }
            return try take(
                segment, clampedTo: first...stretch.last, of: stretch, replica: replica, until: range.upperBound)
        }
    }

    /// Adds the entries of a segment that are wanted, until there are enough or a head lies at or behind the last one.
    ///
    /// - Returns: whether there may be more.
    private mutating func take(
        _ segment: Segment, clampedTo wanted: ClosedRange<SequenceNumber>, of stretch: LogStretch, replica: ReplicaID,
        until last: SequenceNumber = .max
    ) throws -> Bool {
        var heads = segment.heads[...]
        for sequence in segment.sequences.clamped(to: wanted) {
            let entry = Array(segment.entry(sequence))
            groupCost += entry.count
            group.append((sequence, entry))
            while let head = heads.first, head.sequence < sequence { heads.removeFirst() }
            guard let head = heads.first, head.sequence == sequence else { continue }
            if !runs.isEmpty, cost + groupCost > maximumBytes {
                reachedEnd = false
                return false
            }
            try closeGroup(replica: replica, signature: head.signature)
            position = stretch.position(of: sequence)
            reachedEnd = cost < maximumBytes
            if !reachedEnd || sequence >= last { return false }
        }
        return true
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
        if kind == .data, !beginsRun, let last = runs.indices.last, lastReplica == groupReplica,
            runs[last].last + 1 == first
        {
            runs[last].entries += group.map(\.entry)
            runs[last].signature = signature
        } else {
            runs.append(
                Run(
                    replica: replica, first: first, previous: try previousPrefix(of: first),
                    entries: group.map(\.entry), signature: signature))
        }
        lastReplica = groupReplica
        beginsRun = false
        try noteOwn(last: last)
        cost += groupCost
        let number = groupReplica
        beginGroup(number)
    }

    /// The prefix of the entry before one of the group's, which another chain may hold.
    private func previousPrefix(of first: SequenceNumber) throws -> HashPrefix? {
        guard first > 0 else { return nil }
        let dot = LocalDot(replica: groupReplica, sequence: first)
        return try context.log.record(of: context.log.branches().ancestor(of: dot, at: first - 1))?.prefix
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
