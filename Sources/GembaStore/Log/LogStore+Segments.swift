import GembaCausality
import GembaWire

/// Segments: where the entries themselves are.
extension LogStore {
    // MARK: - Writing

    /// Writes consecutive entries that end at a head, of which the first may begin a stretch of the apply order.
    ///
    /// - Parameters:
    ///   - start: the whole hash of the entry before; nil for a genesis, or where no body is sealed.
    ///   - contents: what stands in their segments, if that was made ready before.
    func insert(
        _ entries: [StoredEntry], replica: Int64, after start: ChangeHash?, beginsStretch: Bool, signature: [UInt8]?,
        contents: [SegmentEntries]? = nil
    ) throws {
        for (index, group) in SegmentBuilder.groups(of: entries.lazy.map { $0.encoded.count }).enumerated() {
            var builder = SegmentBuilder(
                replica: replica, first: entries[group.lowerBound].sequence,
                start: group.lowerBound == 0 ? start : entries[group.lowerBound - 1].hash)
            for place in group {
                let record = SegmentRecord(entries[place], beginsStretch: beginsStretch && place == 0)
                builder.add(record, entries[place].encoded)
            }
            if let signature, group.upperBound == entries.count { builder.keep(signature) }
            try write(builder, contents?[index])
        }
    }

    func write(_ builder: SegmentBuilder, _ content: SegmentEntries? = nil) throws {
        let content = content ?? builder.encodedEntries
        let statement = try connection.statement(Self.insertSegment)
            .bind(1, builder.key.rawValue).bind(2, builder.directory).bind(3, builder.heads)
            .bind(4, content.coding.rawValue).bind(5, content.bytes)
        if let start = builder.start { statement.bind(6, start) } else { statement.bindNull(6) }
        try statement.run()
    }

    private static let insertSegment = SQLText(
        "INSERT INTO gemba_segment (id, directory, heads, coding, entries, start) VALUES (?, ?, ?, ?, ?, ?)")

    /// Packs small segments of a log into few, each time that the log has grown by ``Segment/maximumCount`` entries.
    func packIfDue(_ tip: LogTip, grownFrom previous: SequenceNumber) throws {
        let block = SequenceNumber(Segment.maximumCount)
        guard (tip.sequence + 1) / block > (previous + 1) / block else { return }
        try pack(replica: tip.number, from: (previous + 1) / block * block, through: tip.sequence)
    }

    private func pack(replica: Int64, from first: SequenceNumber, through last: SequenceNumber) throws {
        var group: [Segment.Key] = []
        var groups: [[Segment.Key]] = []
        var (count, bytes) = (0, 0)
        try scanOutlines(replica: replica, from: first, through: last) { outline in
            if outline.isFolded || count + outline.count > Segment.maximumCount
                || bytes + outline.bytes > Segment.maximumBytes
            {
                if group.count > 1 { groups.append(group) }
                (group, count, bytes) = ([], 0, 0)
            }
            if outline.isFolded { return }
            group.append(outline.key)
            (count, bytes) = (count + outline.count, bytes + outline.bytes)
        }
        if group.count > 1 { groups.append(group) }
        // Until all bodies of the log are here, it is open where its stretches will end.
        let keepsHeads = try floor(of: replica) != nil
        for group in groups { try join(group.compactMap { try segment(of: $0.dot) }, keepsHeads: keepsHeads) }
    }

    /// What a segment is, without its entries.
    private struct SegmentOutline {
        var key: Segment.Key
        var isFolded: Bool
        /// How many entries there are.
        var count: Int
        /// Bytes of all entries, before compression.
        var bytes: Int
    }

    private func scanOutlines(
        replica: Int64, from first: SequenceNumber, through last: SequenceNumber, _ body: (SegmentOutline) -> Void
    ) throws {
        let low = LocalDot(replica: replica, sequence: first)
        let high = LocalDot(replica: replica, sequence: last)
        try connection.statement(Self.selectOutlines)
            .bind(1, Segment.Key(LocalDot(replica: replica, sequence: 0)).rawValue)
            .bind(2, Segment.Key(low).rawValue).bind(3, Segment.Key(high).rawValue)
            .forEach { row in
                let (count, bytes) = row.withBytes(1) { directory in
                    let count = directory.count / Segment.recordBytes
                    return (count, (0..<count).reduce(0) { $0 + SegmentRecord(directory, at: $1).length })
                }
                body(
                    SegmentOutline(
                        key: Segment.Key(rawValue: row.int(0)), isFolded: Segment.Coding.isFolded(row.int(2)),
                        count: count, bytes: bytes))
            }
    }

    private static let selectOutlines = SQLText(
        """
        SELECT id, directory, coding FROM gemba_segment
        WHERE id >= coalesce((SELECT max(id) FROM gemba_segment WHERE id BETWEEN ?1 AND ?2), ?2) AND id <= ?3 ORDER BY id
        """)

