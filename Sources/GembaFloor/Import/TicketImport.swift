import GRDB
import GembaCausality
public import GembaStore
import GembaWire

/// Writes an ``ImportPlan`` into a replica.
///
/// Importing a file again adds nothing, and importing a longer one adds what is new: tickets and acts have ids derived
/// from the other system's names. Two stations that import one file apart make one ticket of each incident.
///
/// A field is written only when its value has changed *in the other system* since the last import. When a person here
/// has changed it as well, the later of the two stands: what the other system said before the person did never takes the
/// person's word away, and is remarked.
public struct TicketImport: Sendable {
    /// The replica to write into.
    public let replica: Replica

    /// Imports into a replica that was opened with ``Floor/schema``.
    public init(into replica: Replica) { self.replica = replica }

    /// How many tickets one change carries: few enough that whoever asks where one of them came from decodes little.
    public static let ticketsPerChange = 64

    /// Writes a plan, change by change.
    ///
    /// - Parameters:
    ///   - actor: who imports, in the eyes of this plant; the acts keep their own authors.
    ///   - isRehearsal: does all of it and takes it back, change by change.
    ///   - progress: called after each change with the tickets done and their number.
    public func run(
        _ plan: ImportPlan, by actor: String, because reason: String = "", isRehearsal: Bool = false,
        progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> ImportReport {
        var report = ImportReport(isRehearsal: isRehearsal)
        report.events = plan.events
        report.remarks = plan.notUnderstood
        for start in stride(from: 0, to: plan.tickets.count, by: Self.ticketsPerChange) {
            let end = min(start + Self.ticketsPerChange, plan.tickets.count)
            let body = { (tx: WriteTransaction) throws -> ImportReport in
                var part = ImportReport(isRehearsal: isRehearsal)
                for ticket in plan.tickets[start..<end] {
                    try TicketImportStep(ticket: ticket, system: plan.system, tx: tx).run(&part)
                }
                return part
            }
            let part =
                isRehearsal
                ? try replica.rehearse(by: actor, because: reason, body)
                : try replica.write(by: actor, because: reason, body)
            report.add(part)
            progress(end, plan.tickets.count)
        }
        return report
    }
}

extension ImportReport {
    mutating func add(_ part: ImportReport) {
        created += part.created
        matched += part.matched
        changed += part.changed
        acts += part.acts
        remarks += part.remarks
    }
}

/// Brings one ticket up to what the file says, within a change.
private struct TicketImportStep {
    let ticket: PlannedTicket
    let system: String
    let tx: WriteTransaction

    func run(_ report: inout ImportReport) throws {
        let row = try Row.fetchOne(tx.database, sql: "SELECT * FROM ticket WHERE id = ?", arguments: [ticket.id])
        let added: Int
        if let row {
            let isChanged = try update(row, &report)
            added = try addActs()
            if added > 0 || isChanged { report.changed += 1 } else { report.matched += 1 }
        } else {
            try insert()
            added = try addActs()
            report.created += 1
        }
        report.acts += added
    }

    // MARK: - A new ticket

    private func insert() throws {
        var columns = ticket.fields.columns.merging(source) { _, last in last }
        columns["number_station"] = .text(ticket.key)
        columns["created_at"] = ticket.constants.createdAt.map { .integer($0) } ?? .null
        columns["created_by"] = ticket.constants.createdBy.map { .text($0) } ?? .null
        columns["origin"] = .text(ticket.constants.origin.rawValue)
        try tx.insert(into: "ticket", id: ticket.id, columns)
        for reference in ticket.externalRefs {
            try tx.add(.text(reference), to: "external_refs", of: ticket.id, in: "ticket")
        }
    }

    private var source: [String: Value] {
        [
            "source_system": .text(system), "source_key": .text(ticket.key),
            "source_as_of": ticket.asOf.map { .integer($0) } ?? .null, "source_fields": .text(ticket.fields.json),
            "source_rest": .text(SortedJSON.object(ticket.rest)),
        ]
    }

    /// Adds the acts that are not there.
    private func addActs() throws -> Int {
        let held = try RowID.fetchSet(
            tx.database, sql: "SELECT id FROM ticket_act WHERE ticket = ?", arguments: [ticket.id])
        let missing = ticket.acts.filter { !held.contains($0.id) }
        for act in missing {
            try tx.insert(TicketActRow(act.kind, of: ticket.id, act.details, id: act.id))
        }
        return missing.count
    }

    // MARK: - A ticket that is there

    /// Writes what the other system has changed since the last import.
    ///
    /// - Returns: whether there was anything.
    private func update(_ row: Row, _ report: inout ImportReport) throws -> Bool {
        // An older export knows acts that may be missing here, but its values are out of date.
        let lastAsOf: Int64 = row["source_as_of"] ?? .min
        guard ticket.asOf ?? .min >= lastAsOf else { return false }
        let before = TicketFields(json: row["source_fields"] ?? "")
        var shown = TicketFields()
        for field in TicketField.allCases { shown[field] = row[field.rawValue] }
        var columns: [String: Value] = [:]
        for group in TicketField.groups where ticket.fields.values(of: group) != before.values(of: group) {
            let new = ticket.fields.values(of: group)
            if new == shown.values(of: group) { continue }
            if shown.values(of: group) != before.values(of: group), try isLaterHere(group) {
                let kept = group.compactMap { shown[$0] }.joined(separator: ", ")
                let names = group.map(\.rawValue).joined(separator: ", ")
                report.remarks.append(
                    ImportRemark(
                        line: ticket.line,
                        words: "\(ticket.key): \(names) was changed here later than there; “\(kept)” stays"))
                continue
            }
            for (field, value) in zip(group, new) { columns[field.rawValue] = value.map { .text($0) } ?? .null }
        }
        let references = SortedJSON.texts(row["external_refs"] ?? "")
        let newReferences = ticket.externalRefs.filter { !references.contains($0) }
        let sourceIsNew = source.contains { name, value in (row[name] as DatabaseValue) != value.databaseValue }
        if sourceIsNew { columns.merge(source) { _, last in last } }
        if !columns.isEmpty { try tx.update("ticket", ticket.id, columns) }
        for reference in newReferences {
            try tx.add(.text(reference), to: "external_refs", of: ticket.id, in: "ticket")
        }
        return !columns.isEmpty || !newReferences.isEmpty
    }

    /// Whether a person here wrote a group after the other system last changed the ticket.
    private func isLaterHere(_ group: [TicketField]) throws -> Bool {
        guard let asOf = ticket.asOf, let field = group.first else { return true }
        let writes = try tx.reader.provenance(of: ticket.id, in: "ticket", column: field.rawValue)
        return writes.contains { Int64($0.timestamp.milliseconds) > asOf }
    }
}
