import GembaCausality
import GembaWire

/// Folding: entries whose bodies are gone, because a checkpoint holds what they did. Their segments keep the directory,
/// so that references, lamport numbers and times are answered as before.
extension LogStore {
    // MARK: - Floors

    /// The last entry of a log without a body; nil when all bodies are here.
    func floor(of replica: Int64) throws -> SequenceNumber? {
        try hash(of: replica, atOrBefore: .max).map { $0.sequence }
    }

    /// The whole hash of the entry at which folded entries end.
    func hash(of replica: Int64, folded sequence: SequenceNumber) throws -> ChangeHash? {
        guard let found = try hash(of: replica, atOrBefore: sequence), found.sequence == sequence else { return nil }
        return found.hash
    }

    /// The last place before which entries are folded, up to an entry.
    private func hash(
        of replica: Int64, atOrBefore last: SequenceNumber
    ) throws -> (sequence: SequenceNumber, hash: ChangeHash)? {
        try connection.statement(
            "SELECT sequence, hash FROM gemba_floor WHERE replica = ? AND sequence <= ? ORDER BY sequence DESC LIMIT 1"
        )
        .bind(1, replica).bind(2, min(last, SequenceNumber(Int64.max))).first { ($0.unsigned(0), try $0.fixed(1)) }
    }

    /// All floors, by log.
    func floors() throws -> VersionVector {
        var floors = VersionVector()
        try connection.statement("SELECT replica, max(sequence) FROM gemba_floor GROUP BY replica").forEach { row in
            floors.insert(Dot(try numbers.replica(row.int(0), on: connection), row.unsigned(1)))
        }
        return floors
    }

    /// Keeps the whole hash of an entry: folded ones end here, or have been filled up to here.
    func addFloor(at dot: LocalDot, hash: ChangeHash) throws {
        try connection.statement("INSERT OR IGNORE INTO gemba_floor (replica, sequence, hash) VALUES (?, ?, ?)")
            .bind(1, dot.replica).bind(2, dot.sequence).bind(3, hash).run()
    }

    // MARK: - Leaps

    /// Appends what stays of entries to a log whose tip is moving to where a checkpoint has it.
    func appendFolded(_ block: FoldedBlock, coding: Segment.Coding, to tip: inout LogTip) throws {
        precondition(block.first == tip.sequence + 1, "block \(block.first) does not follow \(tip.sequence)")
        let dot = LocalDot(replica: tip.number, sequence: block.first)
        let beginsStretch = try extendOrder(of: tip.kind, with: dot)
        try insertFolded(block, replica: tip.number, coding: coding, beginsStretch: beginsStretch)
        tip.sequence = block.last
        tip.lamport = block.entries[block.entries.count - 1].lamport
        try connection.statement(
            """
            UPDATE gemba_replica SET sequence = ?, lamport = ?, timestamp = ?, quarantined = quarantined + ?
            WHERE id = ?
            """
        )
        .bind(1, tip.sequence).bind(2, tip.lamport)
        .bind(3, block.entries[block.entries.count - 1].timestamp.rawValue)
        .bind(4, block.entries.count { $0.isQuarantined }).bind(5, tip.number).run()
    }

    /// Ends a leap at the author's signed head.
    func finishLeap(of tip: inout LogTip, at head: SignedHead, lamport: UInt64) throws {
        tip.hash = head.hash
        tip.lamport = lamport
        try connection.statement("UPDATE gemba_replica SET hash = ?, lamport = ? WHERE id = ?")
            .bind(1, tip.hash).bind(2, tip.lamport).bind(3, tip.number).run()
        try keep(signature: head.signature, at: tip.dot)
        if head.sequence > 0 { try addFloor(at: tip.dot, hash: tip.hash) }
    }

    /// Writes a folded segment.
    func insertFolded(
        _ block: FoldedBlock, replica: Int64, coding: Segment.Coding = .folded, beginsStretch: Bool,
        heads: [Segment.Head] = []
    ) throws {
        var builder = SegmentBuilder(replica: replica, first: block.first, start: nil)
        var notes: [Int: FoldedEntry.Note] = [:]
        var heads = heads[...]
        for (offset, entry) in block.entries.enumerated() {
            builder.add(SegmentRecord(entry, beginsStretch: beginsStretch && offset == 0), [])
            notes[offset] = entry.note
            if let head = heads.first, head.sequence == block.first + SequenceNumber(offset) {
                builder.keep(head.signature)
                heads.removeFirst()
            }
        }
        try connection.statement(
            "INSERT OR REPLACE INTO gemba_segment (id, directory, heads, coding, entries) VALUES (?, ?, ?, ?, ?)"
        )
        .bind(1, builder.key.rawValue).bind(2, builder.directory).bind(3, builder.heads)
        .bind(4, coding.rawValue).bind(5, try Segment.encode(notes: notes)).run()
        forgetSegments()
    }

    // MARK: - Reading

