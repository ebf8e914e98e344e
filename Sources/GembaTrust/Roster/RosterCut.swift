internal import GembaCausality
internal import GembaWire

/// For each log of a station the last entry that counts; of a log that is not named, nothing after the genesis.
///
/// References are compared by sequence number, and two histories under one number by the prefix of the hash: which of these
/// is the real one only the holder of the log knows.
struct RosterCut: Hashable {
    private(set) var references: [ReplicaID: ChangeReference] = [:]

    /// The last entry of a log that counts.
    func last(of log: ReplicaID) -> SequenceNumber { references[log]?.sequence ?? 0 }

    mutating func advance(to reference: ChangeReference) {
        let isFurther = references[reference.replica].map { Self.isLess($0, reference) } ?? true
        if isFurther { references[reference.replica] = reference }
    }

    mutating func advance(to other: RosterCut) {
        for reference in other.references.values { advance(to: reference) }
    }

    /// For each log the smaller; a log that one of them does not name is not named.
    func intersection(_ other: RosterCut) -> RosterCut {
        var smaller = RosterCut()
        for (log, reference) in references {
            guard let rival = other.references[log] else { continue }
            smaller.references[log] = Self.isLess(rival, reference) ? rival : reference
        }
        return smaller
    }

    private static func isLess(_ left: ChangeReference, _ right: ChangeReference) -> Bool {
        (left.sequence, left.prefix) < (right.sequence, right.prefix)
    }
}
