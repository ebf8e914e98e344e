import GembaCausality
import GembaWire

/// What former members wrote that does not count: runs that follow the end of a log. They are kept, up to a bound, because an entry
/// that comes later may have been built on them, and because the signature at their end proves what stands before it.
extension LogStore {
    /// Bytes of entries that are kept of one log. The first run is kept whatever its size: it may prove what stands before it.
    private static let greatestVoid = 1 << 20

    /// A run that was set aside.
    struct VoidRun {
        /// The number of the chain that begins with the log's genesis, whichever branch the run belongs to.
        var log: Int64
        var run: Run
    }

    /// Keeps a run that follows what counts of a log, or another one that was set aside. Of what lies beyond the bound is noted that
    /// it was left out: when somebody is found to have built on it, it is kept, however much it is.
    ///
    /// - Returns: whether it is kept.
    @discardableResult
    func setAside(_ run: Run, of replica: Int64) throws -> Bool {
        let log = try branches().log(of: replica)
        let held = try voidRuns(of: log)
        if held.contains(where: { $0.run.begins(with: run) }) { return true }
        for kept in held where run.begins(with: kept.run) { try forgetVoid(kept) }
        let others = held.filter { !run.begins(with: $0.run) }.map(\.run.entryBytes)
        let fits = others.isEmpty || others.reduce(run.entryBytes, +) <= Self.greatestVoid
        guard fits || environment.quota.isWanted(run) else {
            environment.quota.noteLeftOut(run.replica)
            return false
        }
        try connection.statement("INSERT OR REPLACE INTO gemba_void (replica, first, run) VALUES (?, ?, ?)")
            .bind(1, log).bind(2, run.first).bind(3, run.encoded()).run()
        return true
    }

    /// The runs that were set aside of the log to which a chain belongs, in order.
    func voidRuns(of replica: Int64) throws -> [VoidRun] {
        let log = try branches().log(of: replica)
        var runs: [VoidRun] = []
        try connection.statement("SELECT run FROM gemba_void WHERE replica = ? ORDER BY first, run").bind(1, log)
            .forEach { runs.append(VoidRun(log: log, run: try Run(decoding: $0.bytes(0)))) }
        return runs
    }

    /// The run that was set aside and goes on at the end of a chain.
    func voidRun(after tip: LogTip) throws -> VoidRun? {
        try voidRuns(of: tip.number).first { $0.run.first == tip.sequence + 1 && $0.run.previous == tip.hash.prefix }
    }

    /// Forgets a run that was set aside.
    func forgetVoid(_ kept: VoidRun) throws {
        try connection.statement("DELETE FROM gemba_void WHERE replica = ? AND first = ? AND run = ?")
            .bind(1, kept.log).bind(2, kept.run.first).bind(3, kept.run.encoded()).run()
    }

    /// The logs of which something was set aside.
    func logsWithVoid() throws -> [LogTip] {
        var numbers: [Int64] = []
        try connection.statement("SELECT DISTINCT replica FROM gemba_void ORDER BY replica")
            .forEach { numbers.append($0.int(0)) }
        return try numbers.compactMap(tip(number:))
    }

    // MARK: - Taking away

