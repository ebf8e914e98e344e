/// The position of a change in the log of its replica: 0 for the genesis, then 1, 2, 3 without gaps.
public typealias SequenceNumber = UInt64

/// One change, as row metadata names it: the replica that made it and its place in that replica's log.
///
/// A dot alone names a change only within one replica's database. Whatever crosses the wire or enters a log carries a
/// prefix of the change's hash with it.
///
/// Source: Almeida, Baquero, Gonçalves, Preguiça, Fonte, "Scalable and Accurate Causality Tracking for Eventually
/// Consistent Stores" (DAIS 2014), section 3.
public struct Dot: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The replica that made the change.
    public var replica: ReplicaID
    /// The change's place in the replica's log.
    public var sequence: SequenceNumber

    /// Creates a dot.
    public init(_ replica: ReplicaID, _ sequence: SequenceNumber) {
        self.replica = replica
        self.sequence = sequence
    }

    /// Orders by replica, then by sequence number: the order of canonical encodings, without causal meaning.
    public static func < (left: Self, right: Self) -> Bool {
        left.replica == right.replica ? left.sequence < right.sequence : left.replica < right.replica
    }

    /// The first digits of the replica and the number, for logs.
    public var description: String { "\(replica.description.prefix(8)):\(sequence)" }
}
