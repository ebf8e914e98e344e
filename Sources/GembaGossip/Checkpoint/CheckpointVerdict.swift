/// What the shell makes of a checkpoint that a peer offers.
public enum CheckpointVerdict: Hashable, Sendable {
    /// It is not wanted: the peer streams changes instead.
    case declined
    /// Another is on its way, or the roster does not explain its maker yet.
    case later
    /// It is wanted, and these chunks are missing.
    case taken(missing: [Int])
}
