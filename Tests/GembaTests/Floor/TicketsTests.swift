import Foundation
import GRDB
import GembaCausality
import GembaFloor
import GembaStore
import GembaWire
import Testing

@Suite("Tickets at one station")
struct TicketsTests {
    private let plant: TestPlant
    private let tickets: Tickets

    init() throws {
        plant = try TestPlant(schema: Floor.schema)
        tickets = Tickets(plant.founder)
    }

    private func report(_ title: String = "Label printer dead") throws -> RowID {
        try tickets.report(TicketDraft(TicketFields([.title: title, .asset: "LP3"])), by: "Ewa").ticket
    }

    /// What the call is refused with.
    private func refusal(_ body: () throws -> Void) -> FloorError? {
        do { try body() } catch let error as FloorError { return error } catch { Issue.record(error) }
        return nil
    }

    @Test func `a report is a ticket with a number of this station, raised and open`() throws {
        let fields = TicketFields([.title: "Label printer dead", .area: "Line 3", .reporter: "night shift"])
        let receipt = try tickets.report(TicketDraft(fields, origin: .phone, labels: ["printing"]), by: "Ewa")
        #expect(receipt.number.text == "IT-0001")
        let second = try tickets.report(TicketDraft(TicketFields([.title: "x", .area: "unknown"])), by: "Ewa")
        #expect(second.number.text == "IT-0002")
        let detail = try tickets.show(receipt.ticket)
        #expect(detail.summary.fields == fields)
        #expect(detail.summary.origin == .phone)
        #expect(detail.summary.labels == ["printing"])
        #expect(detail.summary.createdBy == "Ewa")
        #expect(detail.summary.shownNumber == "IT-0001")
        #expect(detail.state.phase == .raised)
        #expect(detail.history.map(\.act.kind) == [.report])
        #expect(detail.history.first?.act.authorship.station == "IT")
        #expect(try tickets.list().map(\.id) == [second.ticket, receipt.ticket])
    }

    @Test func `a report without a title or a place is refused in words`() throws {
        let noTitle = refusal { _ = try tickets.report(TicketDraft(TicketFields([.area: "Line 3"])), by: "Ewa") }
        #expect(noTitle == FloorError(.missingInput, "Say in one line what is wrong."))
        let noPlace = refusal { _ = try tickets.report(TicketDraft(TicketFields([.title: "dead"])), by: "Ewa") }
        #expect(noPlace == FloorError(.missingInput, "Say where it is: the machine or the area, or “unknown”."))
        let long = TicketFields([.title: String(repeating: "x", count: 121), .area: "Line 3"])
        #expect(refusal { _ = try tickets.report(TicketDraft(long), by: "Ewa") }?.code == .missingInput)
        #expect(try tickets.list(TicketFilter()).isEmpty)
    }

    @Test func `a ticket's life from report to confirmation, and again`() throws {
        let ticket = try report()
        try tickets.acknowledge(ticket, by: "Marek")
        try tickets.start(ticket, by: "Marek")
        #expect(try tickets.list().first?.phase == .working)
        #expect(try tickets.list().first?.responsible == "Marek")
        let hold = try tickets.hold(ticket, for: .part, need: "a roller from the shop", by: "Marek")
        #expect(try tickets.list().first?.phase == .waiting)
        #expect(try tickets.list().first?.holdReasons == ["part"])
        try tickets.note(ticket, "The roller is on its way", technical: "part 4711", by: "Marek")
        try tickets.unhold(ticket, hold, by: "Marek")
        try tickets.resolve(ticket, code: "part", did: "Changed the roller", by: "Marek")
        #expect(try tickets.list().isEmpty)
        try tickets.confirm(ticket, by: "Ewa")
        let closed = try tickets.show(ticket)
        #expect(closed.state.phase == .closed)
        #expect(closed.state.lastNote?.details.technical == "part 4711")
        #expect(closed.summary.lastNote == "The roller is on its way")
        #expect(closed.history.allSatisfy { $0.unknown.isEmpty })
        try tickets.reopen(ticket, "again at 14:05", by: "Ewa")
        let reopened = try tickets.show(ticket)
        #expect(reopened.state.phase == .raised)
        #expect(reopened.summary.round == 1)
        #expect(reopened.state.responsible == "Marek")
        #expect(reopened.history.last?.act.details.round == 1)
    }

