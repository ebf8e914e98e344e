internal import GembaCausality

/// The short form of dots within one change: an index and a sequence number in place of a replica id.
///
/// Index 0 is the author itself, every other one the author's reference before it. A dot therefore costs 2 bytes where
/// 17 would be needed, and the reference fixes by its hash which branch of history the dot belongs to.
struct DotIndex {
    /// The index of the author itself.
    static let own: UInt64 = 0

    private let author: ReplicaID
    /// The greatest sequence number of the author's own dots.
    private let own: SequenceNumber
    /// The replicas of the other indexes, with the greatest sequence numbers of their dots.
    private let references: [ChangeReference]

    /// Creates the index of a change.
    ///
    /// - Parameter own: The greatest sequence number of the author's own dots.
    init(author: ReplicaID, own: SequenceNumber, references: [ChangeReference]) {
        self.author = author
        self.own = own
        self.references = references
    }

    /// What stands for the initial zero of a counter where a base replaces it: number 0 of the author's own log, which
    /// is the genesis and writes nothing.
    var initialZero: Dot { Dot(author, 0) }

    /// The dot of an index and a sequence number, or nil when there is no such index or the reference ends before it.
    func dot(_ index: UInt64, _ sequence: SequenceNumber) -> Dot? {
        guard index <= UInt64(references.count), sequence > 0 else { return nil }
        if index == Self.own { return sequence <= own ? Dot(author, sequence) : nil }
        let reference = references[Int(index) - 1]
        return sequence <= reference.sequence ? Dot(reference.replica, sequence) : nil
    }

    /// The index of a dot's replica. A dot that no reference covers is the caller's mistake.
    func index(of dot: Dot) -> Int {
        precondition(dot.sequence > 0, "\(dot) is a genesis, which writes nothing")
        if dot.replica == author { return 0 }
        // References are sorted by replica, so the greatest lower bound is found by halving.
        var low = 0
        var high = references.count
        while low < high {
            let middle = (low + high) / 2
            if references[middle].replica < dot.replica { low = middle + 1 } else { high = middle }
        }
        precondition(low < references.count && references[low].replica == dot.replica, "no reference covers \(dot)")
        precondition(dot.sequence <= references[low].sequence, "the reference to \(dot) ends too early")
        return low + 1
    }
}
