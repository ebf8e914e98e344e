public import GembaCausality

/// One step down the tree of vector digests.
///
/// The tree divides the replica ids by their hexadecimal digits, sixteen subtrees to a node.
public struct VectorMessage: Hashable, Sendable {
    /// Which logs are compared.
    public var kind: LogKind
    /// The comparison that this belongs to.
    public var round: UInt64
    /// What is said of each subtree; never empty.
    public var parts: [PrefixedPart]

    /// Creates a message from its parts.
    public init(kind: LogKind, round: UInt64, parts: [PrefixedPart]) {
        self.kind = kind
        self.round = round
        self.parts = parts
    }

    /// A part and the subtree that it is about.
    public struct PrefixedPart: Hashable, Sendable {
        /// The leading hexadecimal digits of the replica ids concerned, one to a byte.
        public var prefix: [UInt8]
        /// What is said of them.
        public var part: Part

        /// Creates a part with its prefix.
        public init(prefix: [UInt8], part: Part) {
            self.prefix = prefix
            self.part = part
        }
    }

    /// What is said of a subtree.
    public indirect enum Part: Hashable, Sendable {
        /// All of the sender's entries under the prefix, sorted by replica.
        case entries([ChangeReference])
        /// Digests of the sixteen subtrees, 8 bytes each.
        case digests([UInt64])
        /// Answers `entries`: the sender's entries are the receiver's, save these, sorted by replica.
        case difference([DifferingEntry])
        /// Answers `digests`: the subtrees that differ, sorted, each as `entries` or `digests`.
        case children([Child])
    }

    /// What the sender holds of one replica whose entry differs.
    public struct DifferingEntry: Hashable, Sendable {
        /// The replica.
        public var replica: ReplicaID
        /// Nil when the sender holds nothing of the replica.
        public var tip: Tip?

        /// Creates an entry from its parts.
        public init(replica: ReplicaID, tip: Tip?) {
            self.replica = replica
            self.tip = tip
        }
    }

    /// A place in a log with its history.
    public struct Tip: Hashable, Sendable {
        /// The place.
        public var sequence: SequenceNumber
        /// The beginning of the hash of the entry there.
        public var prefix: HashPrefix

        /// Creates a tip from its parts.
        public init(sequence: SequenceNumber, prefix: HashPrefix) {
            self.sequence = sequence
            self.prefix = prefix
        }
    }

    /// A subtree of the one that was asked about.
    public struct Child: Hashable, Sendable {
        /// The digit that leads to it, 0 to 15.
        public var digit: UInt8
        /// What the sender holds there: `entries` or `digests`.
        public var part: Part

        /// Creates a child from its parts.
        public init(digit: UInt8, part: Part) {
            self.digit = digit
            self.part = part
        }
    }
}
