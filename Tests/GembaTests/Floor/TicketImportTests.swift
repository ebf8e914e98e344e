import Foundation
import GRDB
import GembaCausality
import GembaFloor
import GembaStore
import GembaWire
import Testing

@Suite("ServiceNow import: into a replica")
struct TicketImportTests {
    private let plant: TestPlant

    init() throws { plant = try TestPlant(schema: Floor.schema) }

    private static let sample: String = {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../Tools/sample/servicenow-incidents.csv")
        return (try? String(contentsOf: file, encoding: .utf8)) ?? ""
    }()

    private func plan(_ text: String) throws -> ImportPlan {
        try ServiceNowImport.plan(CSVTable(CSVReader(Array(text.utf8))))
    }

    /// The first `count` records of the sample.
    private func beginning(_ count: Int) -> String {
        Self.sample.split(separator: "\n").prefix(count + 1).joined(separator: "\n")
    }

    private func small(_ rows: String...) throws -> ImportPlan {
        let header = "number,incident_state,sys_updated_by,sys_updated_at,impact,u_symptom"
        return try plan(([header] + rows).joined(separator: "\n"))
    }

    @Test func `the sample becomes tickets in the states that it ends with, found by the numbers people know`() throws {
        let plan = try plan(Self.sample)
        var progress: [Int] = []
        let report = try TicketImport(into: plant.founder).run(plan, by: "admin") { done, _ in progress.append(done) }
        #expect(report.created == 42)
        #expect(report.matched == 0 && report.changed == 0 && report.remarks.isEmpty)
        #expect(report.acts == plan.tickets.map(\.acts.count).reduce(0, +))
        #expect(progress.last == 42)
        let tickets = Tickets(plant.founder)
        let phases = Dictionary(
            uniqueKeysWithValues: try tickets.list(TicketFilter()).map { ($0.shownNumber, $0.phase) })
        #expect(phases == Dictionary(uniqueKeysWithValues: plan.tickets.map { ($0.key, $0.outcome.phase) }))
        for planned in plan.tickets.suffix(6) {
            let detail = try tickets.show(tickets.find(planned.key.lowercased()))
            #expect(detail.summary.fields == planned.fields)
            #expect(detail.history.map(\.act.id) == planned.acts.map(\.id))
            #expect(detail.history.map(\.act.details) == planned.acts.map(\.details))
            #expect(detail.summary.shownNumber == planned.key)
            #expect(detail.history.allSatisfy { $0.unknown.isEmpty })
        }
    }

    @Test func `importing again adds nothing, and writes no change`() throws {
        let plan = try plan(Self.sample)
        let importer = TicketImport(into: plant.founder)
        _ = try importer.run(plan, by: "admin")
        let tip = try plant.founder.currentTip()
        let again = try importer.run(plan, by: "admin")
        #expect(again.created == 0 && again.changed == 0 && again.acts == 0)
        #expect(again.matched == 42)
        #expect(try plant.founder.currentTip() == tip)
    }

    @Test func `a rehearsal reports what the real run then does, and leaves nothing`() throws {
        let plan = try plan(Self.sample)
        let importer = TicketImport(into: plant.founder)
        var rehearsal = try importer.run(plan, by: "admin", isRehearsal: true)
        #expect(try Tickets(plant.founder).list(TicketFilter()).isEmpty)
        #expect(rehearsal.summary.hasPrefix("Would have created 42"))
        let real = try importer.run(plan, by: "admin")
        rehearsal.isRehearsal = false
        #expect(rehearsal == real)
    }

    @Test func `a longer export adds what is new to what an earlier one brought`() throws {
        let importer = TicketImport(into: plant.founder)
        let first = try importer.run(try plan(beginning(150)), by: "admin")
        let second = try importer.run(try plan(Self.sample), by: "admin")
        #expect(first.created + second.created == 42)
        #expect(second.changed > 0 && second.matched > 0)
        let whole = try TestPlant(schema: Floor.schema)
        _ = try TicketImport(into: whole.founder).run(try plan(Self.sample), by: "admin")
        let tickets = Tickets(plant.founder)
        #expect(try tickets.list(TicketFilter()) == Tickets(whole.founder).list(TicketFilter()))
    }

