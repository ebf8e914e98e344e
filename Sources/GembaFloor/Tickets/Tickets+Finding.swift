import GRDB
public import GembaCausality
import GembaStore

/// Names of tickets, as people type them.
extension Tickets {
    /// The ticket that a text names: a number (`L3-0107`, `l3-107`, `L3-0107b`), a name in another system, or at least
    /// the first four hexadecimal digits of an id.
    ///
    /// - Throws: ``FloorError`` with the candidates when several tickets go by the name, or when none does.
    public func find(_ name: String) throws -> RowID {
        let found = try candidates(name)
        guard let first = found.first else {
            throw FloorError(.notFound, "No ticket is called \(name) here. It may not have arrived yet.")
        }
        guard found.count == 1 else {
            throw FloorError(
                .ambiguous, "Several tickets are called \(name). Say which:",
                candidates: found.map { summary in
                    FloorError.Candidate(
                        ticket: summary.id,
                        number: summary.shownNumber == name ? "\(summary.id)" : summary.shownNumber,
                        title: summary.fields[.title] ?? "")
                })
        }
        return first.id
    }

    /// The tickets that a text may name, the first made first: by number or foreign name where there are any, else by id.
    private func candidates(_ name: String) throws -> [TicketSummary] {
        try replica.read { database in
            let byName = try Self.summaries(
                "t.number_station = ? COLLATE NOCASE AND t.number_count IS NULL", [name], database)
            let byNumber = try TicketNumber.Typed(name).map { try Self.summaries(of: $0, database) } ?? []
            let found = byName + byNumber
            return found.isEmpty ? try Self.summaries(withIDPrefix: name, database) : found
        }
    }

    private static func summaries(of number: TicketNumber.Typed, _ database: Database) throws -> [TicketSummary] {
        let sharing = try summaries(
            "t.number_count = ? AND t.number_station = ? COLLATE NOCASE", [number.count, number.station], database)
        guard let index = number.index else { return sharing }
        // Without others of its number a ticket has no letter, and with a letter it is a slip of the pen.
        let letter = TicketNumber.letter(of: index)
        return sharing.filter { $0.letter == letter }
    }

    private static func summaries(withIDPrefix text: String, _ database: Database) throws -> [TicketSummary] {
        let digits = text.filter { $0 != "-" }
        let length = 2 * RowID.byteCount
        guard (leastDigits...length).contains(digits.count), digits.allSatisfy(\.isHexDigit),
            let first = RowID(hexadecimal: digits.padding(to: length, with: "0")),
            let last = RowID(hexadecimal: digits.padding(to: length, with: "f"))
        else { return [] }
        return try summaries("t.id BETWEEN ? AND ?", [first, last], database)
    }

    /// Fewer digits of an id name too many tickets to be worth reading a list of them.
    private static let leastDigits = 4

    private static func summaries(
        _ condition: String, _ arguments: StatementArguments, _ database: Database
    ) throws -> [TicketSummary] {
        let sql = "\(TicketSummary.query) WHERE \(condition) ORDER BY t.created_at, t.id LIMIT 20"
        return try Row.fetchAll(database, sql: sql, arguments: arguments).map(TicketSummary.init)
    }

    /// The next count of a station's numbers: one more than the greatest that this replica holds.
    ///
    /// It is read in the transaction that uses it. A replica that was set back to a backup does not know the tickets of
    /// the time between and may count again what it had counted: see ``TicketNumber``.
    func nextCount(of station: String, in database: Database) throws -> Int64 {
        let last = try Int64.fetchOne(
            database, sql: "SELECT max(number_count) FROM ticket WHERE number_station = ?", arguments: [station])
        return 1 + (last ?? 0)
    }
}

extension String {
    fileprivate func padding(to length: Int, with character: Character) -> String {
        self + String(repeating: character, count: max(0, length - count))
    }
}
