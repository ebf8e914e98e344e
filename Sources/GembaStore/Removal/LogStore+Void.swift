import GembaCausality
import GembaWire

/// What former members wrote that does not count: runs that follow the end of a log. They are kept, up to a bound, because an entry
/// that comes later may have been built on them, and because the signature at their end proves what stands before it.
extension LogStore {
    /// Bytes of entries that are kept of one log. The first run is kept whatever its size: it may prove what stands before it.
    private static let greatestVoid = 1 << 20

    /// Keeps a run that follows what counts of a log.
    func setAside(_ run: Run, of replica: Int64) throws {
        let held = try voidRuns(of: replica)
        if held.contains(where: { $0.first == run.first && $0.last >= run.last }) { return }
        guard held.isEmpty || held.reduce(run.entryBytes, { $0 + $1.entryBytes }) <= Self.greatestVoid else { return }
        try connection.statement("INSERT OR REPLACE INTO gemba_void (replica, first, run) VALUES (?, ?, ?)")
            .bind(1, replica).bind(2, run.first).bind(3, run.encoded()).run()
    }

    /// The runs that were set aside of a log, in order.
    func voidRuns(of replica: Int64) throws -> [Run] {
        var runs: [Run] = []
        try connection.statement("SELECT run FROM gemba_void WHERE replica = ? ORDER BY first").bind(1, replica)
            .forEach { runs.append(try Run(decoding: $0.bytes(0))) }
        return runs
    }

    /// Forgets a run that was set aside.
    func forgetVoid(_ run: Run, of replica: Int64) throws {
        try connection.statement("DELETE FROM gemba_void WHERE replica = ? AND first = ?").bind(1, replica).bind(
            2, run.first
        )
        .run()
    }

    /// The logs of which something was set aside.
    func logsWithVoid() throws -> [LogTip] {
        var numbers: [Int64] = []
        try connection.statement("SELECT DISTINCT replica FROM gemba_void ORDER BY replica")
            .forEach { numbers.append($0.int(0)) }
        return try numbers.compactMap(tip(number:))
    }

    /// Takes the end of a log away, which does not count any more, and sets it aside.
    ///
    /// What stood there in the apply order stays a gap, so that no place is given twice.
    func withdraw(_ tip: LogTip, after end: SequenceNumber) throws {
        let hash = try chainHash(of: tip, at: end)
        guard let record = try record(of: LocalDot(replica: tip.number, sequence: end)) else {
            throw StoreError(.corrupted, "Entry \(end) of a log is missing; run `gemba verify`.")
        }
        var runs: [Run] = []
        var rest = Run(replica: tip.replica, first: end + 1, previous: hash.prefix, entries: [], signature: [])
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
                    replica: tip.replica, first: sequence + 1, previous: segment.record(sequence).prefix, entries: [],
                    signature: [])
            }
            return true
        }
        if !rest.entries.isEmpty {
            // A cut that came before this one ended the log at an entry that only a signature behind it proves.
            guard let next = try voidRuns(of: tip.number).first, next.first == tip.sequence + 1 else {
                throw StoreError(.corrupted, "Entry \(tip.sequence) of a log has no signed head; run `gemba verify`.")
            }
            rest.entries += next.entries
            rest.signature = next.signature
            try forgetVoid(next, of: tip.number)
            runs.append(rest)
        }
        try leaveGap(tip, after: end)
        for segment in segments {
            try connection.statement("DELETE FROM gemba_segment WHERE id = ?").bind(1, segment.key.rawValue).run()
            if segment.first <= end { try write(part: segment, segment.first...end, start: segment.start) }
        }
        try connection.statement(
            """
            UPDATE gemba_replica SET sequence = ?, hash = ?, lamport = ?, timestamp = ?, quarantined = quarantined - ?
            WHERE id = ?
            """
        )
        .bind(1, end).bind(2, hash).bind(3, record.lamport).bind(4, record.timestamp.rawValue).bind(5, quarantined)
        .bind(6, tip.number).run()
        try connection.statement("DELETE FROM gemba_seen WHERE author = ? AND sequence > ?")
            .bind(1, tip.number).bind(2, end).run()
        try connection.statement("DELETE FROM gemba_deferred WHERE replica = ? AND sequence > ?")
            .bind(1, tip.number).bind(2, end).run()
        forgetSegments()
        for run in runs { try setAside(run, of: tip.number) }
    }

    /// Finds anew which entries are followed by others, after some were taken away.
    func renewCover() throws {
        try connection.execute(
            """
            UPDATE gemba_replica SET covered = -1 WHERE kind = \(LogKind.data.rawValue);
            UPDATE gemba_replica SET covered = followed.upto
            FROM (SELECT peer, max(upto) AS upto FROM gemba_seen GROUP BY peer) AS followed
            WHERE followed.peer = gemba_replica.id;
            """)
    }
}
