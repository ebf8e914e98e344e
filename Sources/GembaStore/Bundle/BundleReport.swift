public import GembaCausality
public import GembaWire

/// What came of reading a bundle.
public struct BundleReport: Sendable {
    /// Entries of logs of one kind.
    public struct Tally: Hashable, Sendable {
        /// Stored now.
        public var new: UInt64 = 0
        /// Held before.
        public var known: UInt64 = 0
        /// Not stored, because something that they follow, or their author's enrolment, is not held.
        public var leftOut: UInt64 = 0
    }

    /// An entry that the bundle leaves out and this replica does not hold.
    public struct Lacking: Hashable, Sendable {
        /// The entry.
        public var reference: ChangeReference
        /// How much of its log is held; nil when nothing is.
        public var held: SequenceNumber?
        /// Whether the writer left it out because it has no body of it any more.
        public var isFolded: Bool
    }

    /// How the file ended.
    public enum Ending: Hashable, Sendable {
        /// As its writer ended it.
        case complete
        /// Before its writer's end: it was cut off.
        case truncated
        /// In something that is not as it was written; what is wrong, in words.
        case damaged(String)
        /// In something that no honest node writes; why it was not taken, in words.
        case refused(String)
    }

    /// Whose bundle it is.
    public var preamble: BundlePreamble
    /// Between which vectors it lies.
    public var extents = BundleExtents()
    /// Entries of roster logs.
    public var roster = Tally()
    /// Entries of data logs.
    public var data = Tally()
    /// How many of the new entries are authentic but malformed: stored and passed on, without effect.
    public var quarantined: UInt64 = 0
    /// What of the base this replica lacks: with it, it could take what was left out.
    public var lacking: [Lacking] = []
    /// The logs of which two histories were met.
    public var forked: Set<ReplicaID> = []
    /// How the file ended.
    public var ending = Ending.complete

    init(_ preamble: BundlePreamble) { self.preamble = preamble }
}