    /// Takes the end of a chain away, which does not count any more, and sets it aside. Of a branch of which nothing counts
    /// nothing stays.
    ///
    /// What stood there in the apply order stays a gap, so that no place is given twice. What hangs on it was taken away before.
    func withdraw(_ tip: LogTip, after counted: SequenceNumber) throws {
        let beginning = try branches().beginning(of: tip.number)
        let end = max(counted, beginning.map { $0.first - 1 } ?? 0)
        let isWhole = end == beginning?.fork.sequence
        let hash = try isWhole ? beginning?.previous ?? tip.hash : chainHash(of: tip, at: end)
        let last = isWhole ? beginning?.fork : LocalDot(replica: tip.number, sequence: end)
        guard let record = try last.flatMap(record(of:)) else {
            throw StoreError(.corrupted, "Entry \(end) of a log is missing; run `gemba verify`.")
        }
        var runs: [Run] = []
        var rest = Run(replica: tip.author, first: end + 1, previous: hash.prefix, entries: [], signature: [])
        var quarantined = 0
        var segments: [Segment] = []
        try scanSegments(replica: tip.number, from: end + 1, through: tip.sequence) { segment in
            segments.append(segment)
            var heads = segment.heads.drop { $0.sequence <= end }
            for sequence in segment.sequences.clamped(to: end + 1...tip.sequence) {
                rest.entries.append(Array(segment.entry(sequence)))
                if segment.record(sequence).isQuarantined { quarantined += 1 }
                guard let head = heads.first, head.sequence == sequence else { continue }
                heads.removeFirst()
                rest.signature = head.signature
                runs.append(rest)
                rest = Run(
                    replica: tip.author, first: sequence + 1, previous: segment.record(sequence).prefix, entries: [],
                    signature: [])
            }
            return true
        }
        if !rest.entries.isEmpty {
            runs.append(try rest.appending(proof(of: tip)))
        }
        try leaveGap(tip, after: end)
        for segment in segments {
            try connection.statement("DELETE FROM gemba_segment WHERE id = ?").bind(1, segment.key.rawValue).run()
            if segment.first <= end { try write(part: segment, segment.first...end, start: segment.start) }
        }
        for run in runs { try setAside(run, of: tip.number) }
        for (table, column) in [("gemba_seen", "author"), ("gemba_deferred", "replica")] {
            try connection.statement("DELETE FROM \(table) WHERE \(column) = ? AND sequence > ?")
                .bind(1, tip.number).bind(2, end).run()
        }
        if isWhole {
            try forget(chain: tip.number)
        } else {
            try connection.statement(
                """
                UPDATE gemba_replica
                SET sequence = ?, hash = ?, lamport = ?, timestamp = ?, quarantined = quarantined - ? WHERE id = ?
                """
            )
            .bind(1, end).bind(2, hash).bind(3, record.lamport).bind(4, record.timestamp.rawValue)
            .bind(5, quarantined).bind(6, tip.number).run()
            try connection.statement("DELETE FROM gemba_branch WHERE replica = ? AND first > ?")
                .bind(1, tip.number).bind(2, end).run()
        }
        forgetSegments()
        forgetBranches()
        numbers.forgetAll()
    }

    /// The run behind the end of a chain that is no signed head: a cut that came before ended it at an entry that only a signature
    /// behind it proves.
    private func proof(of tip: LogTip) throws -> Run {
        guard let kept = try voidRun(after: tip) else {
            throw StoreError(.corrupted, "Entry \(tip.sequence) of a log has no signed head; run `gemba verify`.")
        }
        try forgetVoid(kept)
        return kept.run
    }

    private func forget(chain number: Int64) throws {
        for table in ["gemba_branch WHERE replica = ?", "gemba_seen WHERE peer = ?", "gemba_replica WHERE id = ?"] {
            try connection.statement("DELETE FROM \(table)").bind(1, number).run()
        }
    }

    /// Finds anew which entries are followed by others, after some were taken away.
    func renewCover() throws {
        try connection.execute(
            """
            UPDATE gemba_replica SET covered = -1 WHERE kind = \(LogKind.data.rawValue);
            UPDATE gemba_replica SET covered = followed.upto
            FROM (SELECT peer, max(upto) AS upto FROM gemba_seen GROUP BY peer) AS followed
            WHERE followed.peer = gemba_replica.id;
            UPDATE gemba_replica SET covered = max(covered, fork.last)
            FROM (SELECT parent, max(first) - 1 AS last FROM gemba_branch GROUP BY parent) AS fork
            WHERE fork.parent = gemba_replica.id;
            """)
    }
}

extension Run {
    /// This one without a signature of its own, up to the end of the next one.
    fileprivate func appending(_ next: Run) -> Run {
        Run(
            replica: replica, first: first, previous: previous, entries: entries + next.entries,
            signature: next.signature)
    }

    /// Whether another run is the beginning of this one, or the same.
    fileprivate func begins(with other: Run) -> Bool {
        first == other.first && previous == other.previous && entries.starts(with: other.entries)
    }
}
