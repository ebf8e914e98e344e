import GembaCausality
import GembaTrust
public import GembaWire

/// What folding would do now, and what keeps it from doing more.
public struct FoldPlan: Sendable {
    /// How many entries would be folded.
    public var entries: UInt64 = 0
    /// The bytes that their bodies take.
    public var bytes: UInt64 = 0
    /// How many entries were folded before.
    public var foldedEntries: UInt64 = 0
    /// How many entries are held with their bodies, those that would be folded included.
    public var heldEntries: UInt64 = 0
    /// Why there is not more, the most effective reason first.
    public var obstacles: [Obstacle] = []
    /// For each log, the entry up to which it would be folded.
    var floors: [Int64: SequenceNumber] = [:]

    /// Something that holds folding back.
    public enum Obstacle: Sendable {
        /// A member has not acknowledged so many entries; when it last wrote, in milliseconds since 1970.
        case unacknowledged(by: StationKey, entries: UInt64, lastWrite: UInt64?)
        /// Entries are younger than the policy folds.
        case recent(entries: UInt64)
        /// So many logs have an entry that is not settled, not understood or without effect; nothing behind it is folded.
        case unsettled(logs: UInt64)
        /// So many logs are forked, and no checkpoint can stand for what both of their branches hold.
        case forked(logs: UInt64)
    }
}

/// Decides what may be folded: what is stable and old, up to the first entry of each log that something
/// still needs: a conflict that nobody settled, an effect that this program does not know, a body without effect.
struct FoldPlanner {
    let context: StoreContext
    /// Entries after this time stay, by their authors' clocks, in milliseconds since 1970.
    let newest: UInt64
    /// Members that are not waited for.
    let absent: Set<StationKey>

    func plan() throws -> FoldPlan {
        var plan = FoldPlan()
        let cut = try StableCut(context, without: absent)
        let unsettled = try firstUnsettled()
        var (recent, blocked) = (UInt64(0), UInt64(0))
        for tip in try context.log.tips(of: .data) {
            let floor = try context.log.floor(of: tip.number) ?? 0
            plan.foldedEntries += floor
            plan.heldEntries += tip.sequence - floor
            guard let stable = cut.counts[tip.number], stable > 1 else { continue }
            var last = stable - 1
            if let first = unsettled[tip.number], first <= last {
                last = first - 1
                blocked += 1
            }
            let found = try fold(tip, from: floor + 1, through: last, plan: &plan)
            recent += found.recent
            if found.isBlocked { blocked += 1 }
            if let end = found.last { plan.floors[tip.number] = end }
        }
        plan.obstacles = cut.laggards.sorted { $0.unacknowledged > $1.unacknowledged }.map {
            .unacknowledged(by: $0.station, entries: $0.unacknowledged, lastWrite: $0.lastWrite)
        }
        let forked = Set(try context.log.allBranches(of: .data).map(\.log)).count
        if forked > 0 {
            plan.obstacles.insert(.forked(logs: UInt64(forked)), at: 0)
            plan.floors = [:]
            (plan.entries, plan.bytes) = (0, 0)
        }
        if recent > 0 { plan.obstacles.append(.recent(entries: recent)) }
        if blocked > 0 { plan.obstacles.append(.unsettled(logs: blocked)) }
        return plan
    }

    private struct Found {
        var last: SequenceNumber?
        var recent: UInt64 = 0
        var isBlocked = false
    }

    /// Counts what of a log is old enough, up to the first entry that was quarantined.
    private func fold(
        _ tip: LogTip, from first: SequenceNumber, through last: SequenceNumber, plan: inout FoldPlan
    ) throws -> Found {
        var found = Found()
        guard first <= last else { return found }
        try context.log.scanSegments(replica: tip.number, from: first, through: last) { segment in
            for sequence in segment.sequences.clamped(to: first...last) {
                let record = segment.record(sequence)
                if record.isQuarantined {
                    found.isBlocked = true
                    return false
                }
                if record.timestamp.milliseconds > newest {
                    found.recent = last - sequence + 1
                    return false
                }
                found.last = sequence
                plan.entries += 1
                plan.bytes += UInt64(record.length)
            }
            return true
        }
        return found
    }

    /// For each log the first entry that a conflict or a deferred effect names.
    private func firstUnsettled() throws -> [Int64: SequenceNumber] {
        var first: [Int64: SequenceNumber] = [:]
        let statement = try context.connection.statement(
            """
            SELECT replica, min(sequence) FROM (
                SELECT replica, sequence FROM gemba_deferred
                UNION ALL SELECT gemba_replica.id, conflict.sequence
                    FROM conflict JOIN gemba_replica ON gemba_replica.replica = conflict.replica
            ) GROUP BY replica
            """)
        try statement.forEach { first[$0.int(0)] = $0.unsigned(1) }
        return first
    }
}
