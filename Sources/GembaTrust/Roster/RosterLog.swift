public import GembaCausality
public import GembaWire

/// One roster log as far as it is held, decoded: what a ``Roster`` is folded from.
///
/// Only entries whose chain and signed head were verified come in, and all of a log come from one chain.
public struct RosterLog: Hashable, Sendable {
    /// The content of entry 0.
    public let genesis: Genesis
    /// The hash of entry 0, from which the replica has its name.
    public let genesisHash: ChangeHash
    /// The entries from 1 on, without gaps.
    public private(set) var entries: [Entry]

    /// The log's replica.
    public var replica: ReplicaID { genesisHash.replica }
    /// The station that signs the log.
    public var station: StationKey { genesis.station }
    /// The sequence number of the last entry held.
    public var last: SequenceNumber { SequenceNumber(entries.count) }

    /// Creates a log.
    public init(genesis: Genesis, genesisHash: ChangeHash, entries: [Entry] = []) {
        self.genesis = genesis
        self.genesisHash = genesisHash
        self.entries = entries
    }

    /// The epochs that its acts begin or pass on.
    var statedEpochs: [EpochID] {
        entries.flatMap { $0.body?.acts ?? [] }.compactMap { if case .epoch(let id, _) = $0 { id } else { nil } }
    }

    /// The hash of the last entry held.
    var end: ChangeHash { entries.last?.hash ?? genesisHash }

    /// Of histories of one log those that no other contains, sorted by their ends. Linear in all entries.
    static func withoutRepetitions(_ histories: [RosterLog]) -> [RosterLog] {
        if histories.count == 1 { return histories }
        var ends = Dictionary(histories.map { ($0.end, $0) }, uniquingKeysWith: { first, _ in first })
        for history in Array(ends.values) where !history.entries.isEmpty {
            ends[history.genesisHash] = nil
            for entry in history.entries.dropLast() { ends[entry.hash] = nil }
        }
        return ends.sorted { $0.key < $1.key }.map(\.value)
    }

    /// Appends the entry after ``last``.
    public mutating func append(_ entry: Entry) { entries.append(entry) }

    /// The hash of an entry, or nil when it is not held.
    public func hash(at sequence: SequenceNumber) -> ChangeHash? {
        if sequence == 0 { return genesisHash }
        return sequence <= last ? entries[Int(sequence) - 1].hash : nil
    }

    /// An entry after the genesis.
    public struct Entry: Hashable, Sendable {
        /// The hash of the entry.
        public var hash: ChangeHash
        /// Entries of other roster logs that the author had seen.
        public var deps: [ChangeReference]
        /// The content, or nil when it does not decode: such an entry has its place and no meaning.
        public var body: RosterBody?

        /// Creates an entry.
        public init(hash: ChangeHash, deps: [ChangeReference], body: RosterBody?) {
            self.hash = hash
            self.deps = deps
            self.body = body
        }

        /// Reads the content of an entry as a log holds it.
        public init(_ entry: GembaWire.Entry, hash: ChangeHash) {
            let isClear = entry.seal == nil && entry.coding == .identity
            self.init(hash: hash, deps: entry.deps, body: isClear ? try? RosterBody(decoding: entry.body) : nil)
        }
    }
}