    /// Puts one segment in the place of several, with the heads at which stretches end and the last one, or with all. The
    /// others are forgotten: a peer that stands at one is still sent what follows it.
    private func join(_ segments: [Segment], keepsHeads: Bool) throws {
        guard let first = segments.first, let last = segments.last else { return }
        var builder = SegmentBuilder(replica: first.replica, first: first.first, start: first.start)
        for (segment, next) in zip(segments, segments.dropFirst().map(Optional.some) + [nil]) {
            for sequence in segment.sequences {
                builder.add(segment.record(sequence), segment.entry(sequence))
                let follower = sequence == segment.last ? next : segment
                guard sequence == last.last || keepsHeads || follower?.record(sequence + 1).beginsStretch ?? true,
                    let head = segment.heads.first(where: { $0.sequence == sequence })
                else { continue }
                builder.keep(head.signature)
            }
            try connection.statement("DELETE FROM gemba_segment WHERE id = ?").bind(1, segment.key.rawValue).run()
        }
        forgetSegments()
        try write(builder)
    }

    // MARK: - Reading

    /// The segment that holds an entry, or nil when the entry is not held.
    func segment(of dot: LocalDot) throws -> Segment? {
        if let known = recentSegments.first(where: { $0.contains(dot) }) { return known }
        let found = try connection.statement(Self.selectSegment).bind(1, Segment.Key(dot).rawValue).first(segment)
        guard let found, found.contains(dot) else { return nil }
        remember(found)
        return found
    }

    private static let selectSegment = SQLText(
        "SELECT id, directory, coding, entries, heads, start FROM gemba_segment WHERE id <= ? ORDER BY id DESC LIMIT 1")

    /// Calls `body` with the segments that hold entries `first` to `last` of a log, in order, until it returns false.
    func scanSegments(
        replica: Int64, from first: SequenceNumber, through last: SequenceNumber,
        while body: (Segment) throws -> Bool
    ) throws {
        let statement = try connection.statement(Self.selectSegments)
        let (low, high) = (
            LocalDot(replica: replica, sequence: first), LocalDot(replica: replica, sequence: last)
        )
        statement.bind(1, Segment.Key(LocalDot(replica: replica, sequence: 0)).rawValue)
        statement.bind(2, Segment.Key(low).rawValue).bind(3, Segment.Key(high).rawValue)
        try statement.scan { row in
            try body(segment(row))
        }
    }

    private static let selectSegments = SQLText(
        """
        SELECT id, directory, coding, entries, heads, start FROM gemba_segment
        WHERE id >= coalesce((SELECT max(id) FROM gemba_segment WHERE id BETWEEN ?1 AND ?2), ?2) AND id <= ?3 ORDER BY id
        """)

    private func segment(_ row: Statement) throws -> Segment {
        try Segment(
            key: Segment.Key(rawValue: row.int(0)), directory: row.bytes(1), coding: row.int(2), entries: row.bytes(3),
            heads: row.bytes(4), start: row.isNull(5) ? nil : row.fixed(5))
    }

    /// What is stored of an entry beside its content, or nil when the entry is not held.
    func record(of dot: LocalDot) throws -> SegmentRecord? {
        if let known = recentSegments.first(where: { $0.contains(dot) }) { return known.record(dot.sequence) }
        let key = Segment.Key(dot)
        let statement = try connection.statement(Self.selectDirectory)
        return try statement.bind(1, key.rawValue).first { row in
            let first = Segment.Key(rawValue: row.int(0)).dot
            guard first.replica == dot.replica else { return nil }
            let index = Int(dot.sequence - first.sequence)
            return row.withBytes(1) { directory in
                index < directory.count / Segment.recordBytes ? SegmentRecord(directory, at: index) : nil
            }
        } ?? nil
    }

    static let selectDirectory = SQLText(
        "SELECT id, directory FROM gemba_segment WHERE id <= ? ORDER BY id DESC LIMIT 1")

    /// The encoded entry at a dot, or nil when it is not held or folded.
    func entry(at dot: LocalDot) throws -> ArraySlice<UInt8>? {
        guard let segment = try segment(of: dot), !segment.isFolded else { return nil }
        return segment.entry(dot.sequence)
    }

    // MARK: - Heads

    /// Keeps a signature that was verified, at the end of a log.
    func keep(signature: [UInt8], at dot: LocalDot) throws {
        guard let segment = try segment(of: dot) else { preconditionFailure("a head is kept at an entry that is held") }
        let earlier = segment.heads.filter { $0.sequence < dot.sequence }
        try save(earlier + [Segment.Head(sequence: dot.sequence, signature: signature)], of: segment)
    }

    /// Writes the heads of a segment, in order, in place of those that it has.
    func save(_ heads: [Segment.Head], of segment: Segment) throws {
        var stored: [UInt8] = []
        for head in heads { Segment.append(head.signature, at: Int(head.sequence - segment.first), to: &stored) }
        try connection.statement("UPDATE gemba_segment SET heads = ? WHERE id = ?")
            .bind(1, stored).bind(2, segment.key.rawValue).run()
        forgetSegments()
    }

    /// The signature kept at an entry, if any.
    func signature(at dot: LocalDot) throws -> [UInt8]? {
        try segment(of: dot)?.heads.first { $0.sequence == dot.sequence }?.signature
    }
}
