/// How much of each replica's log is held: for every replica the highest sequence number up to which nothing is
/// missing.
///
/// Because a change is applied only after everything its author had seen, a vector always describes a causally closed
/// set of changes.
///
/// Source: Parker et al., "Detection of Mutual Inconsistency in Distributed Systems" (IEEE TSE 1983), section III.
public struct VersionVector: Hashable, Sendable {
    /// Invariant: an entry is present exactly for the replicas whose genesis is held.
    public private(set) var entries: [ReplicaID: SequenceNumber]

    /// Creates a vector; an empty one holds nothing.
    public init(_ entries: [ReplicaID: SequenceNumber] = [:]) { self.entries = entries }

    /// The highest sequence number held of `replica`, or nil when not even its genesis is.
    public subscript(replica: ReplicaID) -> SequenceNumber? { entries[replica] }

    /// Whether the change is among those held.
    public func contains(_ dot: Dot) -> Bool {
        entries[dot.replica].map { dot.sequence <= $0 } ?? false
    }

    /// Records that everything of the dot's replica up to the dot is held; never takes an entry back.
    public mutating func insert(_ dot: Dot) {
        entries[dot.replica] = max(entries[dot.replica] ?? 0, dot.sequence)
    }

    /// Takes the greater entry of both vectors for every replica.
    public mutating func merge(_ other: VersionVector) {
        entries.merge(other.entries, uniquingKeysWith: max)
    }

    /// The vector of all changes that either describes.
    public func merging(_ other: VersionVector) -> VersionVector {
        var result = self
        result.merge(other)
        return result
    }

    /// How this vector's set of changes relates to another's.
    public func relation(to other: VersionVector) -> CausalRelation {
        switch (covers(other), other.covers(self)) {
        case (true, true): .equal
        case (false, true): .before
        case (true, false): .after
        case (false, false): .concurrent
        }
    }

    /// Whether this vector describes every change that the other does.
    public func covers(_ other: VersionVector) -> Bool {
        other.entries.allSatisfy { replica, sequence in contains(Dot(replica, sequence)) }
    }
}

/// How one set of changes, or one change, stands to another. It is a partial order, hence not `Comparable`.
public enum CausalRelation: Sendable, Equatable {
    case equal
    /// The first is contained in, or was seen by, the second.
    case before
    /// The first contains, or had seen, the second.
    case after
    /// Neither had seen the other.
    case concurrent
}