    @Test func `what an act must say is asked for where it is done`() throws {
        let ticket = try report()
        #expect(
            refusal { try tickets.resolve(ticket, code: "", did: "", by: "Marek") }?.message
                == "To resolve, say the resolution code, and what was done.")
        #expect(refusal { try tickets.hold(ticket, for: .part, by: "Marek") }?.code == .missingInput)
        #expect(refusal { try tickets.note(ticket, "", by: "Marek") }?.code == .missingInput)
        #expect(refusal { try tickets.assign(ticket, to: "", by: "Marek") }?.code == .missingInput)
        #expect(refusal { try tickets.withdraw(ticket, as: .duplicate, by: "Ewa") }?.code == .missingInput)
        #expect(refusal { try tickets.claim(ticket, by: " ") }?.message == "Say who you are: every act has an author.")
        #expect(refusal { try tickets.label(ticket, add: ["x"], by: "") }?.code == .missingInput)
        #expect(try tickets.show(ticket).history.count == 1)
    }

    @Test func `what a ticket's state does not allow is refused with the way out`() throws {
        let ticket = try report()
        #expect(refusal { try tickets.confirm(ticket, by: "Ewa") }?.code == .notPossible)
        #expect(refusal { try tickets.unhold(ticket, by: "Ewa") }?.message == "The ticket is not on hold.")
        #expect(refusal { try tickets.restore(ticket, "why", by: "Ewa") }?.code == .notPossible)
        #expect(refusal { try tickets.leave(ticket, by: "Jan") }?.code == .notPossible)
        #expect(refusal { try tickets.start(RowID(rawValue: 1), by: "Ewa") }?.code == .notFound)
        #expect(refusal { _ = try tickets.show(RowID(rawValue: 1)) }?.code == .notFound)
        let first = try tickets.hold(ticket, for: .part, need: "a roller", by: "Marek")
        try tickets.hold(ticket, for: .vendor, need: "a visit", by: "Marek")
        #expect(refusal { try tickets.unhold(ticket, by: "Marek") }?.code == .ambiguous)
        try tickets.unhold(ticket, first, by: "Marek")
        #expect(refusal { try tickets.unhold(ticket, first, by: "Marek") }?.code == .notFound)
        try tickets.unhold(ticket, by: "Marek")
        try tickets.resolve(ticket, code: "x", did: "y", by: "Marek")
        #expect(refusal { try tickets.start(ticket, by: "Marek") }?.code == .notPossible)
        try tickets.confirm(ticket, by: "Ewa")
        #expect(refusal { try tickets.confirm(ticket, by: "Ewa") }?.message == "The ticket is closed already.")
    }

    @Test func `a withdrawn ticket takes nothing but notes until it is restored`() throws {
        let ticket = try report()
        try tickets.withdraw(ticket, as: .mistake, by: "Ewa")
        #expect(try tickets.list().isEmpty)
        let refused = refusal { try tickets.start(ticket, by: "Marek") }
        #expect(refused?.message == "The ticket was withdrawn. Restore it first.")
        try tickets.note(ticket, "Was it?", by: "Marek")
        try tickets.restore(ticket, "it is dead indeed", by: "Marek")
        #expect(try tickets.list().map(\.phase) == [.raised])
    }

    @Test func `to say that it is broken is a reopening only where it had been resolved`() throws {
        let ticket = try report()
        try tickets.reopen(ticket, "still dead", by: "Ewa")
        try tickets.resolve(ticket, code: "x", did: "y", by: "Marek")
        try tickets.reopen(ticket, "dead again", by: "Ewa")
        let kinds = try tickets.show(ticket).history.map(\.act.kind)
        #expect(kinds == [.report, .stillBroken, .resolve, .reopen])
    }

    @Test func `taking, giving, helping and leaving move the one responsible`() throws {
        let ticket = try report()
        try tickets.claim(ticket, by: "Marek")
        try tickets.help(ticket, by: "Anna")
        #expect(try tickets.list().first?.helpers == ["Anna"])
        try tickets.assign(ticket, to: "Anna", by: "Lead")
        #expect(try tickets.list().first?.responsible == "Anna")
        #expect(try tickets.list().first?.helpers == [])
        try tickets.leave(ticket, by: "Anna")
        #expect(try tickets.list().first?.responsible == nil)
        #expect(try tickets.list().first?.phase == .acknowledged)
    }

    @Test func `M3: a confirmation counts what its form had shown, not what the station held`() throws {
        let ticket = try report()
        try tickets.resolve(ticket, code: "restart", did: "Restarted", by: "Marek")
        let form = try tickets.show(ticket).version
        try tickets.raise(ticket, "line stopped", by: "Jan")
        try tickets.confirm(ticket, by: "Ewa", basedOn: form)
        let state = try tickets.show(ticket).state
        #expect(state.phase == .resolved)
        #expect(
            state.unsettled.map(\.words) == [
                "Jan had raised its level: “line stopped”, not known when this was confirmed by Ewa. Really done?"
            ])
        try tickets.confirm(ticket, by: "Ewa", basedOn: try tickets.show(ticket).version)
        #expect(try tickets.show(ticket).state.phase == .closed)
    }

    @Test func `setting a field keeps the others of its group, and nil takes a value away`() throws {
        let ticket = try report()
        try tickets.set(ticket, [.area: "Line 3", .impact: "high"], by: "Marek", because: "seen on site")
        try tickets.set(ticket, [.urgency: "now", .impact: nil], by: "Marek")
        let fields = try tickets.show(ticket).summary.fields
        #expect(fields[.asset] == "LP3")
        #expect(fields[.area] == "Line 3")
        #expect(fields[.urgency] == "now")
        #expect(fields[.impact] == nil)
        #expect(refusal { try tickets.set(ticket, [:], by: "x") }?.code == .missingInput)
        #expect(refusal { try tickets.set(ticket, [.title: nil], by: "x") }?.code == .missingInput)
        #expect(refusal { try tickets.set(RowID(rawValue: 1), [.title: "x"], by: "x") }?.code == .notFound)
    }

    @Test func `lists are filtered by phase, area, label, responsible and what is to settle`() throws {
        let first = try report("first")
        let second = try report("second")
        try tickets.label(first, add: ["printing", "line 3"], by: "Ewa")
        try tickets.label(first, remove: ["line 3"], by: "Ewa")
        try tickets.set(second, [.area: "Line 9"], by: "Ewa")
        try tickets.claim(second, by: "Marek")
        func ids(_ change: (inout TicketFilter) -> Void) throws -> [RowID] {
            var filter = TicketFilter()
            change(&filter)
            return try tickets.list(filter).map(\.id)
        }
        #expect(try ids { $0.label = "printing" } == [first])
        #expect(try ids { $0.label = "line 3" } == [])
        #expect(try ids { $0.area = "Line 9" } == [second])
        #expect(try ids { $0.responsible = "Marek" } == [second])
        #expect(try ids { $0.phases = [.raised] } == [first])
        #expect(try ids { $0.phases = [.raised, .acknowledged] }.count == 2)
        #expect(try ids { $0.isUnsettled = true } == [])
        #expect(try ids { $0.isUnsettled = false }.count == 2)
        #expect(try ids { $0.limit = 1 } == [second])
    }

    @Test func `tickets are found by number in any writing, and by the beginning of an id`() throws {
        let ticket = try report()
        let id = ticket.description
        for name in ["IT-0001", "it-1", id, id.uppercased(), String(id.prefix(31))] {
            #expect(try tickets.find(name) == ticket)
        }
        for name in ["IT-0002", "IT-0001b", "L3-0001", "abc", "0000", "%", ""] {
            #expect(refusal { _ = try tickets.find(name) }?.code == .notFound, "\(name)")
        }
        let other = try report("other")
        let shared = String(zip(id, other.description).prefix { $0 == $1 }.map(\.0))
        let error = try #require(refusal { _ = try tickets.find(shared) })
        #expect(error.code == .ambiguous)
        #expect(error.candidates.map(\.number) == ["IT-0001", "IT-0002"])
        #expect(error.description.contains("IT-0002  other"))
    }

    @Test func `acts are refused or taken whole: a failed one leaves no trace`() throws {
        let ticket = try report()
        let before = try tickets.show(ticket)
        _ = refusal { try tickets.confirm(ticket, by: "Ewa") }
        #expect(try tickets.show(ticket) == before)
    }

    @Test func `an act of a newer version is kept, shown as such and left out of the state`() throws {
        let ticket = try report()
        try plant.founder.write(by: "Ewa") { tx in
            _ = try tx.insert(
                into: "ticket_act", ["ticket": .blob(ticket.bytes), "kind": .integer(900), "text": .text("?")])
        }
        let detail = try tickets.show(ticket)
        #expect(detail.state.phase == .raised)
        #expect(detail.state.remarks.map(\.words) == ["Ewa did something that this version does not know (act-900)."])
        #expect(try tickets.list().first?.actCount == 2)
    }

    @Test func `the derived table is what a fold of all acts gives, also when it is built anew`() throws {
        let ticket = try report()
        try tickets.claim(ticket, by: "Marek")
        try tickets.note(ticket, "two\nlines", by: "Marek")
        let before = try tickets.list()
        try plant.founder.read { _ in }
        let again = try Replica.open(in: plant.founder.folder, schema: Floor.schema, sources: .test)
        #expect(try Tickets(again).list() == before)
    }
}
