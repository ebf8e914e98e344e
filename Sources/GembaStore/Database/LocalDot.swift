import GembaCausality

/// A dot in the short form of one database file, where replicas have small numbers.
struct LocalDot: Hashable, Comparable, Sendable {
    var replica: Int64
    var sequence: SequenceNumber

    static func < (left: Self, right: Self) -> Bool {
        left.replica == right.replica ? left.sequence < right.sequence : left.replica < right.replica
    }
}
