public import GembaCausality

/// What stays of an entry when its body is folded into a checkpoint.
public struct FoldedEntry: Hashable, Sendable {
    /// Who made the change and why, for a change of which something still counts.
    public struct Note: Hashable, Sendable {
        /// The person, as the station claims.
        public var actor: String
        /// Why; may be empty.
        public var reason: String

        /// Creates a note.
        public init(actor: String, reason: String) {
            self.actor = actor
            self.reason = reason
        }
    }

    /// The part of its hash by which others refer to it.
    public var prefix: HashPrefix
    /// The author's clock; 0 for a genesis.
    public var timestamp: HybridTimestamp
    /// Its lamport number; 0 for a genesis.
    public var lamport: UInt64
    /// Whether its body was invalid, and so without effect everywhere.
    public var isQuarantined: Bool
    /// Who and why, where a row still names the change.
    public var note: Note?

    /// Creates a folded entry.
    public init(
        prefix: HashPrefix, timestamp: HybridTimestamp, lamport: UInt64, isQuarantined: Bool = false, note: Note? = nil
    ) {
        self.prefix = prefix
        self.timestamp = timestamp
        self.lamport = lamport
        self.isQuarantined = isQuarantined
        self.note = note
    }
}

/// Consecutive folded entries of one log.
///
/// References to what was folded are still checked by hash, values that are shown keep their author, reason and time, and
/// concurrent writes still find their order.
public struct FoldedBlock: Hashable, Sendable {
    /// The number of the first entry.
    public var first: SequenceNumber
    /// At most ``Limits/foldedEntries``.
    public var entries: [FoldedEntry]

    /// Creates a block.
    public init(first: SequenceNumber, entries: [FoldedEntry]) {
        self.first = first
        self.entries = entries
    }

    /// The number of the last entry.
    public var last: SequenceNumber { first + SequenceNumber(entries.count) - 1 }

    /// The entry of a number, or nil when it is not in the block.
    public subscript(sequence: SequenceNumber) -> FoldedEntry? {
        guard sequence >= first, sequence - first < SequenceNumber(entries.count) else { return nil }
        return entries[Int(sequence - first)]
    }
}

extension FoldedBlock: WireCodable {
    /// Appends `[first, prefixes, timestamps, lamports, quarantined, notes]`: the prefixes one after another in a byte
    /// string, of the numbers the first and then the differences, which are small, and the places of the quarantined.
    public func encode(into encoder: inout CBOREncoder) {
        encoder.array(count: 6)
        encoder.unsigned(first)
        encoder.byteString(entries.flatMap(\.prefix.bytes))
        encoder.array(count: entries.count)
        var previous: Int64 = 0
        for entry in entries {
            encoder.signed(Int64(entry.timestamp.rawValue) - previous)
            previous = Int64(entry.timestamp.rawValue)
        }
        encoder.array(count: entries.count)
        previous = 0
        for entry in entries {
            encoder.signed(Int64(entry.lamport) - previous)
            previous = Int64(entry.lamport)
        }
        let quarantined = entries.indices.filter { entries[$0].isQuarantined }
        encoder.array(count: quarantined.count)
        for offset in quarantined { encoder.unsigned(UInt64(offset)) }
        let notes = entries.enumerated().compactMap { offset, entry in entry.note.map { (offset, $0) } }
        encoder.array(count: notes.count)
        for (offset, note) in notes {
            encoder.array(count: 3)
            encoder.unsigned(UInt64(offset))
            encoder.text(note.actor)
            encoder.text(note.reason)
        }
    }

    /// Reads a block.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.array(count: 6)
        first = try decoder.unsigned()
        let prefixes = try decoder.byteString()
        let count = prefixes.count / HashPrefix.byteCount
        guard count > 0, count <= Limits.foldedEntries, prefixes.count == count * HashPrefix.byteCount else {
            throw decoder.failure(.invalid("a block of folded entries has a wrong length"))
        }
        let timestamps = try decoder.summedList(count: count)
        let lamports = try decoder.summedList(count: count)
        entries = []
        entries.reserveCapacity(count)
        for index in 0..<count {
            let start = prefixes.startIndex + index * HashPrefix.byteCount
            guard let prefix = HashPrefix(bytes: prefixes[start..<start + HashPrefix.byteCount]) else { continue }
            entries.append(
                FoldedEntry(
                    prefix: prefix, timestamp: HybridTimestamp(rawValue: timestamps[index]), lamport: lamports[index]))
        }
        try readQuarantined(from: &decoder)
        try readNotes(from: &decoder)
    }

    private mutating func readQuarantined(from decoder: inout CBORDecoder) throws(WireError) {
        var least = 0
        for _ in 0..<(try decoder.array()) {
            let offset = Int(clamping: try decoder.unsigned())
            guard offset >= least, offset < entries.count else {
                throw decoder.failure(.invalid("quarantined entries are not in their order"))
            }
            entries[offset].isQuarantined = true
            least = offset + 1
        }
    }

    private mutating func readNotes(from decoder: inout CBORDecoder) throws(WireError) {
        var least = 0
        for _ in 0..<(try decoder.array()) {
            try decoder.array(count: 3)
            let offset = Int(clamping: try decoder.unsigned())
            guard offset >= least, offset < entries.count else {
                throw decoder.failure(.invalid("notes are not in the order of their entries"))
            }
            entries[offset].note = .init(
                actor: try decoder.text(maximum: Limits.actorBytes),
                reason: try decoder.text(maximum: Limits.reasonBytes))
            least = offset + 1
        }
    }
}

extension CBORDecoder {
    /// Reads natural numbers that are given as a first one and differences.
    fileprivate mutating func summedList(count: Int) throws(WireError) -> [UInt64] {
        try array(count: count)
        var numbers: [UInt64] = []
        numbers.reserveCapacity(count)
        var sum: Int64 = 0
        for _ in 0..<count {
            let (next, overflow) = sum.addingReportingOverflow(try signed())
            guard !overflow, next >= 0 else { throw failure(.outOfRange) }
            numbers.append(UInt64(next))
            sum = next
        }
        return numbers
    }
}

extension FoldedBlock {
    /// The entries after a number; nil when there are none.
    public func suffix(after sequence: SequenceNumber) -> FoldedBlock? {
        if sequence < first { return self }
        if sequence >= last { return nil }
        return FoldedBlock(first: sequence + 1, entries: Array(entries.dropFirst(Int(sequence + 1 - first))))
    }
}