    @Test func `two stations that import one file apart make one ticket of each incident`() throws {
        let other = try plant.enrol("L3", schema: Floor.schema)
        let plan = try plan(Self.sample)
        _ = try TicketImport(into: plant.founder).run(plan, by: "admin")
        _ = try TicketImport(into: other).run(try self.plan(beginning(100)), by: "ewa")
        try plant.founder.exchange(with: other)
        #expect(try plant.founder.digest() == other.digest())
        let (here, there) = (Tickets(plant.founder), Tickets(other))
        let list = try here.list(TicketFilter())
        #expect(list.count == 42)
        #expect(try there.list(TicketFilter()) == list)
        let byKey = Dictionary(uniqueKeysWithValues: list.map { ($0.shownNumber, $0) })
        for planned in plan.tickets {
            let summary = try #require(byKey[planned.key])
            #expect(summary.phase == planned.outcome.phase, "\(planned.key)")
            #expect(summary.unsettledCount == 0, "\(planned.key)")
            #expect(summary.actCount == planned.acts.count)
        }
        let reopened = try #require(list.first { $0.round > 0 })
        #expect(try here.show(reopened.id) == there.show(reopened.id))
        let again = try TicketImport(into: other).run(plan, by: "ewa")
        #expect(again.created == 0 && again.acts == 0)
    }

    @Test func `a confirmation in the other system does not close over what a person said here`() throws {
        let importer = TicketImport(into: plant.founder)
        let rows = [
            "I1,Active,desk,02-03-2026 06:30,2,blank labels", "I1,Resolved,desk,02-03-2026 07:30,2,blank labels",
            "I1,Closed,job,05-03-2026 07:30,2,blank labels",
        ]
        _ = try importer.run(try small(rows[0]), by: "admin")
        let tickets = Tickets(plant.founder)
        let ticket = try tickets.find("I1")
        try tickets.raise(ticket, "line stopped", by: "Ewa")
        let report = try importer.run(try small(rows[0], rows[1], rows[2]), by: "admin")
        #expect(report.changed == 1)
        let state = try tickets.show(ticket).state
        #expect(state.phase == .resolved)
        #expect(state.isUnsettled)
        try tickets.confirm(ticket, by: "Ewa")
        #expect(try tickets.show(ticket).state.phase == .closed)
    }

    @Test func `C29: what a person changed here stays against older news from there, and is remarked`() throws {
        let importer = TicketImport(into: plant.founder)
        _ = try importer.run(try small("I1,New,desk,02-03-2026 06:30,2,blank labels"), by: "admin")
        let tickets = Tickets(plant.founder)
        let ticket = try tickets.find("I1")
        try tickets.set(ticket, [.impact: "1 - High"], by: "Ewa")
        let later = try small(
            "I1,New,desk,02-03-2026 06:30,2,blank labels", "I1,New,desk,02-03-2026 06:40,3,torn labels")
        let report = try importer.run(later, by: "admin")
        #expect(try tickets.show(ticket).summary.fields[.impact] == "1 - High")
        #expect(try tickets.show(ticket).summary.fields[.symptom] == "torn labels")
        #expect(
            report.remarks.map(\.words) == [
                "I1: impact, urgency, priority was changed here later than there; “1 - High” stays"
            ])
        #expect(try tickets.conflicts().isEmpty)
        let again = try importer.run(later, by: "admin")
        #expect(again.matched == 1)
    }

    @Test func `C29: newer news from there takes the place of what a person changed here before`() throws {
        let importer = TicketImport(into: plant.founder)
        _ = try importer.run(try small("I1,New,desk,02-03-2026 06:30,2,blank labels"), by: "admin")
        let tickets = Tickets(plant.founder)
        let ticket = try tickets.find("I1")
        try tickets.set(ticket, [.impact: "1 - High"], by: "Ewa")
        let later = try small(
            "I1,New,desk,02-03-2026 06:30,2,blank labels", "I1,New,desk,02-03-2097 06:40,3,blank labels")
        let report = try importer.run(later, by: "admin")
        #expect(report.remarks.isEmpty)
        #expect(try tickets.show(ticket).summary.fields[.impact] == "3")
    }

    @Test func `an older export adds missing acts and takes no newer value away`() throws {
        let importer = TicketImport(into: plant.founder)
        let rows = ["I1,New,desk,02-03-2026 06:30,2,blank labels", "I1,New,desk,02-03-2026 06:40,3,torn labels"]
        _ = try importer.run(try small(rows[0], rows[1]), by: "admin")
        let report = try importer.run(try small(rows[0]), by: "admin")
        #expect(report.matched == 1)
        let tickets = Tickets(plant.founder)
        #expect(try tickets.show(tickets.find("I1")).summary.fields[.symptom] == "torn labels")
    }

    @Test func `an act keeps the person and the time of the other system, and the station that imported it`() throws {
        _ = try TicketImport(into: plant.founder).run(
            try small("I1,New,desk,02-03-2026 06:30,2,blank labels"), by: "admin", because: "weekly export")
        let tickets = Tickets(plant.founder)
        let detail = try tickets.show(tickets.find("I1"))
        let act = try #require(detail.history.first?.act)
        #expect(act.person == "desk")
        #expect(act.shownTime == 1_772_433_000_000)
        #expect(act.authorship.actor == "admin")
        #expect(act.authorship.reason == "weekly export")
        #expect(act.authorship.station == "IT")
        #expect(detail.summary.updatedAt == 1_772_433_000_000)
    }
}
