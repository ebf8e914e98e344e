internal import GembaCausality
internal import GembaWire

/// How far a peer is behind, as a comparison of data logs showed.
struct PeerLag: Hashable, Sendable {
    /// The round of the comparison.
    var round: UInt64
    /// How many entries the peer lacks.
    var lacking: UInt64
    /// How many entries this node holds.
    var held: UInt64
    /// Whether the peer lacks entries whose bodies this node has folded, so that they cannot be streamed.
    var isBelowFloor: Bool

    init(round: UInt64, ours: VectorSnapshot, theirs: VersionVector) {
        self.round = round
        (lacking, held, isBelowFloor) = (0, 0, false)
        for reference in ours.references {
            // The genesis counts, too: a log of which nothing is held lacks one entry more than its number.
            let total = reference.sequence + 1
            let known = theirs[reference.replica].map { min($0, reference.sequence) + 1 } ?? 0
            held += total
            lacking += total - known
            if let floor = ours.floors[reference.replica], known <= floor { isBelowFloor = true }
        }
    }

    /// Whether a checkpoint is worth more than a stream.
    ///
    /// Loading a row from a checkpoint costs a fraction of applying the change that made it, but it has to be done for all
    /// rows, and the checkpoint has to be made first. So it pays where most of everything is missing, and there is much.
    func warrantsCheckpoint(_ limits: SessionLimits) -> Bool {
        isBelowFloor || (lacking >= limits.checkpointChanges && lacking >= held / 2)
    }
}
