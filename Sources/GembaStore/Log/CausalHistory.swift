import GembaCausality
import GembaWire

/// Answers whether the author of one change had seen another.
///
/// For each author it keeps a step function per peer: from which of its changes on it had seen the peer's log up to
/// where. Steps are added only by changes with deps, so a run of changes by one author costs nothing.
///
/// The chains of a forked log are authors of their own. What lies before a chain's beginning belongs to its past.
final class CausalHistory {
    private let connection: Connection
    private let log: LogStore

    init(connection: Connection, log: LogStore) {
        self.connection = connection
        self.log = log
    }

    /// Records what the change at `dot` had seen through its deps.
    func record(_ dot: LocalDot, deps: [LocalDot]) throws {
        guard !deps.isEmpty else { return }
        let known = try seen(by: dot)
        var gained: [Int64: SequenceNumber] = [:]
        for dep in deps {
            var past = try seen(by: dep)
            past[dep.replica] = dep.sequence
            gained.merge(past, uniquingKeysWith: max)
        }
        gained[dot.replica] = nil
        for (peer, sequence) in gained where known[peer].map({ $0 < sequence }) ?? true {
            try connection.statement(
                "INSERT OR REPLACE INTO gemba_seen (author, peer, sequence, upto) VALUES (?, ?, ?, ?)"
            )
            .bind(1, dot.replica).bind(2, peer).bind(3, dot.sequence).bind(4, sequence).run()
        }
    }

    /// Records one step: from its change at `dot` on, the author had seen `peer` up to a number.
    func record(_ dot: LocalDot, peer: Int64, upTo: SequenceNumber) throws {
        try connection.statement("INSERT OR REPLACE INTO gemba_seen (author, peer, sequence, upto) VALUES (?, ?, ?, ?)")
            .bind(1, dot.replica).bind(2, peer).bind(3, dot.sequence).bind(4, upTo).run()
    }

    /// Calls `body` with the steps of one author, sorted by peer and change.
    func forEachStep(
        of author: Int64, _ body: (_ peer: Int64, _ sequence: SequenceNumber, _ upTo: SequenceNumber) throws -> Void
    ) throws {
        let statement = try connection.statement(
            "SELECT peer, sequence, upto FROM gemba_seen WHERE author = ? ORDER BY peer, sequence")
        try statement.bind(1, author).forEach { try body($0.int(0), $0.unsigned(1), $0.unsigned(2)) }
    }

    /// What the author of `dot` had seen of other replicas when it made that change.
    func seen(by dot: LocalDot) throws -> [Int64: SequenceNumber] {
        var result: [Int64: SequenceNumber] = [:]
        let statement = try connection.statement(
            "SELECT peer, max(upto) FROM gemba_seen WHERE author = ? AND sequence <= ? GROUP BY peer")
        try statement.bind(1, dot.replica).bind(2, dot.sequence).forEach { result[$0.int(0)] = $0.unsigned(1) }
        if let fork = try log.branches().beginning(of: dot.replica)?.fork {
            result.merge(try seen(by: fork), uniquingKeysWith: max)
            result[fork.replica] = max(result[fork.replica] ?? 0, fork.sequence)
        }
        return result
    }

    /// Up to where the author of `dot` had seen one other replica when it made that change.
    func seen(by dot: LocalDot, of peer: Int64) throws -> SequenceNumber? {
        let statement = try connection.statement(Self.selectUpTo)
        let upTo =
            try statement.bind(1, dot.replica).bind(2, peer).bind(3, dot.sequence)
            .first { $0.isNull(0) ? nil : $0.unsigned(0) } ?? nil
        guard let fork = try log.branches().beginning(of: dot.replica)?.fork else { return upTo }
        let inherited = try fork.replica == peer ? fork.sequence : seen(by: fork, of: peer)
        return [upTo, inherited].compactMap(\.self).max()
    }

    private static let selectUpTo = SQLText(
        "SELECT max(upto) FROM gemba_seen WHERE author = ? AND peer = ? AND sequence <= ?")

    /// Whether the change at `earlier` is in the causal past of the one at `later`; a change is not in its own.
    func hasSeen(_ earlier: LocalDot, by later: LocalDot) throws -> Bool {
        if earlier.replica == later.replica { return earlier.sequence < later.sequence }
        return try seen(by: later, of: earlier.replica).map { earlier.sequence <= $0 } ?? false
    }
}
