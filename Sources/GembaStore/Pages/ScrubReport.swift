/// What a round through all pages of a replica's file found.
public struct ScrubReport: Codable, Hashable, Sendable {
    /// How many pages were looked at.
    public var pageCount = 0
    /// How many damaged pages were put right from their own checksum, or were in no use.
    public var mendedCount = 0
    /// How many pages are damaged beyond that: what they held has to come from the logs and from peers.
    public var lostCount = 0
    /// When the round ended, in milliseconds since 1970; nil while it has not.
    public var finished: UInt64?
    /// When this replica was last made anew from what was left of it, in milliseconds since 1970.
    public var renewed: UInt64?

    /// Nothing looked at yet.
    public init() {}
}

/// A walk over all pages, in steps as small as the caller likes. What is read and written between the steps does not matter:
/// a page that changes meanwhile was checked by whoever wrote it.
public struct ScrubRound: Sendable {
    /// What was found so far.
    public internal(set) var report = ScrubReport()
    /// The page to look at next.
    var next: UInt32 = 1

    /// Begins at the first page.
    public init() {}
}
