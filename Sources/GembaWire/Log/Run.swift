public import GembaCausality

/// Consecutive entries of one log that end at a signed head: the unit of transfer and of verification.
public struct Run: Hashable, Sendable {
    /// The replica whose log it is.
    public var replica: ReplicaID
    /// The number of the first entry.
    public var first: SequenceNumber
    /// The prefix of the hash of the entry before `first`; nil when `first` is 0.
    public var previous: HashPrefix?
    /// The encoded entries, never empty, exactly as their author made them.
    public var entries: [[UInt8]]
    /// The 64-byte signature of the head at the last entry.
    public var signature: [UInt8]

    /// Creates a run from its parts.
    public init(
        replica: ReplicaID, first: SequenceNumber, previous: HashPrefix?, entries: [[UInt8]], signature: [UInt8]
    ) {
        self.replica = replica
        self.first = first
        self.previous = previous
        self.entries = entries
        self.signature = signature
    }

    /// The number of the last entry.
    public var last: SequenceNumber { first + SequenceNumber(entries.count) - 1 }

    /// The run without its first entries.
    ///
    /// - Parameter hash: that of the last entry that is left out.
    public func dropFirst(_ count: Int, after hash: HashPrefix) -> Run {
        Run(
            replica: replica, first: first + SequenceNumber(count), previous: hash,
            entries: Array(entries.dropFirst(count)), signature: signature)
    }

    /// The bytes of the encoded entries.
    public var entryBytes: Int { entries.reduce(0) { $0 + $1.count } }
}
