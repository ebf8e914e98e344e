import GembaCausality
import GembaTrust
import GembaWire

/// Consecutive entries of one log, stored together: a run as it came from a peer, a local change, or many of either after
/// they were packed.
///
/// A log of many small changes, each a row of its own, would take more room for its keys and hashes than for what was
/// written, and could not be compressed. A segment has
///
/// - a *directory* of ``recordBytes`` for each entry: hash prefix (16), timestamp (8, its first bit set when the entry is
///   quarantined), lamport number (8, its first bit set when the entry begins a stretch of the apply order), length (4), all
///   big-endian;
/// - the *entries*, one after another as their author made them, in one Zstandard frame where that pays;
/// - the *heads* that are kept, each as the index of its entry (2) and its signature (64). A stretch always ends at one;
/// - the *start*: the whole hash of the entry before, from which the chain is taken up. Sealed bodies are bound to it.
///
/// The format is local to a database file.
struct Segment {
    /// Bytes of the directory for one entry.
    static let recordBytes = 36
    /// Entries in one segment, at most: finding one means reading all.
    static let maximumCount = 256
    /// Bytes of entries, before compression, at which no more are added.
    static let maximumBytes = 256 << 10

    /// The number of the log's replica.
    let replica: Int64
    /// The sequence number of the first entry.
    let first: SequenceNumber
    /// The entries' records.
    private let directory: [UInt8]
    /// The entries, and where each begins; the last offset is their end.
    private let content: Content

    private struct Content {
        var bytes: [UInt8]
        var offsets: [Int]
    }

    /// The kept heads, in order.
    let heads: [Head]
    /// The whole hash of the entry before the first; nil for a genesis, for folded entries, and in segments that were written
    /// before bodies were sealed.
    let start: ChangeHash?
    /// For a *folded* segment, whose entries are gone, who made those changes of which something still counts, and why.
    let notes: [SequenceNumber: FoldedEntry.Note]?
    /// How the entries are represented.
    let coding: Coding

    /// Whether only the directory is left: the entries are folded into a checkpoint.
    var isFolded: Bool { notes != nil }

    /// A signature at an entry.
    struct Head: Hashable {
        var sequence: SequenceNumber
        var signature: [UInt8]
    }

    /// How many entries there are.
    var count: Int { directory.count / Self.recordBytes }
    /// Bytes of all entries, before compression.
    var bytes: Int { content.bytes.count }
    var key: Key { Key(LocalDot(replica: replica, sequence: first)) }
    /// The sequence number of the last entry.
    var last: SequenceNumber { first + SequenceNumber(count) - 1 }

    var sequences: ClosedRange<SequenceNumber> { first...last }

    /// Whether an entry is among these.
    func contains(_ dot: LocalDot) -> Bool {
        dot.replica == replica && dot.sequence >= first && dot.sequence <= last
    }

    /// The encoded entry with a sequence number of this segment, which is not folded.
    func entry(_ sequence: SequenceNumber) -> ArraySlice<UInt8> {
        precondition(!isFolded, "the entries of a folded segment are gone")
        let index = Int(sequence - first)
        return content.bytes[content.offsets[index]..<content.offsets[index + 1]]
    }

    /// What the directory says of the entry with a sequence number of this segment.
    func record(_ sequence: SequenceNumber) -> SegmentRecord {
        SegmentRecord(directory, at: Int(sequence - first))
    }

    // MARK: - Stored form

    /// Which log a segment is of, and from where on: its key.
    struct Key: Hashable {
        /// A log would need 2^40 entries to run into the next one's keys.
        private static let sequenceBits: Int64 = 40

        var rawValue: Int64

        init(rawValue: Int64) { self.rawValue = rawValue }

        init(_ dot: LocalDot) { rawValue = dot.replica << Self.sequenceBits | Int64(dot.sequence) }

        var dot: LocalDot {
            LocalDot(
                replica: rawValue >> Self.sequenceBits,
                sequence: SequenceNumber(rawValue & (1 << Self.sequenceBits - 1)))
        }
    }

    /// How the entries are represented.
    enum Coding: Int64 {
        case plain = 0
        case zstandard = 1
        /// The entries are not here, because a checkpoint came in their place; see ``encode(notes:)`` for what stands there.
        case folded = 2
        /// The entries are gone, because this replica was told to forget them; otherwise as ``folded``.
        case forgone = 3

        /// Whether the entries of a segment are gone, by its stored coding.
        static func isFolded(_ stored: Int64) -> Bool { stored >= folded.rawValue }
    }

