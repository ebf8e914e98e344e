import GRDB
public import GembaCausality
import GembaStore
import GembaTrust

/// Which tickets a list is to show; what is nil does not matter.
public struct TicketFilter: Hashable, Sendable {
    /// How far they have come; empty for any.
    public var phases: Set<TicketState.Phase> = []
    /// Whether somebody still has to do something about them.
    public var isOpen: Bool?
    /// Whether something about them is to be settled.
    public var isUnsettled: Bool?
    /// Who answers for them.
    public var responsible: String?
    /// Where they are.
    public var area: String?
    /// A label that they carry.
    public var label: String?
    /// Words that occur in their texts, or in what was said about them; see `SearchQuery`.
    public var text: String?
    /// The greatest number of tickets; nil for all.
    public var limit: Int?

    /// A filter that everything passes.
    public init() {}

    /// Those that somebody still has to do something about.
    public static var open: TicketFilter {
        var filter = TicketFilter()
        filter.isOpen = true
        return filter
    }
}

/// A ticket with all that happened to it.
public struct TicketDetail: Hashable, Sendable {
    /// What lists show of it.
    public var summary: TicketSummary
    /// Its state, with what is to settle in words.
    public var state: TicketState
    /// What was done, in the order in which nothing stands before what its author knew.
    public var history: [Entry]
    /// Fields that people wrote apart.
    public var conflicts: [FieldConflict]
    /// What to pass with what a person does after being shown this.
    public var version: TicketVersion { TicketVersion(acts: Set(history.map(\.act.id))) }

    /// One act with what its author did not know.
    public struct Entry: Hashable, Sendable {
        /// The act.
        public var act: TicketAct
        /// Acts that stand before it and that its author had not seen: it was “written before these were known”.
        public var unknown: [RowID]
    }
}

/// What this replica knows of tickets.
extension Tickets {
    /// The tickets that pass a filter, those with the latest act first.
    public func list(_ filter: TicketFilter = .open) throws -> [TicketSummary] {
        var conditions: [String] = []
        var arguments = StatementArguments()
        if !filter.phases.isEmpty {
            conditions.append("s.phase IN (\(filter.phases.map { _ in "?" }.joined(separator: ", ")))")
            arguments += StatementArguments(filter.phases.map(\.rawValue).sorted())
        }
        if let isOpen = filter.isOpen {
            conditions.append("s.is_open = ?")
            arguments += [isOpen]
        }
        if let isUnsettled = filter.isUnsettled { conditions.append("s.unsettled \(isUnsettled ? ">" : "=") 0") }
        if let responsible = filter.responsible {
            conditions.append("s.responsible = ?")
            arguments += [responsible]
        }
        if let area = filter.area {
            conditions.append("t.area = ?")
            arguments += [area]
        }
        if let label = filter.label {
            conditions.append("? IN (SELECT value FROM json_each(t.labels))")
            arguments += [label]
        }
        if let query = filter.text.map(SearchQuery.init), !query.isEmpty {
            let found = RowList(try tickets(matching: query))
            conditions.append("t.id IN (\(RowList.query))")
            arguments += found.arguments
        }
        let condition = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
        arguments += [filter.limit ?? -1]
        let sql = "\(TicketSummary.query) \(condition) ORDER BY s.updated_at DESC, t.id LIMIT ?"
        return try replica.read { database in
            try Row.fetchAll(database, sql: sql, arguments: arguments).map(TicketSummary.init)
        }
    }

    /// A ticket with its history.
    ///
    /// - Throws: ``FloorError`` when there is no such ticket.
    public func show(_ ticket: RowID) throws -> TicketDetail {
        let roster = try replica.roster()
        let conflicts = try conflicts(of: ticket)
        return try replica.readRows { rows in
            let sql = "\(TicketSummary.query) WHERE t.id = ?"
            guard let row = try Row.fetchOne(rows.database, sql: sql, arguments: [ticket]) else {
                throw FloorError(.notFound, "There is no ticket \(ticket) here.")
            }
            let reader = TicketReader(rows, roster: roster)
            let acts = try reader.acts(of: ticket)
            let unknown = try reader.unknown(in: acts)
            return TicketDetail(
                summary: try TicketSummary(row), state: try reader.state(of: acts),
                history: acts.map { TicketDetail.Entry(act: $0, unknown: unknown[$0.id] ?? []) },
                conflicts: conflicts)
        }
    }

    /// The fields of a ticket, or of all tickets, that people wrote apart.
    public func conflicts(of ticket: RowID? = nil) throws -> [FieldConflict] {
        let stations = try replica.roster().members.mapValues(\.name)
        return try replica.conflicts(ofRow: ticket).compactMap { FieldConflict($0, stations: stations) }
    }
}
