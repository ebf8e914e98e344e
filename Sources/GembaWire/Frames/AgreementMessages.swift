/// Asks a peer that holds the same whether its rows are the same.
public struct CompareMessage: Hashable, Sendable {
    /// Numbers the questions of a session; the answer repeats it.
    public var number: UInt64
    /// What the sender's rows are made from.
    public var basis: AgreementBasis
    /// What is asked.
    public var subject: Subject

    /// What is asked about.
    public enum Subject: Hashable, Sendable {
        /// What the receiver has in ranges whose fingerprints with him are others; not empty, at most
        /// ``Limits/comparedRanges``.
        case ranges([FingerprintedRange])
        /// The states of rows, after the receiver has made them anew from its logs; not empty, at most ``Limits/comparedRows``.
        case rows([RowKey])
    }

    /// Creates a question from its parts.
    public init(number: UInt64, basis: AgreementBasis, subject: Subject) {
        self.number = number
        self.basis = basis
        self.subject = subject
    }
}

/// What rows are made from, and the key of fingerprints: only replicas that are equal in this compare their rows.
public struct AgreementBasis: Hashable, Sendable {
    /// The root digest of the vector of data.
    public var data: HashPrefix
    /// The root digest of the vector of the roster.
    public var roster: HashPrefix
    /// The epoch under which fingerprints are keyed; nil while the plant has none.
    public var epoch: EpochID?

    /// Creates a basis from its parts.
    public init(data: HashPrefix, roster: HashPrefix, epoch: EpochID?) {
        self.data = data
        self.roster = roster
        self.epoch = epoch
    }
}

/// Answers a ``CompareMessage``.
public struct StatementMessage: Hashable, Sendable {
    /// The number of the question.
    public var number: UInt64
    /// What is said; nil when the sender's rows are made from something else, or he cannot tell now.
    public var content: Content?

    /// What is said.
    public enum Content: Hashable, Sendable {
        /// About those ranges asked about whose fingerprints differ; the others are equal. Sorted by range.
        case ranges([StatedRange])
        /// About each of the rows asked about, in the order of the question.
        case rows([StatedRow])
    }

    /// Creates an answer from its parts.
    public init(number: UInt64, content: Content?) {
        self.number = number
        self.content = content
    }
}