    /// Reads a stored segment.
    init(
        key: Key, directory: [UInt8], coding: Int64, entries: [UInt8], heads: [UInt8], start: ChangeHash?
    ) throws(StoreError) {
        let dot = key.dot
        replica = dot.replica
        first = dot.sequence
        self.start = start
        self.directory = directory
        guard !directory.isEmpty, directory.count.isMultiple(of: Self.recordBytes),
            let coding = Coding(rawValue: coding)
        else { throw Self.damaged(dot) }
        self.heads = try Self.heads(heads, from: dot, count: directory.count / Self.recordBytes)
        self.coding = coding
        guard !Coding.isFolded(coding.rawValue) else {
            notes = try Self.notes(entries, first: dot.sequence)
            content = Content(bytes: [], offsets: [])
            return
        }
        notes = nil
        var offsets = [0]
        offsets.reserveCapacity(directory.count / Self.recordBytes + 1)
        for index in 0..<directory.count / Self.recordBytes {
            offsets.append(offsets[index] + SegmentRecord(directory, at: index).length)
        }
        let size = offsets[offsets.count - 1]
        switch coding {
        case .plain:
            guard entries.count == size else { throw Self.damaged(dot) }
            content = Content(bytes: entries, offsets: offsets)
        case .zstandard:
            guard size <= Self.maximumBytes, let bytes = Zstandard.decompress(entries, exactly: size) else {
                throw Self.damaged(dot)
            }
            content = Content(bytes: bytes, offsets: offsets)
        case .folded, .forgone: preconditionFailure("a folded segment has no entries")
        }
    }

    private static let signatureBytes = 64
    private static let headBytes = 2 + signatureBytes

    /// The stored form of a head at the entry with an index.
    static func append(_ signature: [UInt8], at index: Int, to heads: inout [UInt8]) {
        precondition(signature.count == signatureBytes, "a signature has \(signature.count) bytes")
        withUnsafeBytes(of: UInt16(index).bigEndian) { heads.append(contentsOf: $0) }
        heads.append(contentsOf: signature)
    }

    /// The indices of the entries at which a stored list keeps heads.
    static func headIndices(_ stored: [UInt8]) -> [Int] {
        stride(from: 0, to: stored.count - 1, by: headBytes).map { Int(stored[$0]) << 8 | Int(stored[$0 + 1]) }
    }

    private static func heads(
        _ stored: [UInt8], from dot: LocalDot, count: Int
    ) throws(StoreError) -> [Head] {
        guard stored.count.isMultiple(of: headBytes) else {
            throw damaged(dot)
        }
        var heads: [Head] = []
        for start in stride(from: 0, to: stored.count, by: headBytes) {
            let index = Int(stored[start]) << 8 | Int(stored[start + 1])
            guard index < count else { throw damaged(dot) }
            heads.append(
                Head(
                    sequence: dot.sequence + SequenceNumber(index),
                    signature: Array(stored[start + 2..<start + headBytes])))
        }
        return heads
    }

    static func damaged(_ dot: LocalDot) -> StoreError {
        StoreError(.corrupted, "The log is damaged at entry \(dot.sequence) of log \(dot.replica); run `gemba verify`.")
    }
}

/// What a segment's directory says of one entry.
struct SegmentRecord: Hashable, Sendable {
    /// The first bytes of the hash.
    var prefix: HashPrefix
    var timestamp: HybridTimestamp
    var lamport: UInt64
    /// Authentic, but invalid or without effect: stored and forwarded all the same.
    var isQuarantined: Bool
    /// Whether another log's entry was stored right before this one.
    var beginsStretch: Bool
    /// Bytes of the encoded entry.
    var length: Int

    private static let flag: UInt64 = 1 << 63

    init(_ entry: StoredEntry, beginsStretch: Bool) {
        self.beginsStretch = beginsStretch
        prefix = entry.hash.prefix
        timestamp = entry.timestamp
        lamport = entry.lamport
        isQuarantined = entry.isQuarantined
        length = entry.encoded.count
    }

    /// Reads the record at `index` of a directory.
    init(_ directory: [UInt8], at index: Int) {
        self = directory.withUnsafeBytes { Self($0, at: index) }
    }

