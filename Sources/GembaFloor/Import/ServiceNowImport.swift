import GembaCausality

/// Reads ServiceNow incidents into an ``ImportPlan``: one ticket for each incident, one or more acts for each event.
///
/// The file holds one record for each time an incident was changed, with all its fields as they were then. What was
/// done is the difference between a record and the one before it:
///
/// | In the file | Here |
/// |---|---|
/// | first record of an incident | report, and an assignment where somebody is named |
/// | `Active` | acknowledgement, start |
/// | `Awaiting …` | hold, with what is waited for; its end when the state is left |
/// | `Resolved` | resolution with code |
/// | `Closed` | confirmation |
/// | back from `Resolved` or `Closed` | reopening |
/// | `Canceled` | withdrawal |
/// | another `assigned_to` | assignment, or leaving when nobody is named any more |
/// | other fields | amendment that tells old and new values; the last value is the ticket's |
/// | nothing but the modification count | note |
///
/// The records of an incident need not stand together. They are taken in the order of the file, which counts more than
/// the times in it, which exports are known to have wrong; an incident whose records stand newest first is turned
/// round. `?` and nothing both mean that a value is not known. Times are those of ``CivilTime``.
///
/// The ids of tickets and acts come from the system's and the incident's names and from what names the event, not from
/// its place in the file, so that a later and longer export adds to an earlier one.
public struct ServiceNowImport {
    /// The name under which the file's system is remembered.
    public static let system = "servicenow"

    private var incidents: [String: [ServiceNowRecord]] = [:]
    private var keys: [String] = []
    private var events = 0
    private var notUnderstood: [ImportRemark] = []

    private init() {}

    /// Reads a whole table.
    ///
    /// - Parameter progress: called now and then with the number of records read so far.
    public static func plan(
        _ table: consuming CSVTable, progress: (Int) -> Void = { _ in }
    ) throws(ImportError) -> ImportPlan {
        for required in [[ServiceNowColumns.key], ServiceNowColumns.state] {
            guard required.contains(where: table.columns.contains) else {
                throw ImportError(.missingColumn(required.joined(separator: " or ")))
            }
        }
        var plan = ServiceNowImport()
        do {
            while let record = try table.next() {
                plan.read(ServiceNowRecord(record, columns: table.columns))
                if plan.events.isMultiple(of: Self.progressStep) { progress(plan.events) }
            }
        } catch {
            throw ImportError(.csv(error))
        }
        progress(plan.events)
        return plan.finish()
    }

    /// How many records pass between two reports of progress.
    private static let progressStep = 1000

    private mutating func read(_ record: ServiceNowRecord) {
        guard let key = record[ServiceNowColumns.key] else {
            notUnderstood.append(
                ImportRemark(line: record.line, words: "no incident number, so the record belongs to no ticket"))
            return
        }
        events += 1
        if incidents[key] == nil { keys.append(key) }
        incidents[key, default: []].append(record)
    }

    private mutating func finish() -> ImportPlan {
        let tickets = keys.compactMap { key -> PlannedTicket? in
            guard let records = incidents[key] else { return nil }
            var incident = ServiceNowIncident(key: key, records: records)
            let ticket = incident.plan()
            notUnderstood += incident.notUnderstood
            return ticket
        }
        return ImportPlan(
            system: Self.system, tickets: tickets, events: events,
            notUnderstood: notUnderstood.sorted { $0.line < $1.line })
    }
}
