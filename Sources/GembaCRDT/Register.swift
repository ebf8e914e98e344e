/// A register that keeps every write nobody has replaced: one value when settled, siblings after concurrent edits.
///
/// It is the multi-value register of Shapiro, Preguiça, Baquero, Zawirski, "A comprehensive study of Convergent and
/// Commutative Replicated Data Types" (INRIA RR-7506, 2011), section 3.2.2, with replacement by name.
public typealias Register<Name: Hashable & Comparable & Sendable, Value: Hashable & Sendable> = DotFunction<Name, Value>

extension DotFunction {
    /// The write that a reader is shown: the greatest by `rank` among the siblings.
    ///
    /// `rank` must be total, as (timestamp, replica) is; it orders only writes that are siblings. Choosing pairwise
    /// "the later one, else the greater one" over all writes ever made would not be transitive.
    @inlinable public func shown<Rank>(rankedBy rank: (Write) -> Rank, ascending: (Rank, Rank) -> Bool) -> Write? {
        guard var best = writes.first else { return nil }
        for write in writes.dropFirst() where ascending(rank(best), rank(write)) { best = write }
        return best
    }
}
