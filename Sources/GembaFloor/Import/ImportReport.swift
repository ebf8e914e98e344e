import GembaCausality

/// What importing a file did, or would do.
public struct ImportReport: Hashable, Sendable {
    /// Tickets that were not there.
    public var created = 0
    /// Tickets that were there and to which the file adds nothing.
    public var matched = 0
    /// Tickets that were there and to which the file adds acts or values.
    public var changed = 0
    /// Acts that were added.
    public var acts = 0
    /// Records of the file that went into tickets.
    public var events = 0
    /// What the file says and was not understood, and what it says and a person here has said otherwise since.
    public var remarks: [ImportRemark] = []
    /// Whether nothing was written.
    public var isRehearsal: Bool

    /// Creates an empty report.
    public init(isRehearsal: Bool) { self.isRehearsal = isRehearsal }

    /// The counts in one line.
    public var summary: String {
        "\(isRehearsal ? "Would have " : "")created \(created), matched \(matched), changed \(changed) tickets; "
            + "\(acts) acts of \(events) records; \(remarks.count) remarks"
    }
}
