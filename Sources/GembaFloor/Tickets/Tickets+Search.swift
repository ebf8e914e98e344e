import Foundation
import GRDB
import GembaCausality
import GembaStore

extension Tickets {
    /// The tickets in which a query is found: each of its pieces in the ticket's own texts or in something that was said about
    /// it.
    func tickets(matching query: SearchQuery) throws -> Set<RowID> {
        var found: Set<RowID>?
        for part in query.parts {
            let tickets = try replica.rows(in: "ticket", matching: part)
                .union(tickets(of: replica.rows(in: "ticket_act", matching: part)))
            found = found?.intersection(tickets) ?? tickets
        }
        return found ?? []
    }

    private func tickets(of acts: Set<RowID>) throws -> Set<RowID> {
        let list = RowList(acts)
        let sql = "SELECT DISTINCT ticket FROM ticket_act WHERE id IN (\(RowList.query))"
        return try replica.read { try RowID.fetchSet($0, sql: sql, arguments: list.arguments) }
    }
}

/// Any number of row ids as an argument of a statement, whose number of arguments SQLite limits.
struct RowList {
    private let ids: Data
    private let count: Int

    init(_ rows: Set<RowID>) {
        count = rows.count
        ids = Data(rows.sorted().flatMap(\.bytes))
    }

    /// A subquery that yields the rows; takes ``arguments``.
    static let query = """
        WITH RECURSIVE place(number) AS (
            SELECT 0 WHERE ? > 0 UNION ALL SELECT number + 1 FROM place WHERE number + 1 < ?
        )
        SELECT substr(?, number * \(RowID.byteCount) + 1, \(RowID.byteCount)) FROM place
        """

    var arguments: StatementArguments { [count, count, ids] }
}
