public import GembaCausality
import GembaTrust
public import GembaWire

/// Which of the bodies that a replica lacks it wants.
public enum BackfillDemand: Hashable, Sendable {
    /// Those in whose place a checkpoint came, not those that the replica was told to forget.
    case taken
    /// All beyond these entries, and all of logs that are not named: what another's checkpoint does not cover.
    case beyond(VersionVector)
}

/// How many bodies a replica lacks.
public struct BackfillProgress: Hashable, Sendable {
    /// Those in whose place a checkpoint came; they are fetched from whoever has them.
    public var missing: UInt64 = 0
    /// Those that this replica was told to forget.
    public var forgone: UInt64 = 0

    /// Creates a count; without one, everything is held with its body.
    public init(missing: UInt64 = 0, forgone: UInt64 = 0) {
        self.missing = missing
        self.forgone = forgone
    }
}

/// Fetching bodies again, and giving them.
extension Replica {
    // MARK: - Lacking

    /// How many entries are held without their bodies.
    public func backfillProgress() throws -> BackfillProgress {
        try withReader { context in
            var progress = BackfillProgress()
            for tip in try context.log.logsWithFloors() {
                let all = try context.log.folded(of: tip.number, includingForgone: true)
                let missing = try context.log.folded(of: tip.number, includingForgone: false)
                progress.missing += Self.count(missing)
                progress.forgone += Self.count(all) - Self.count(missing)
            }
            return progress
        }
    }

    private static func count(_ ranges: [ClosedRange<SequenceNumber>]) -> UInt64 {
        ranges.reduce(0) { $0 + UInt64($1.count) }
    }

    /// The bodies that are wanted, sorted by log and number, at most ``Limits/backfillRanges`` ranges.
    ///
    /// - Parameter isThorough: whether also those count that came and could not be settled for want of heads.
    public func lackingBodies(_ demand: BackfillDemand, isThorough: Bool = false) throws -> [BackfillRange] {
        try withReader { context in
            // Segments that an earlier version of this library folded do not say why.
            if demand == .taken, try context.checkpointRecord()?.trust == .verified { return [] }
            var lacking: [BackfillRange] = []
            for tip in try context.log.logsWithFloors().sorted(by: { $0.replica < $1.replica }) {
                for range in try Self.wanted(of: tip, demand, isThorough, context) {
                    let last = LocalDot(replica: tip.number, sequence: range.upperBound)
                    lacking.append(
                        BackfillRange(first: range.lowerBound, last: try context.log.reference(to: last)))
                }
            }
            return Array(lacking.prefix(Limits.backfillRanges))
        }
    }

    private static func wanted(
        of tip: LogTip, _ demand: BackfillDemand, _ isThorough: Bool, _ context: StoreContext
    ) throws -> [ClosedRange<SequenceNumber>] {
        let floor = try context.log.floor(of: tip.number) ?? 0
        switch demand {
        case .taken:
            let missing = try context.log.folded(of: tip.number, includingForgone: false)
            // A log of which something is forgone is not gone through again for its heads: that would bring it back.
            guard isThorough, try context.log.folded(of: tip.number, includingForgone: true) == missing else {
                return missing
            }
            return floor > 0 ? [1...floor] : []
        case .beyond(let cut):
            let first = max(cut[tip.replica].map { $0 + 1 } ?? 1, 1)
            if isThorough { return first <= floor ? [first...floor] : [] }
            return try context.log.folded(of: tip.number, includingForgone: true).compactMap { range in
                range.upperBound < first ? nil : max(range.lowerBound, first)...range.upperBound
            }
        }
    }

