public import GembaWire

/// What comparing rows with a peer came to.
public enum AgreementVerdict: Hashable, Sendable {
    /// All rows are equal.
    case equal
    /// Some were not.
    case different(AgreementFindings)
    /// It could not be found out: the peer holds something else by now, or does not answer.
    case unknown
}

/// The rows in which two replicas that hold the same were found to differ, and what came of making them anew from the logs.
public struct AgreementFindings: Hashable, Sendable {
    /// The rows that differed, sorted.
    public var rows: [RowKey]
    /// Those of them that were not what this replica's own logs make of them, and are now.
    public var repaired: [RowDifference]
    /// Those of them in which the replicas still differ although both made them anew: the programs make different things of
    /// equal logs.
    public var unexplained: [RowDifference]
    /// Whether there may be more rows than were looked for.
    public var isPartial: Bool

    /// Creates findings from their parts.
    public init(rows: [RowKey], repaired: [RowDifference], unexplained: [RowDifference], isPartial: Bool) {
        self.rows = rows
        self.repaired = repaired
        self.unexplained = unexplained
        self.isPartial = isPartial
    }
}

/// What a session wants to know of this node's own rows. All of it holds for one basis; when rows are made from something else
/// by now, the answer is nil.
public enum RowRequest: Hashable, Sendable {
    /// What is held in ranges, each in the form in which the peer stated it.
    case ranges([StatedRange])
    /// Make rows anew from the logs, and say which of them were something else.
    case replay([RowKey])
    /// The states of rows.
    case states([RowKey])
    /// The answer to the peer's question.
    case answer(CompareMessage.Subject)
}

/// The answer to a ``RowRequest``.
public enum RowReport: Hashable, Sendable {
    /// What is held in the ranges, as many as were asked about, in that order.
    case ranges([StatedRange])
    /// The rows that were not what the logs make of them.
    case replayed([RowDifference])
    /// The states, in the order of the request.
    case states([StatedRow])
    /// What the peer is told.
    case answer(StatementMessage.Content)
}
