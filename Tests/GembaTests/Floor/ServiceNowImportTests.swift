import Foundation
import GembaCausality
import GembaFloor
import Testing

@Suite("ServiceNow import: the plan")
struct ServiceNowImportTests {
    private static let header =
        "number,incident_state,sys_mod_count,sys_updated_by,sys_updated_at,caller_id,assigned_to,impact,made_sla,"
        + "closed_code,problem_id,opened_at"

    private func plan(_ rows: String...) throws -> ImportPlan {
        let text = ([Self.header] + rows).joined(separator: "\n")
        return try ServiceNowImport.plan(CSVTable(CSVReader(Array(text.utf8))))
    }

    private func kinds(_ ticket: PlannedTicket) -> [TicketActKind] { ticket.acts.map(\.kind) }

    @Test func `a whole life becomes acts with their authors and times`() throws {
        let plan = try plan(
            "I1,New,0,desk,02-03-2026 06:30,Ewa,?,2 - Medium,TRUE,?,?,02-03-2026 06:00",
            "I1,Active,1,desk,02-03-2026 06:40,Ewa,Marek,2 - Medium,TRUE,?,?,02-03-2026 06:00",
            "I1,Awaiting Vendor,2,Marek,02-03-2026 07:00,Ewa,Marek,2 - Medium,TRUE,?,?,02-03-2026 06:00",
            "I1,Active,3,Marek,02-03-2026 08:00,Ewa,Marek,2 - Medium,TRUE,?,?,02-03-2026 06:00",
            "I1,Resolved,4,Marek,02-03-2026 09:00,Ewa,Marek,2 - Medium,TRUE,restart,?,02-03-2026 06:00",
            "I1,Closed,5,job,05-03-2026 09:00,Ewa,Marek,2 - Medium,TRUE,restart,?,02-03-2026 06:00")
        let ticket = try #require(plan.tickets.first)
        #expect(plan.events == 6)
        #expect(plan.notUnderstood.isEmpty)
        #expect(
            kinds(ticket) == [
                .report, .assign, .acknowledge, .start, .hold, .unhold, .amend, .resolve, .confirm,
            ])
        #expect(ticket.acts.map(\.details.step) == Array(0..<9))
        #expect(ticket.outcome.phase == .closed)
        #expect(ticket.outcome.responsible == "Marek")
        #expect(ticket.constants.createdAt == 1_772_431_200_000)
        let resolution = try #require(ticket.acts.first { $0.kind == .resolve })
        #expect(resolution.details.code == "restart")
        let origin = TicketAct.Origin(system: "servicenow", person: "Marek", time: 1_772_442_000_000)
        #expect(resolution.details.origin == origin)
        let hold = try #require(ticket.acts.first { $0.kind == .hold })
        #expect(hold.details.reason == HoldReason.vendor.rawValue)
        #expect(ticket.acts.first { $0.kind == .unhold }?.details.refersTo == hold.id)
        #expect(ticket.outcome.remarks.isEmpty)
    }

    @Test func `back from resolved is a reopening that needs a new acknowledgement`() throws {
        let ticket = try #require(
            try plan(
                "I1,Active,0,a,02-03-2026 06:30,Ewa,?,?,?,?,?,?", "I1,Resolved,1,a,02-03-2026 06:40,Ewa,?,?,?,x,?,?",
                "I1,Active,2,a,02-03-2026 06:50,Ewa,?,?,?,x,?,?", "I1,Resolved,3,a,02-03-2026 07:40,Ewa,?,?,?,x,?,?",
                "I1,New,4,a,02-03-2026 08:50,Ewa,?,?,?,x,?,?"
            ).tickets.first)
        #expect(
            kinds(ticket).filter { $0 != .amend } == [
                .report, .acknowledge, .start, .resolve, .reopen, .acknowledge, .start, .resolve, .reopen,
            ])
        #expect(ticket.outcome.round == 2)
        #expect(ticket.outcome.phase == .raised)
    }

    @Test func `from one waiting to another the first hold ends`() throws {
        let ticket = try #require(
            try plan(
                "I1,Awaiting User Info,0,a,02-03-2026 06:30,Ewa,?,?,?,?,?,?",
                "I1,Awaiting Problem,1,a,02-03-2026 06:40,Ewa,?,?,?,?,?,?"
            ).tickets.first)
        #expect(kinds(ticket) == [.report, .hold, .unhold, .hold])
        #expect(ticket.outcome.openHolds.map(\.details.reason) == [HoldReason.decision.rawValue])
        #expect(ticket.acts[1].details.need == "awaiting user info, from Ewa")
    }

    @Test func `reassignment, and nobody named any more, are acts of taking and leaving`() throws {
        let ticket = try #require(
            try plan(
                "I1,New,0,a,02-03-2026 06:30,Ewa,Marek,?,?,?,?,?", "I1,New,1,a,02-03-2026 06:40,Ewa,Anna,?,?,?,?,?",
                "I1,New,2,a,02-03-2026 06:50,Ewa,?,?,?,?,?,?"
            ).tickets.first)
        #expect(kinds(ticket) == [.report, .assign, .assign, .leave])
        #expect(ticket.acts.last?.details.person == "Anna")
        #expect(ticket.outcome.responsible == nil)
    }

    @Test func `a changed field is told with its old value, and the last value is the ticket's`() throws {
        let ticket = try #require(
            try plan(
                "I1,New,0,a,02-03-2026 06:30,Ewa,?,2 - Medium,TRUE,?,?,?",
                "I1,New,1,a,02-03-2026 06:40,Ewa,?,1 - High,FALSE,?,PRB1,?",
                "I1,New,2,a,02-03-2026 06:50,Ewa,?,1 - High,FALSE,?,PRB1,?"
            ).tickets.first)
        #expect(kinds(ticket) == [.report, .amend, .note])
        #expect(ticket.acts[1].details.text == "impact: 2 - Medium → 1 - High")
        #expect(ticket.acts[1].details.technical == "made_sla: TRUE → FALSE; problem_id: unknown → PRB1")
        #expect(ticket.fields[.impact] == "1 - High")
        #expect(ticket.externalRefs == ["servicenow:I1", "servicenow:problem:PRB1"])
        #expect(ticket.rest["made_sla"] == ["FALSE"])
    }

    @Test func `a cancelled incident is withdrawn, and restored when it is taken up again`() throws {
        let rows = ["I1,New,0,a,02-03-2026 06:30,Ewa,?,?,?,?,?,?", "I1,Canceled,1,a,02-03-2026 06:40,Ewa,?,?,?,?,?,?"]
        #expect(try plan(rows[0], rows[1]).tickets.first?.outcome.phase == .withdrawn)
        let revived = try plan(rows[0], rows[1], "I1,Active,2,a,02-03-2026 06:50,Ewa,?,?,?,?,?,?")
        #expect(revived.tickets.first?.outcome.phase == .working)
    }

    @Test func `records of an incident need not stand together, and may stand newest first`() throws {
        let rows = [
            "I1,New,0,a,02-03-2026 06:30,Ewa,?,?,?,?,?,?", "I2,New,0,a,02-03-2026 06:31,Jan,?,?,?,?,?,?",
            "I1,Resolved,1,a,02-03-2026 06:40,Ewa,?,?,?,x,?,?", "I2,Active,1,a,02-03-2026 06:41,Jan,?,?,?,?,?,?",
        ]
        let mixed = try plan(rows[0], rows[1], rows[2], rows[3])
        #expect(mixed.tickets.map(\.key) == ["I1", "I2"])
        #expect(mixed.tickets.map(\.outcome.phase) == [.resolved, .working])
        let reversed = try plan(rows[3], rows[2], rows[1], rows[0])
        #expect(Set(reversed.tickets.flatMap(\.acts)) == Set(mixed.tickets.flatMap(\.acts)))
    }

    @Test func `what is not understood is listed with its line and kept`() throws {
        let plan = try plan(
            "I1,New,0,a,02-03-2026 06:30,Ewa,?,?,?,?,?,?", "?,New,0,a,02-03-2026 06:31,Jan,?,?,?,?,?,?",
            "I1,-100,1,a,31-02-2026 06:40,Ewa,?,?,?,?,?,?")
        #expect(plan.notUnderstood.map(\.line) == [3, 4, 4])
        #expect(plan.notUnderstood[0].words.contains("no incident number"))
        let ticket = try #require(plan.tickets.first)
        #expect(ticket.acts.last?.details.text == "State in ServiceNow: -100")
        #expect(ticket.acts.last?.details.origin?.time == nil)
        #expect(ticket.outcome.phase == .raised)
    }

    @Test func `a longer export adds acts and keeps the ids of those before`() throws {
        let rows = [
            "I1,New,0,a,02-03-2026 06:30,Ewa,?,?,?,?,?,?", "I1,New,0,a,02-03-2026 06:30,Ewa,?,?,?,?,?,?",
            "I1,Active,1,a,02-03-2026 06:40,Ewa,Jan,?,?,?,?,?",
        ]
        let short = try #require(try plan(rows[0], rows[1]).tickets.first)
        let long = try #require(try plan(rows[0], rows[1], rows[2]).tickets.first)
        #expect(long.id == short.id)
        #expect(Array(long.acts.prefix(2)) == short.acts)
        #expect(Set(long.acts.map(\.id)).count == long.acts.count)
    }

    @Test func `a file without the columns that matter is refused`() throws {
        let table = try CSVTable(CSVReader(Array("number,priority\nI1,2\n".utf8)))
        #expect(throws: ImportError(.missingColumn("incident_state or state"))) { try ServiceNowImport.plan(table) }
    }

    @Test func `the sample of a factory's incidents is understood whole`() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../Tools/sample/servicenow-incidents.csv")
        let plan = try ServiceNowImport.plan(CSVTable(contentsOf: file))
        #expect(plan.tickets.count == 42)
        #expect(plan.events == 213)
        #expect(plan.notUnderstood.isEmpty)
        let phases = Set(plan.tickets.map(\.outcome.phase))
        #expect(phases == [.raised, .working, .waiting, .resolved, .closed])
        #expect(plan.tickets.contains { $0.outcome.isReopened })
        #expect(plan.tickets.allSatisfy { !$0.outcome.isUnsettled && $0.outcome.remarks.isEmpty })
        let kinds = Set(plan.tickets.flatMap(\.acts).map(\.kind))
        #expect(kinds.isSuperset(of: [.hold, .unhold, .reopen, .assign, .leave, .amend, .note, .confirm]))
        let ids = plan.tickets.flatMap(\.acts).map(\.id)
        #expect(Set(ids).count == ids.count)
    }

    @Test func `derived ids are the same everywhere, differ by every part, and are UUIDs of version 8`() {
        let id = RowID.derived(from: "servicenow", "ticket", "I1")
        #expect(id == RowID.derived(from: "servicenow", "ticket", "I1"))
        #expect(id != RowID.derived(from: "servicenow", "ticketI", "1"))
        #expect(id.bytes[6] >> 4 == 8)
        #expect(id.bytes[8] >> 6 == 2)
        #expect(id.description == "9402f25c2d788a40a688d998760d353d")
    }
}
