public import GembaCausality

/// Asks for the bodies of entries that the sender holds without them.
public struct BackfillMessage: Hashable, Sendable {
    /// The comparison in whose round the question is asked.
    public var round: UInt64
    /// The place in the receiver's apply order after which it looks, as its last answer gave it; 0 at first.
    public var position: UInt64
    /// The bytes of entries after which the receiver adds no more, at most ``Limits/batchBytes``.
    public var maximumBytes: UInt64
    /// What is wanted, sorted by log and number; not empty, at most ``Limits/backfillRanges``.
    public var ranges: [BackfillRange]

    /// Creates a question from its parts.
    public init(round: UInt64, position: UInt64, maximumBytes: UInt64, ranges: [BackfillRange]) {
        self.round = round
        self.position = position
        self.maximumBytes = maximumBytes
        self.ranges = ranges
    }
}

/// Consecutive entries of one log whose bodies are wanted.
public struct BackfillRange: Hashable, Sendable {
    /// The number of the first entry; never that of a genesis, of which everybody has the body.
    public var first: SequenceNumber
    /// The last entry.
    public var last: ChangeReference

    /// Creates a range from its ends, of which the first does not lie behind the last.
    public init(first: SequenceNumber, last: ChangeReference) {
        self.first = first
        self.last = last
    }
}

/// Brings entries that a ``BackfillMessage`` asked for, in the sender's apply order.
public struct BodiesMessage: Hashable, Sendable {
    /// The round of the question.
    public var round: UInt64
    /// The position of the question.
    public var after: UInt64
    /// The place in the sender's apply order from which to go on.
    public var position: UInt64
    /// Whether the sender has nothing more of what was asked for.
    public var isLast: Bool
    /// The entries; each message is packed for itself.
    public var runs: [Run]

    /// Entries that end at a signed head.
    public struct Run: Hashable, Sendable {
        /// The whole hash of the entry before the first one, if the sender keeps it because it has no body there.
        public var start: ChangeHash?
        /// The entries.
        public var packed: PackedRun

        /// Creates a run from its parts.
        public init(start: ChangeHash?, packed: PackedRun) {
            self.start = start
            self.packed = packed
        }
    }

    /// Creates an answer from its parts.
    public init(round: UInt64, after: UInt64, position: UInt64, isLast: Bool, runs: [Run]) {
        self.round = round
        self.after = after
        self.position = position
        self.isLast = isLast
        self.runs = runs
    }
}

/// A run as it is given or taken to fill what is lacking.
public struct BodyRun: Hashable, Sendable {
    /// The whole hash of the entry before the first one, if the giver keeps it because it has no body there.
    public var start: ChangeHash?
    /// The entries.
    public var run: Run

    /// Creates a run from its parts.
    public init(start: ChangeHash?, run: Run) {
        self.start = start
        self.run = run
    }
}

extension BodiesMessage {
    /// Packs runs into an answer, for themselves.
    ///
    /// - Throws: when an entry is none that a log can hold.
    public init(
        answering question: BackfillMessage, position: UInt64, isLast: Bool, packing runs: [BodyRun]
    ) throws(WireError) {
        self.init(round: question.round, after: question.position, position: position, isLast: isLast, runs: [])
        var context = PackingContext()
        for body in runs {
            self.runs.append(Run(start: body.start, packed: try PackedRun(packing: body.run, in: &context)))
        }
    }

    /// The runs that were packed.
    public func unpacked() throws(WireError) -> [BodyRun] {
        var context = PackingContext()
        var bodies: [BodyRun] = []
        for run in runs { bodies.append(BodyRun(start: run.start, run: try run.packed.unpacked(in: &context))) }
        return bodies
    }
}
