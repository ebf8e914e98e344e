public import GembaCausality
public import GembaWire

/// What came of a batch from a peer.
public struct ApplyOutcome: Hashable, Sendable {
    /// Why runs of the batch could not be applied.
    public enum Problem: Hashable, Sendable {
        /// The author, or the roster that admits it, is not known here yet.
        case needsRoster
        /// A run does not follow what is held, or names deps that are not.
        case missingDependency
        /// The author's logs take as much of this disk as they may.
        case overQuota
        /// A run continues another history than what is held, and does not say where both part.
        case forked
        /// The carrier sent what no honest node sends.
        case invalid(String)
    }

    /// The new tips of the logs that grew.
    public var advanced: [ChangeReference] = []
    /// The ends of forked logs' branches that were called otherwise before.
    public var renamed: [ChangeReference] = []
    /// How many entries were stored.
    public var entryCount = 0
    /// How many entries of the batch were held already.
    public var heldCount = 0
    /// How many of them are authentic but malformed: stored and forwarded, without effect.
    public var quarantinedCount = 0
    /// The logs of which a run came that contradicts what is held.
    public var forked: Set<ReplicaID> = []
    /// The stations of which a run was left out because their logs take as much of this disk as they may.
    public var overQuota: Set<StationKey> = []
    /// Whether something that was held was set aside, because it was found not to count.
    public var hasWithdrawn = false
    /// The gravest problem met; the other runs were applied all the same.
    public var problem: Problem?

    /// Nothing stored, no problem met.
    public init() {}

    /// Adds what came of the runs that followed.
    mutating func add(_ later: Self) {
        advanced += later.advanced
        renamed += later.renamed
        entryCount += later.entryCount
        heldCount += later.heldCount
        quarantinedCount += later.quarantinedCount
        forked.formUnion(later.forked)
        hasWithdrawn = hasWithdrawn || later.hasWithdrawn
        overQuota.formUnion(later.overQuota)
        if let problem = later.problem { meet(problem) }
    }

    mutating func meet(_ new: Problem) {
        if problem.map({ $0.gravity < new.gravity }) ?? true { problem = new }
    }
}

extension ApplyOutcome.Problem {
    fileprivate var gravity: Int {
        switch self {
        case .forked: 0
        case .missingDependency: 1
        case .overQuota: 2
        case .needsRoster: 3
        case .invalid: 4
        }
    }
}
