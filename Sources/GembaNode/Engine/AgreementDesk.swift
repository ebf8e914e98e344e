import GembaGossip
import GembaStore
import GembaWire

/// What an engine does about finding out whether peers that hold the same have the same rows.
struct AgreementDesk {
    /// The link over which rows are compared: one at a time, since they are the same rows.
    var link: LinkID?
    /// Whether the peer on it was asked, and not only the own tree.
    var isAsking = false
    /// When a peer is asked next.
    var due: [StationKey: Instant] = [:]
    /// Peers of whom somebody wants to know now.
    var requested: Set<StationKey> = []
    /// What was held when a peer had the same rows, as long as the own ones did not change without it.
    var agreed: [StationKey: AgreementBasis] = [:]
    /// What the last comparison with a peer came to.
    var verdicts: [StationKey: AgreementVerdict] = [:]
    /// The last known root of the own tree.
    var root: RowRoot?
    /// What rows are that were made anew for a peer while a basis is held. As long as they are that, they are not made anew
    /// again.
    var replayed: (basis: AgreementBasis, rows: [RowKey: RowDigest])?
    /// When all rows are read again; nil before that is decided.
    var nextScan: Instant?

    /// How long after a peer was met, and how often then, its rows are compared, if anything has changed.
    static let first = Duration.seconds(60)
    /// See ``first``.
    static let period = Duration.seconds(600)
    /// How long a comparison rests that came to nothing, as while people write.
    static let retry = Duration.seconds(30)
    /// The same when somebody wants to know now.
    static let requestedRetry = Duration.seconds(2)
    /// How soon the rest is looked at when rows were repaired.
    static let next = Duration.seconds(1)
    /// How often all rows are read again, as pages are.
    static let scanPeriod = Duration.seconds(86_400)
    /// Steps of the tree in one job, of 500 rows each.
    static let steps = 20

    /// Rows that are not made anew a second time while a basis is held. Beyond that nothing is remembered, and a session's pace
    /// is all that bounds the work.
    static let rememberedRows = 4096

    mutating func forget(_ link: LinkID) {
        guard self.link == link else { return }
        self.link = nil
        isAsking = false
    }
}
