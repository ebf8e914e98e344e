public import GembaCausality

/// A run without what follows from its stream and its other entries, from which the same bytes are made again.
public struct PackedRun: Hashable, Sendable {
    /// The log.
    public var log: PackedName
    /// The number of the first entry.
    public var first: SequenceNumber
    /// The prefix of the hash of the entry before `first`; nil when `first` is 0.
    public var previous: HashPrefix?
    /// For each entry the nonce, if it is sealed, and the stored body.
    public var bodies: [UInt8]
    /// The 64-byte signature of the head at the last entry.
    public var signature: [UInt8]
    /// The least length of a body, then how much longer each is, save the last, which takes the rest; all in LEB128. Empty
    /// for a single entry.
    public var lengths: [UInt8]
    /// The forms of entries that follow each other; empty when all have that of the entry before in the stream.
    public var forms: [Form]
    /// The deps of those entries that have any.
    public var deps: [Deps]

    /// Entries of one form.
    public struct Form: Hashable, Sendable {
        /// The epoch under which they are sealed, if they are.
        public var epoch: PackedName?
        /// How their bodies represent their content.
        public var coding: BodyCoding
        /// How many there are; nil for the last form, which has all that remain.
        public var count: UInt64?

        /// Creates a form from its parts.
        public init(epoch: PackedName?, coding: BodyCoding, count: UInt64?) {
            self.epoch = epoch
            self.coding = coding
            self.count = count
        }
    }

    /// The deps of one entry.
    public struct Deps: Hashable, Sendable {
        /// The place of the entry in the run, from 0.
        public var place: UInt64
        /// What it depends on; never empty.
        public var references: [Reference]

        /// Creates the deps of an entry.
        public init(place: UInt64, references: [Reference]) {
            self.place = place
            self.references = references
        }
    }

    /// A reference to an entry of another log.
    public struct Reference: Hashable, Sendable {
        /// The other log.
        public var log: PackedName
        /// The number of the entry.
        public var sequence: SequenceNumber
        /// The first bytes of its hash.
        public var prefix: HashPrefix

        /// Creates a reference from its parts.
        public init(log: PackedName, sequence: SequenceNumber, prefix: HashPrefix) {
            self.log = log
            self.sequence = sequence
            self.prefix = prefix
        }
    }

    /// Creates a packed run from its parts.
    public init(
        log: PackedName, first: SequenceNumber, previous: HashPrefix?, bodies: [UInt8], signature: [UInt8],
        lengths: [UInt8] = [], forms: [Form] = [], deps: [Deps] = []
    ) {
        self.log = log
        self.first = first
        self.previous = previous
        self.bodies = bodies
        self.signature = signature
        self.lengths = lengths
        self.forms = forms
        self.deps = deps
    }
}
