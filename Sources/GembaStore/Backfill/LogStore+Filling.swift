import GembaCausality
import GembaWire

/// An entry whose body came back.
struct FilledEntry {
    var record: SegmentRecord
    var hash: ChangeHash
    var encoded: [UInt8]
}

/// Filling: bodies that come back to where entries were folded.
extension LogStore {
    // MARK: - What is lacking

    /// The logs of which entries are folded, or were until the bodies came that nobody has settled yet.
    func logsWithFloors() throws -> [LogTip] {
        var numbers: [Int64] = []
        try connection.statement("SELECT DISTINCT replica FROM gemba_floor ORDER BY replica")
            .forEach { numbers.append($0.int(0)) }
        return try numbers.compactMap(tip(number:))
    }

    /// The folded entries of a log, as ranges that do not touch.
    ///
    /// - Parameter includesForgone: whether those count that this replica was told to forget.
    func folded(of replica: Int64, includingForgone includesForgone: Bool) throws -> [ClosedRange<SequenceNumber>] {
        var ranges: [ClosedRange<SequenceNumber>] = []
        try connection.statement(
            "SELECT id, length(directory) FROM gemba_segment WHERE id BETWEEN ? AND ? AND coding BETWEEN ? AND ? ORDER BY id"
        )
        .bind(1, Segment.Key(LocalDot(replica: replica, sequence: 0)).rawValue)
        .bind(2, Segment.Key(LocalDot(replica: replica + 1, sequence: 0)).rawValue - 1)
        .bind(3, Segment.Coding.folded.rawValue)
        .bind(4, (includesForgone ? Segment.Coding.forgone : .folded).rawValue)
        .forEach { row in
            let first = Segment.Key(rawValue: row.int(0)).dot.sequence
            let last = first + row.unsigned(1) / SequenceNumber(Segment.recordBytes) - 1
            if let before = ranges.last, before.upperBound + 1 == first {
                ranges[ranges.count - 1] = before.lowerBound...last
            } else {
                ranges.append(first...last)
            }
        }
        return ranges
    }

    // MARK: - Filling

    /// Puts bodies back where entries were folded; entries that have theirs stay as they are.
    ///
    /// - Parameters:
    ///   - first: the number of the first entry; all are held.
    ///   - start: the whole hash of the entry before.
    ///   - heads: signatures that were verified, at some of the entries.
    /// - Returns: how many entries had no body.
    func fill(
        _ replica: Int64, from first: SequenceNumber, after start: ChangeHash, _ entries: [FilledEntry],
        heads: [Segment.Head]
    ) throws -> Int {
        let last = first + SequenceNumber(entries.count) - 1
        var folded: [Segment] = []
        try scanSegments(replica: replica, from: first, through: last) { segment in
            if segment.isFolded, segment.last >= first { folded.append(segment) }
            return true
        }
        var filled = 0
        for segment in folded {
            let range = segment.sequences.clamped(to: first...last)
            try connection.statement("DELETE FROM gemba_segment WHERE id = ?").bind(1, segment.key.rawValue).run()
            try keepFolded(segment, segment.first..<range.lowerBound)
            try keepFolded(segment, range.upperBound + 1..<segment.last + 1)
            let hash = { (sequence: SequenceNumber) in
                sequence == first ? start : entries[Int(sequence - first) - 1].hash
            }
            var builder = try reopen(replica, before: range.lowerBound, start: hash(range.lowerBound))
            for sequence in range {
                let entry = entries[Int(sequence - first)]
                if !builder.takes(entry.encoded.count) {
                    try write(builder)
                    builder = SegmentBuilder(replica: replica, first: sequence, start: hash(sequence))
                }
                builder.add(entry.record, entry.encoded)
                let head = segment.heads.first { $0.sequence == sequence } ?? heads.first { $0.sequence == sequence }
                if let head { builder.keep(head.signature) }
            }
            try write(builder)
            forgetSegments()
            filled += range.count
        }
        for head in heads { try add(head, of: replica) }
        return filled
    }

    /// Writes a part of a segment again that stays folded.
    private func keepFolded(_ segment: Segment, _ part: Range<SequenceNumber>) throws {
        if part.isEmpty { return }
        let entries = try part.map { try foldedEntry($0, of: segment, isNoted: true) }
        try insertFolded(
            FoldedBlock(first: part.lowerBound, entries: entries), replica: segment.replica, coding: segment.coding,
            beginsStretch: segment.record(part.lowerBound).beginsStretch,
            heads: segment.heads.filter { part.contains($0.sequence) })
    }