    /// Calls `body` with what stays, or would stay, of every entry of a log up to its tip, in order.
    ///
    /// - Parameter isNoted: whether the author and reason of an entry are wanted.
    func forEachFolded(
        of tip: LogTip, isNoted: (SequenceNumber) -> Bool, _ body: (FoldedEntry) throws -> Void
    ) throws {
        var next: SequenceNumber = 0
        try scanSegments(replica: tip.number, from: 0, through: tip.sequence) { segment in
            for sequence in segment.sequences {
                guard sequence == next else { return false }
                try body(foldedEntry(sequence, of: segment, isNoted: isNoted(sequence)))
                next += 1
            }
            return true
        }
        guard next == tip.sequence + 1 else {
            throw StoreError(.corrupted, "Entry \(next) of a log is missing; run `gemba verify`.")
        }
    }
}

extension SegmentRecord {
    /// The record of a folded entry.
    init(_ entry: FoldedEntry, beginsStretch: Bool) {
        prefix = entry.prefix
        timestamp = entry.timestamp
        lamport = entry.lamport
        isQuarantined = entry.isQuarantined
        self.beginsStretch = beginsStretch
        length = 0
    }
}

// MARK: - Folding

extension LogStore {
    /// Forgets the bodies of a log up to an entry; its genesis stays, which says whose log it is.
    func fold(replica: Int64, through last: SequenceNumber) throws {
        guard let tip = try tip(number: replica), last > 0, last <= tip.sequence else { return }
        let hash = try chainHash(of: tip, at: last)
        var affected: [Segment] = []
        try scanSegments(replica: replica, from: 0, through: last) { segment in
            if !segment.isFolded { affected.append(segment) }
            return true
        }
        for segment in affected { try fold(segment, through: last, hash: hash) }
        // What had not been filled yet is not wanted any more, either.
        try connection.statement("UPDATE gemba_segment SET coding = ? WHERE coding = ? AND id BETWEEN ? AND ?")
            .bind(1, Segment.Coding.forgone.rawValue).bind(2, Segment.Coding.folded.rawValue)
            .bind(3, Segment.Key(LocalDot(replica: replica, sequence: 0)).rawValue)
            .bind(4, Segment.Key(LocalDot(replica: replica, sequence: last)).rawValue).run()
        // Nothing stands between them any more.
        try connection.statement("DELETE FROM gemba_floor WHERE replica = ? AND sequence < ?")
            .bind(1, replica).bind(2, last).run()
        try addFloor(at: LocalDot(replica: replica, sequence: last), hash: hash)
        forgetSegments()
    }

    /// Puts a folded segment in the place of one, and others with what is not folded: its genesis, and what lies behind.
    private func fold(_ segment: Segment, through last: SequenceNumber, hash: ChangeHash) throws {
        try connection.statement("DELETE FROM gemba_segment WHERE id = ?").bind(1, segment.key.rawValue).run()
        if segment.first == 0 { try write(part: segment, 0...0, start: nil) }
        let folded = max(segment.first, 1)...max(min(segment.last, last), 1)
        if folded.lowerBound <= segment.last {
            let entries = try folded.map { try foldedEntry($0, of: segment, isNoted: true) }
            try insertFolded(
                FoldedBlock(first: folded.lowerBound, entries: entries), replica: segment.replica, coding: .forgone,
                beginsStretch: segment.record(folded.lowerBound).beginsStretch,
                heads: segment.heads.filter { folded.contains($0.sequence) })
        }
        if segment.last > last { try write(part: segment, last + 1...segment.last, start: hash) }
    }

    /// Writes some of a segment's entries as one of their own.
    func write(part segment: Segment, _ range: ClosedRange<SequenceNumber>, start: ChangeHash?) throws {
        var builder = SegmentBuilder(replica: segment.replica, first: range.lowerBound, start: start)
        for sequence in range {
            builder.add(segment.record(sequence), segment.entry(sequence))
            if let head = segment.heads.first(where: { $0.sequence == sequence }) { builder.keep(head.signature) }
        }
        try write(builder)
    }

    /// The whole hash of an entry that is not folded, computed from the last place where one is kept.
    func chainHash(of tip: LogTip, at last: SequenceNumber) throws -> ChangeHash {
        if last == tip.sequence { return tip.hash }
        let beginning = try branches().beginning(of: tip.number)
        let start = try hash(of: tip.number, atOrBefore: last)
        var previous = start?.hash ?? beginning?.previous ?? .beforeGenesis
        let first = start.map { $0.sequence + 1 } ?? beginning?.first ?? 0
        guard first <= last else { return previous }
        try scanSegments(replica: tip.number, from: first, through: last) { segment in
            for sequence in segment.sequences.clamped(to: first...last) {
                let entry = try Entry(decoding: segment.entry(sequence))
                previous = entry.hash(
                    replica: sequence == 0 ? nil : tip.author, sequence: sequence, previous: previous)
                guard previous.prefix == segment.record(sequence).prefix else {
                    throw StoreError(.corrupted, "The hash chain is broken at entry \(sequence); run `gemba verify`.")
                }
            }
            return true
        }
        return previous
    }
}
