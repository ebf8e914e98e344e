internal import GembaCausality

/// The short form of dots within one change: an index and a sequence number in place of a replica id.
///
/// Index 0 is the author itself, every other one the author's reference before it. A dot therefore costs 2 bytes where
/// 17 would be needed, and the reference fixes by its hash which branch of history the dot belongs to.
struct DotIndex {
    /// The index of the author itself.
    static let own: UInt64 = 0

    /// The replica of each index.
    private let replicas: [ReplicaID]
    /// The greatest sequence number that a dot of each index may have.
    private let latest: [SequenceNumber]

    /// Creates the index of a change.
    ///
    /// - Parameter own: The greatest sequence number of the author's own dots.
    init(author: ReplicaID, own: SequenceNumber, references: [ChangeReference]) {
        replicas = [author] + references.map(\.replica)
        latest = [own] + references.map(\.sequence)
    }

    /// What stands for the initial zero of a counter where a base replaces it: number 0 of the author's own log, which
    /// is the genesis and writes nothing.
    var initialZero: Dot { Dot(replicas[0], 0) }

    /// The dot of an index and a sequence number, or nil when there is no such index or the reference ends before it.
    func dot(_ index: UInt64, _ sequence: SequenceNumber) -> Dot? {
        guard index < UInt64(replicas.count), sequence > 0, sequence <= latest[Int(index)] else { return nil }
        return Dot(replicas[Int(index)], sequence)
    }

    /// The index of a dot's replica. A dot that no reference covers is the caller's mistake.
    func index(of dot: Dot) -> Int {
        precondition(dot.sequence > 0, "\(dot) is a genesis, which writes nothing")
        if dot.replica == replicas[0] { return 0 }
        // References are sorted by replica, so the greatest lower bound is found by halving.
        var low = 1
        var high = replicas.count
        while low < high {
            let middle = (low + high) / 2
            if replicas[middle] < dot.replica { low = middle + 1 } else { high = middle }
        }
        precondition(low < replicas.count && replicas[low] == dot.replica, "no reference covers \(dot)")
        precondition(dot.sequence <= latest[low], "the reference to \(dot) ends at \(latest[low])")
        return low
    }
}