    /// The segment that ends before an entry, to be gone on with if it has bodies, or else a new one.
    private func reopen(
        _ replica: Int64, before sequence: SequenceNumber, start: ChangeHash
    ) throws -> SegmentBuilder {
        let before = try segment(of: LocalDot(replica: replica, sequence: sequence - 1))
        guard let before, !before.isFolded, before.last + 1 == sequence, before.count < Segment.maximumCount,
            before.bytes < Segment.maximumBytes
        else { return SegmentBuilder(replica: replica, first: sequence, start: start) }
        var builder = SegmentBuilder(replica: replica, first: before.first, start: before.start)
        for sequence in before.sequences {
            builder.add(before.record(sequence), before.entry(sequence))
            if let head = before.heads.first(where: { $0.sequence == sequence }) { builder.keep(head.signature) }
        }
        try connection.statement("DELETE FROM gemba_segment WHERE id = ?").bind(1, before.key.rawValue).run()
        return builder
    }

    /// Keeps one more head of an entry that is held, wherever in its log.
    private func add(_ head: Segment.Head, of replica: Int64) throws {
        guard let segment = try segment(of: LocalDot(replica: replica, sequence: head.sequence)),
            !segment.heads.contains(where: { $0.sequence == head.sequence })
        else { return }
        try save((segment.heads + [head]).sorted { $0.sequence < $1.sequence }, of: segment)
    }

    // MARK: - Hashes on the way

    /// The whole hash of an entry, as far as it can be known: it has a body, or folded entries end there.
    func wholeHash(of tip: LogTip, at sequence: SequenceNumber) throws -> ChangeHash? {
        if let hash = try hash(of: tip.number, folded: sequence) { return hash }
        guard try entry(at: LocalDot(replica: tip.number, sequence: sequence)) != nil else { return nil }
        return try chainHash(of: tip, at: sequence)
    }

    /// Keeps the hash of the last entry that was filled, in place of the one up to which it had been done before, so that the
    /// chain is taken up there. The floor of a log, which lies higher, stays.
    func moveFloor(
        from before: (dot: LocalDot, hash: ChangeHash), to last: (dot: LocalDot, hash: ChangeHash)
    ) throws {
        if try isFloor(before.dot) {
            try addFloor(at: before.dot, hash: before.hash)
        } else {
            try removeFloor(at: before.dot)
        }
        guard let floor = try floor(of: last.dot.replica), last.dot.sequence < floor else { return }
        try addFloor(at: last.dot, hash: last.hash)
    }

    /// Whether an entry is folded and the next one is not.
    private func isFloor(_ dot: LocalDot) throws -> Bool {
        guard try segment(of: dot)?.isFolded == true else { return false }
        let next = LocalDot(replica: dot.replica, sequence: dot.sequence + 1)
        return try segment(of: next)?.isFolded != true
    }

    private func removeFloor(at dot: LocalDot) throws {
        try connection.statement("DELETE FROM gemba_floor WHERE replica = ? AND sequence = ?")
            .bind(1, dot.replica).bind(2, dot.sequence).run()
    }

    /// Forgets the floors above which, and below which, bodies stand now.
    ///
    /// - Returns: whether there were any.
    func settleFloors() throws -> Bool {
        var floors: [LocalDot] = []
        try connection.statement("SELECT replica, sequence FROM gemba_floor ORDER BY replica, sequence")
            .forEach { floors.append(LocalDot(replica: $0.int(0), sequence: $0.unsigned(1))) }
        let settled = try floors.filter { try !isFloor($0) }
        for dot in settled { try removeFloor(at: dot) }
        return !settled.isEmpty
    }

    /// Whether the highest floor of some log has its body: all that was lacking there came, and is not settled yet.
    func hasUnsettledFloors() throws -> Bool {
        var floors: [LocalDot] = []
        try connection.statement("SELECT replica, max(sequence) FROM gemba_floor GROUP BY replica")
            .forEach { floors.append(LocalDot(replica: $0.int(0), sequence: $0.unsigned(1))) }
        return try floors.contains { try segment(of: $0)?.isFolded == false }
    }
}
