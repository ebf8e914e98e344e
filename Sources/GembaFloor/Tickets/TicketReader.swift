import GRDB
import GembaCausality
import GembaStore
import GembaTrust
import GembaWire

/// Reads the acts of tickets, with where they came from, in one transaction.
final class TicketReader {
    private let reader: RowReader
    private let stations: [StationKey: String]
    private var knowledge: [Pair: Bool] = [:]

    private struct Pair: Hashable {
        var earlier: Dot
        var later: Dot
    }

    /// - Parameter roster: tells the stations' names; without it acts have none.
    init(_ reader: RowReader, roster: Roster? = nil) {
        self.reader = reader
        stations = roster?.members.mapValues(\.name) ?? [:]
    }

    var database: Database { reader.database }

    /// Whether there is such a ticket.
    func holds(_ ticket: RowID) throws -> Bool {
        try Bool.fetchOne(database, sql: "SELECT 1 FROM ticket WHERE id = ?", arguments: [ticket]) ?? false
    }

    /// All acts of a ticket, in the order of lists.
    func acts(of ticket: RowID) throws -> [TicketAct] {
        let rows = try reader.fetch(TicketActRow.matching(\.ticket == ticket))
        return try rows.compactMap(act).sorted(by: TicketAct.isListedBefore)
    }

    private func act(_ row: TicketActRow) throws -> TicketAct? {
        guard let code = row.code else { return nil }
        let changes = try reader.provenance(of: row.id, in: "ticket_act", column: "kind")
        let first = changes.min { left, right in
            (left.lamport, left.timestamp, left.dot.replica) < (right.lamport, right.timestamp, right.dot.replica)
        }
        guard let first else { return nil }
        return TicketAct(
            id: row.id, kind: TicketActKind(rawValue: code), details: row.details,
            authorship: TicketAct.Authorship(
                dots: changes.map(\.dot), lamport: first.lamport, timestamp: first.timestamp, actor: first.actor,
                station: stations[first.station] ?? "", reason: first.reason))
    }

    /// The state that acts amount to.
    func state(of acts: [TicketAct]) throws -> TicketState {
        try withKnowledge { hasSeen in TicketFold.state(of: acts, hasSeen: hasSeen) }
    }

    /// For each act, those listed before it that its author did not know of.
    func unknown(in acts: [TicketAct]) throws -> [RowID: [RowID]] {
        try withKnowledge { hasSeen in
            withoutActuallyEscaping(hasSeen) { hasSeen in
                let history = TicketHistory(acts, hasSeen: hasSeen)
                var unknown: [RowID: [RowID]] = [:]
                for (index, act) in history.acts.enumerated() {
                    let missed = history.acts[..<index].filter { !history.hasSeen($0, act) }
                    if !missed.isEmpty { unknown[act.id] = missed.map(\.id) }
                }
                return unknown
            }
        }
    }

    /// Lets a pure function ask who had seen what; an error of the database is thrown when it is done.
    private func withKnowledge<Result>(_ body: ((Dot, Dot) -> Bool) throws -> Result) throws -> Result {
        var failure: (any Error)?
        let result = try body { earlier, later in
            let pair = Pair(earlier: earlier, later: later)
            if let known = knowledge[pair] { return known }
            do {
                let answer = try reader.hasSeen(earlier, by: later)
                knowledge[pair] = answer
                return answer
            } catch {
                failure = failure ?? error
                return false
            }
        }
        if let failure { throw failure }
        return result
    }
}
