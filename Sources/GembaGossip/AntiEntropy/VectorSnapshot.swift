public import GembaCausality
public import GembaWire

/// What a node holds of all logs of one kind, and up to where its apply order was read to know that: both from one
/// transaction.
public struct VectorSnapshot: Hashable, Sendable {
    /// The tip of every log, sorted by replica. Each is an entry with a kept signed head (L4).
    public let references: [ChangeReference]
    /// The last position of the apply order that `references` covers.
    public let position: Int64
    /// For logs of which something was folded, the last entry without a body: what lies there or before cannot be sent.
    public let floors: VersionVector

    /// Creates a snapshot of tips that are sorted by replica, one for each.
    public init(references: [ChangeReference], position: Int64, floors: VersionVector = VersionVector()) {
        precondition(
            zip(references, references.dropFirst()).allSatisfy { $0.replica < $1.replica },
            "a vector is sorted by replica, with one entry for each")
        self.references = references
        self.position = position
        self.floors = floors
    }

    /// The entry of one replica, or nil. Takes time logarithmic in the number of replicas.
    public subscript(replica: ReplicaID) -> ChangeReference? {
        let index = references.firstIndex(notBefore: replica)
        guard index < references.endIndex, references[index].replica == replica else { return nil }
        return references[index]
    }

    /// The entries whose replicas begin with the digits.
    func references(under prefix: DigitPrefix) -> ArraySlice<ChangeReference> {
        let start = references.firstIndex(notBefore: prefix.first)
        let end = references[start...].firstIndex(after: prefix.last)
        return references[start..<end]
    }
}

extension RandomAccessCollection where Element == ChangeReference, Index == Int {
    /// The index of the first entry, by replica, that does not come before `replica`.
    fileprivate func firstIndex(notBefore replica: ReplicaID) -> Int {
        partition { $0.replica >= replica }
    }

    /// The index of the first entry, by replica, that comes after `replica`.
    fileprivate func firstIndex(after replica: ReplicaID) -> Int {
        partition { $0.replica > replica }
    }

    /// The first index at which the condition holds, which from then on always holds.
    private func partition(_ holds: (Element) -> Bool) -> Int {
        var low = startIndex
        var high = endIndex
        while low < high {
            let middle = low + (high - low) / 2
            if holds(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
