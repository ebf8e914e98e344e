import GembaCausality
import GembaWire

/// A stretch of one log that was stored without entries of other logs in between.
struct LogStretch: Hashable {
    /// The place of the first entry in apply order.
    var position: Int64
    /// The number of the log's replica.
    var replica: Int64
    /// The sequence number of the first entry.
    var first: SequenceNumber
    var count: Int64 = 0

    var end: Int64 { position + count }
    var last: SequenceNumber { first + SequenceNumber(count) - 1 }

    /// The place in apply order of an entry of this stretch.
    func position(of sequence: SequenceNumber) -> Int64 { position + Int64(sequence - first) }
}

/// Apply order: in which order the entries of all logs were stored, which is always a causal one (S1).
///
/// `gemba_order` lists where each stretch begins. It ends where the next one begins, and the last one ends with its log,
/// so that a change after one of the same author's writes nothing here.
extension LogStore {
    /// The last stretch; nil when nothing is held.
    func lastStretch(of kind: LogKind) throws -> LogStretch? {
        let last = try connection.statement(Self.selectLast).bind(1, Int64(kind.rawValue)).first(Self.beginning)
        return try last.map(finish)
    }

    private static let selectLast = SQLText(
        "SELECT position, replica, first FROM gemba_order WHERE kind = ? ORDER BY position DESC LIMIT 1")

    private static func beginning(_ row: Statement) -> LogStretch {
        LogStretch(position: row.int(0), replica: row.int(1), first: row.unsigned(2))
    }

    /// The last stretch, which goes on to the end of its log.
    private func finish(_ last: LogStretch) throws -> LogStretch {
        if last.replica == Self.gap {
            return LogStretch(position: last.position, replica: Self.gap, first: 0, count: Int64(last.first))
        }
        guard let tip = try tip(number: last.replica), tip.sequence >= last.first else {
            throw StoreError(.corrupted, "The order of the logs is damaged; run `gemba verify`.")
        }
        var last = last
        last.count = Int64(tip.sequence - last.first) + 1
        return last
    }

    /// The place of the newest entry in apply order; 0 when there is none.
    func lastPosition(of kind: LogKind) throws -> Int64 {
        try lastStretch(of: kind).map { $0.end - 1 } ?? 0
    }

    /// Makes room in the order for entries that are about to be added to a log, whose tip still stands before them.
    ///
    /// - Returns: whether they begin a stretch.
    func extendOrder(of kind: LogKind, with dot: LocalDot) throws -> Bool {
        let last = try lastStretch(of: kind)
        if let last, last.replica == dot.replica, last.last + 1 == dot.sequence { return false }
        try insertStretch(
            LogStretch(position: last?.end ?? 1, replica: dot.replica, first: dot.sequence), of: kind)
        return true
    }

    /// Notes where a stretch begins.
    func insertStretch(_ stretch: LogStretch, of kind: LogKind) throws {
        try connection.statement("INSERT INTO gemba_order (kind, position, replica, first) VALUES (?, ?, ?, ?)")
            .bind(1, Int64(kind.rawValue)).bind(2, stretch.position).bind(3, stretch.replica).bind(4, stretch.first)
            .run()
    }

    /// The first stretch; nil when nothing is held.
    func firstStretch(of kind: LogKind) throws -> LogStretch? {
        let statement = try connection.statement(
            "SELECT position, replica, first FROM gemba_order WHERE kind = ? ORDER BY position LIMIT 1")
        return try statement.bind(1, Int64(kind.rawValue)).first(Self.beginning)
    }

    /// Moves all of a log to the end, in its own order. What stood there before stays a gap.
    func moveToEnd(_ tip: LogTip) throws {
        let end = try lastPosition(of: tip.kind) + 1
        try connection.statement("UPDATE gemba_order SET replica = \(Self.gap) WHERE kind = ? AND replica = ?")
            .bind(1, Int64(tip.kind.rawValue)).bind(2, tip.number).run()
        try insertStretch(LogStretch(position: end, replica: tip.number, first: 0), of: tip.kind)
    }

    /// Stands in the order where entries were taken away, with their number in the place of the first; no replica has this number.
    private static let gap: Int64 = 0

    /// Leaves a gap where the end of a log stood.
    func leaveGap(_ tip: LogTip, after end: SequenceNumber) throws {
        var stretches: [LogStretch] = []
        try scanStretches(of: tip.kind, after: 0) { stretch in
            if stretch.replica == tip.number, stretch.last > end { stretches.append(stretch) }
            return true
        }
        for stretch in stretches {
            let kept = stretch.first > end ? 0 : Int64(end - stretch.first) + 1
            try insertGap(at: stretch.position + kept, count: stretch.count - kept, of: tip.kind)
        }
    }

    /// Notes where entries were taken away, and how many.
    func insertGap(at position: Int64, count: Int64, of kind: LogKind) throws {
        try connection.statement(
            "INSERT OR REPLACE INTO gemba_order (kind, position, replica, first) VALUES (?, ?, ?, ?)"
        )
        .bind(1, Int64(kind.rawValue)).bind(2, position).bind(3, Self.gap).bind(4, count).run()
    }

    /// Calls `body` with the stretches that hold positions after `position`, in order and each from its beginning, until it
    /// returns false.
    func scanStretches(
        of kind: LogKind, after position: Int64, while body: (LogStretch) throws -> Bool
    ) throws {
        var open: LogStretch?
        var isStopped = false
        try connection.statement(Self.selectStretches).bind(1, Int64(kind.rawValue)).bind(2, position + 1).scan { row in
            let next = Self.beginning(row)
            if var stretch = open, stretch.replica != Self.gap {
                stretch.count = next.position - stretch.position
                isStopped = try !body(stretch)
            }
            open = next
            return !isStopped
        }
        if !isStopped, let open, open.replica != Self.gap { _ = try body(finish(open)) }
    }

    private static let selectStretches = SQLText(
        """
        SELECT position, replica, first FROM gemba_order
        WHERE kind = ?1 AND position >= coalesce(
            (SELECT max(position) FROM gemba_order WHERE kind = ?1 AND position <= ?2), ?2)
        ORDER BY position
        """)

    /// Calls `body` with each entry after a position that is not folded, in apply order: its stretch, its segment and its
    /// number, until it returns false.
    func scanEntries(
        of kind: LogKind, after position: Int64, while body: (LogStretch, Segment, SequenceNumber) throws -> Bool
    ) throws {
        try scanStretches(of: kind, after: position) { stretch in
            let skipped = SequenceNumber(max(0, position + 1 - stretch.position))
            if skipped >= stretch.count { return true }
            let wanted = stretch.first + skipped...stretch.last
            var goesOn = true
            try scanSegments(replica: stretch.replica, from: wanted.lowerBound, through: wanted.upperBound) { segment in
                if segment.isFolded { return true }
                for sequence in segment.sequences.clamped(to: wanted) {
                    goesOn = try body(stretch, segment, sequence)
                    if !goesOn { break }
                }
                return goesOn
            }
            return goesOn
        }
    }
}
