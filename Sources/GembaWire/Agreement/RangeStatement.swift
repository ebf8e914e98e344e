/// What a replica says about a range of rows.
public enum RangeStatement: Hashable, Sendable {
    /// It has many rows: the fingerprints of the sixteen ranges that it consists of.
    case children([RowFingerprint])
    /// It has few: each of them, sorted.
    case rows([Row])

    /// One row of a range.
    public struct Row: Hashable, Sendable {
        /// Which.
        public var key: RowKey
        /// The fingerprint of its state; nil when the speaker holds effects on it that he does not understand, so that his
        /// state says nothing.
        public var fingerprint: RowFingerprint?

        /// Creates a row of a statement.
        public init(key: RowKey, fingerprint: RowFingerprint?) {
            self.key = key
            self.fingerprint = fingerprint
        }
    }
}

/// A range with what is said about it.
public struct StatedRange: Hashable, Sendable {
    /// The range.
    public var range: RowRange
    /// What is said.
    public var statement: RangeStatement

    /// Creates a statement about a range.
    public init(range: RowRange, statement: RangeStatement) {
        self.range = range
        self.statement = statement
    }
}

/// A range with its fingerprint.
public struct FingerprintedRange: Hashable, Sendable {
    /// The range.
    public var range: RowRange
    /// The fingerprint of its digest.
    public var fingerprint: RowFingerprint

    /// Creates a range with its fingerprint.
    public init(range: RowRange, fingerprint: RowFingerprint) {
        self.range = range
        self.fingerprint = fingerprint
    }
}

/// A row with its merge state.
public struct StatedRow: Hashable, Sendable {
    /// Which.
    public var key: RowKey
    /// The state in canonical form (04-operations §6), or a hash of 16 bytes when that is longer than
    /// ``Limits/comparedStateBytes``; empty when there is no such row.
    public var state: [UInt8]

    /// Creates a row with its state.
    public init(key: RowKey, state: [UInt8]) {
        self.key = key
        self.state = state
    }
}