    /// What has to be fetched so that a checkpoint suits which does not cover what is held here without a body.
    ///
    /// The hashes of the entries at its cut are kept: its authors signed them, and the chain is taken up there.
    public func demand(before checkpoint: CheckpointID) throws -> BackfillDemand {
        guard let file = try CheckpointFolder(replica: folder).file(checkpoint) else {
            throw StoreError(.notFound, "There is no checkpoint \(checkpoint).")
        }
        return try write { context in
            var cut = VersionVector()
            for head in try CheckpointReader.heads(of: file) {
                guard let tip = try context.log.tip(of: head.replica) else { continue }
                let dot = LocalDot(replica: tip.number, sequence: head.sequence)
                guard try context.log.record(of: dot)?.prefix == head.hash.prefix,
                    HeadVerification.isValid(head, by: tip.station, plant: plant)
                else { continue }
                cut.insert(Dot(head.replica, head.sequence))
                if let floor = try context.log.floor(of: tip.number), head.sequence > 0, head.sequence < floor {
                    try context.log.addFloor(at: dot, hash: head.hash)
                }
            }
            return .beyond(cut)
        }
    }

    // MARK: - Giving

    /// Bodies that a peer lacks, in this replica's apply order, as runs that end at signed heads.
    ///
    /// Own entries are returned only after the side file remembers them durably.
    ///
    /// - Parameters:
    ///   - ranges: what is wanted. A range whose last entry is another one here is passed over.
    ///   - position: the place in apply order after which to look.
    ///   - maximumBytes: the size at which no more entries are added; a single commit group may be larger.
    /// - Returns: the runs, the position that was reached, and whether nothing lies behind it.
    public func bodies(
        _ ranges: [BackfillRange], after position: Int64, maximumBytes: Int
    ) throws -> (runs: [BodyRun], position: Int64, reachedEnd: Bool) {
        let (collector, runs) = try withReader { context in
            var collector = try RunCollector(context: context, kind: .data, maximumBytes: maximumBytes, included: nil)
            try collector.collect(after: position, within: context.held(ranges))
            return (collector, try collector.runs.map { BodyRun(start: try context.start(of: $0), run: $0) })
        }
        if !collector.ownTips.isEmpty { try record(collector.ownTips, durable: true) }
        return (runs, collector.position, collector.reachedEnd)
    }

    // MARK: - Taking

    /// Stores bodies from a peer in one transaction: those that are lacking and are the ones that were folded here.
    ///
    /// They are not sent to others, and floors stay where they are, before ``settleBackfill()``.
    ///
    /// - Parameter isThorough: whether the heads are wanted, too, of entries that have their bodies.
    public func fill(_ bodies: [BodyRun], isThorough: Bool = false) throws -> BackfillOutcome {
        try write { context in
            var backfiller = Backfiller(context, isThorough: isThorough)
            try backfiller.fill(bodies)
            return backfiller.outcome
        }
    }

    /// Brings bodies that came into a causal order with everything else, and has the floors above which they stood sink. When no
    /// floor is left, the replica no longer stands on a checkpoint.
    ///
    /// Writers wait until it is done. The file of the checkpoint stays until another is taken or made: whoever reads in an earlier
    /// snapshot, such as a verification, still needs it.
    public func settleBackfill() throws -> BackfillSettlement {
        try write { try $0.settleBackfill() }
    }
}

extension StoreContext {
    /// The ranges by log, without those that end at another entry than the one that is held.
    fileprivate func held(_ ranges: [BackfillRange]) throws -> [Int64: [ClosedRange<SequenceNumber>]] {
        var held: [Int64: [ClosedRange<SequenceNumber>]] = [:]
        for range in ranges {
            guard let tip = try log.tip(of: range.last.replica), tip.kind == .data else { continue }
            let last = LocalDot(replica: tip.number, sequence: range.last.sequence)
            if let record = try log.record(of: last), record.prefix != range.last.prefix { continue }
            held[tip.number, default: []].append(range.first...range.last.sequence)
        }
        return held
    }

    /// The whole hash of the entry before a run, where it is kept because there is no body.
    fileprivate func start(of run: Run) throws -> ChangeHash? {
        guard run.first > 1, let number = try numbers.number(of: run.replica, on: connection) else { return nil }
        return try log.hash(of: number, folded: run.first - 1)
    }
}