    /// Reads the record at `index` of a directory.
    init(_ directory: UnsafeRawBufferPointer, at index: Int) {
        let start = index * Segment.recordBytes
        precondition(start >= 0 && start + Segment.recordBytes <= directory.count, "no entry \(index) in a segment")
        prefix = HashPrefix(
            rawValue: UInt128(bigEndian: directory.loadUnaligned(fromByteOffset: start, as: UInt128.self)))
        let time = UInt64(bigEndian: directory.loadUnaligned(fromByteOffset: start + 16, as: UInt64.self))
        timestamp = HybridTimestamp(rawValue: time & ~Self.flag)
        isQuarantined = time & Self.flag != 0
        let number = UInt64(bigEndian: directory.loadUnaligned(fromByteOffset: start + 24, as: UInt64.self))
        lamport = number & ~Self.flag
        beginsStretch = number & Self.flag != 0
        length = Int(UInt32(bigEndian: directory.loadUnaligned(fromByteOffset: start + 32, as: UInt32.self)))
    }

    /// Says in a directory that the entry at `index` begins a stretch.
    static func markBeginning(at index: Int, in directory: inout [UInt8]) {
        directory[index * Segment.recordBytes + 24] |= 0x80
    }

    /// Appends the stored form.
    func append(to directory: inout [UInt8]) {
        let time = timestamp.rawValue | (isQuarantined ? Self.flag : 0)
        withUnsafeBytes(of: prefix.rawValue.bigEndian) { directory.append(contentsOf: $0) }
        withUnsafeBytes(of: time.bigEndian) { directory.append(contentsOf: $0) }
        let number = lamport | (beginsStretch ? Self.flag : 0)
        withUnsafeBytes(of: number.bigEndian) { directory.append(contentsOf: $0) }
        withUnsafeBytes(of: UInt32(length).bigEndian) { directory.append(contentsOf: $0) }
    }
}

/// A segment in the making.
struct SegmentBuilder {
    let replica: Int64
    let first: SequenceNumber
    /// The whole hash of the entry before the first, as ``Segment/start``.
    let start: ChangeHash?
    private(set) var directory: [UInt8] = []
    private(set) var heads: [UInt8] = []
    private var entries: [UInt8] = []
    private(set) var count = 0

    init(replica: Int64, first: SequenceNumber, start: ChangeHash?) {
        self.replica = replica
        self.first = first
        self.start = start
    }

    var key: Segment.Key { Segment.Key(LocalDot(replica: replica, sequence: first)) }
    /// Whether an entry of a length fits beside those that are there.
    func takes(_ length: Int) -> Bool { Self.takes(length, besides: count, bytes: entries.count) }

    private static func takes(_ length: Int, besides count: Int, bytes: Int) -> Bool {
        count == 0 || (count < Segment.maximumCount && bytes + length <= Segment.maximumBytes)
    }

    /// How entries of these lengths go into new segments.
    static func groups<Lengths: Collection<Int>>(of lengths: Lengths) -> [Range<Lengths.Index>] {
        var groups: [Range<Lengths.Index>] = []
        var start = lengths.startIndex
        var (count, bytes) = (0, 0)
        for index in lengths.indices {
            if !takes(lengths[index], besides: count, bytes: bytes) {
                groups.append(start..<index)
                start = index
                (count, bytes) = (0, 0)
            }
            (count, bytes) = (count + 1, bytes + lengths[index])
        }
        if count > 0 { groups.append(start..<lengths.endIndex) }
        return groups
    }

    mutating func add(_ record: SegmentRecord, _ entry: some Collection<UInt8>) {
        record.append(to: &directory)
        entries.append(contentsOf: entry)
        count += 1
    }

    /// Keeps a signature at the entry that was added last.
    mutating func keep(_ signature: [UInt8]) { Segment.append(signature, at: count - 1, to: &heads) }

    /// The entries as stored.
    var encodedEntries: SegmentEntries { SegmentEntries(of: entries, count: count) }
}

/// The entries of a segment as they are stored.
struct SegmentEntries: Sendable {
    let coding: Segment.Coding
    let bytes: [UInt8]

    /// Compression begins to pay where entries repeat each other.
    private static let leastCompressed = 4

    init(of entries: some Collection<[UInt8]>) {
        self.init(of: Array(entries.joined()), count: entries.count)
    }

    fileprivate init(of entries: [UInt8], count: Int) {
        if count >= Self.leastCompressed, entries.count <= Segment.maximumBytes,
            let frame = Zstandard.compress(entries), frame.count < entries.count - entries.count / 8
        {
            (coding, bytes) = (.zstandard, frame)
        } else {
            (coding, bytes) = (.plain, entries)
        }
    }
}
