import GembaCausality
import GembaFloor
import GembaSimulation
import GembaStore
import GembaWire
import Testing

/// Two stations that know of one ticket and then work without a network until they meet.
private struct Apart {
    let plant: TestPlant
    let first: Tickets
    let second: Tickets
    let ticket: RowID

    init() throws {
        plant = try TestPlant(schema: Floor.schema)
        let a = try plant.enrol("L3", schema: Floor.schema)
        let b = try plant.enrol("L4", schema: Floor.schema)
        try a.exchange(with: plant.founder)
        try b.exchange(with: plant.founder)
        first = Tickets(a)
        second = Tickets(b)
        let draft = TicketDraft(TicketFields([.title: "Label printer dead", .asset: "LP3"]))
        ticket = try first.report(draft, by: "Ewa").ticket
        try meet()
    }

    func meet() throws { try first.replica.exchange(with: second.replica) }

    /// Lets them meet and returns what both then show.
    func outcome() throws -> TicketDetail {
        try meet()
        let (one, other) = (try first.show(ticket), try second.show(ticket))
        #expect(one == other)
        #expect(try first.list(TicketFilter()) == second.list(TicketFilter()))
        #expect(try first.replica.digest() == second.replica.digest())
        return one
    }
}

@Suite("Tickets at stations apart")
struct TicketsApartTests {
    @Test func `C07: both took it: one leads, one helps, and both acts are marked as written unknowingly`() throws {
        let apart = try Apart()
        try apart.first.claim(apart.ticket, by: "Anna")
        try apart.second.claim(apart.ticket, by: "Marek")
        let detail = try apart.outcome()
        #expect(detail.summary.responsible == "Anna")
        #expect(detail.summary.helpers == ["Marek"])
        #expect(detail.history.map(\.act.person) == ["Ewa", "Anna", "Marek"])
        #expect(detail.history[2].unknown == [detail.history[1].act.id])
        #expect(detail.history[2].act.authorship.station == "L4")
    }

    @Test func `C08: a claim outlives a withdrawal`() throws {
        let apart = try Apart()
        try apart.first.withdraw(apart.ticket, as: .test, by: "Ewa")
        try apart.second.claim(apart.ticket, by: "Marek")
        let detail = try apart.outcome()
        #expect(detail.state.phase == .acknowledged)
        #expect(detail.summary.unsettledCount == 1)
        try apart.first.withdraw(apart.ticket, as: .test, by: "Ewa")
        #expect(try apart.outcome().state.phase == .withdrawn)
    }

    @Test func `C10: reopened while somebody resolved it again`() throws {
        let apart = try Apart()
        try apart.first.resolve(apart.ticket, code: "restart", did: "Restarted", by: "Marek")
        try apart.meet()
        try apart.first.reopen(apart.ticket, "again at 14:05", by: "Ewa")
        try apart.second.confirm(apart.ticket, by: "Jan")
        let detail = try apart.outcome()
        #expect(detail.state.phase == .raised)
        #expect(detail.state.isReopened)
        #expect(
            detail.state.unsettled.map(\.words) == [
                "Jan confirmed that it works while Ewa reopened it: “again at 14:05”. Which is it?"
            ])
    }

    @Test func `C11: resolved twice: both accounts are kept`() throws {
        let apart = try Apart()
        try apart.first.resolve(apart.ticket, code: "restart", did: "Restarted", by: "Marek")
        try apart.second.resolve(apart.ticket, code: "part", did: "Changed the roller", by: "Anna")
        let detail = try apart.outcome()
        #expect(detail.state.phase == .resolved)
        #expect(detail.state.resolutions.map(\.details.did) == ["Restarted", "Changed the roller"])
        #expect(!detail.state.isUnsettled)
    }

    @Test func `C12: resolved while somebody waited for a part cannot close by itself`() throws {
        let apart = try Apart()
        try apart.first.hold(apart.ticket, for: .part, need: "a roller", by: "Piotr")
        try apart.second.resolve(apart.ticket, code: "restart", did: "Restarted", by: "Marek")
        let detail = try apart.outcome()
        #expect(!detail.state.mayCloseByItself)
        var filter = TicketFilter()
        filter.isUnsettled = true
        #expect(try apart.second.list(filter).map(\.id) == [apart.ticket])
        try apart.first.confirm(apart.ticket, by: "Ewa", basedOn: detail.version)
        #expect(try apart.outcome().state.phase == .closed)
    }

    @Test func `C09: fields written apart are both kept with who wrote them where, until somebody settles`() throws {
        let apart = try Apart()
        try apart.first.set(apart.ticket, [.asset: "LP3", .area: "Line 3"], by: "Ewa", because: "read the plate")
        try apart.second.set(apart.ticket, [.asset: "LP4"], by: "Marek")
        let conflict = try #require(try apart.outcome().conflicts.first)
        #expect(conflict.fields == [.asset, .area])
        #expect(conflict.values.map(\.person) == ["Marek", "Ewa"])
        #expect(conflict.values.map(\.station) == ["L4", "L3"])
        #expect(conflict.values.map(\.isShown) == [true, false])
        #expect(conflict.values[1].fields[.area] == "Line 3")
        #expect(conflict.values[1].reason == "read the plate")
        try apart.first.set(apart.ticket, [.asset: "LP3", .area: "Line 3"], by: "Ewa")
        let settled = try apart.outcome()
        #expect(settled.conflicts.isEmpty)
        #expect(settled.summary.fields[.asset] == "LP3")
    }

    @Test func `a stale form leaves what arrived meanwhile as a sibling instead of taking it away`() throws {
        let apart = try Apart()
        let form = try apart.first.fieldVersion(of: apart.ticket)
        try apart.second.set(apart.ticket, [.title: "Printer at line 3 dead"], by: "Marek")
        try apart.meet()
        try apart.first.set(apart.ticket, [.title: "Labels missing"], by: "Ewa", basedOn: form)
        #expect(try apart.outcome().conflicts.map(\.fields) == [[.title]])
    }

    @Test func `stations mint numbers apart, and two that share a code are told apart by a letter`() throws {
        let apart = try Apart()
        let draft = TicketDraft(TicketFields([.title: "Scanner dead", .area: "Line 4"]))
        let other = try apart.second.report(draft, by: "Jan")
        #expect(other.number.text == "L4-0001")
        // A station set back to an old backup counts again what it had counted.
        try apart.second.replica.write(by: "Jan") { tx in
            let doubled = try tx.insert(
                into: "ticket",
                [
                    "number_station": .text("L3"), "number_count": .integer(1), "title": .text("Gate stuck"),
                    "created_at": .integer(.max),
                ])
            try tx.insert(into: "ticket_act", ["ticket": .blob(doubled.bytes), "kind": .integer(1)])
        }
        _ = try apart.outcome()
        for tickets in [apart.first, apart.second] {
            let numbers = try tickets.list().map(\.shownNumber).sorted()
            #expect(numbers == ["L3-0001a", "L3-0001b", "L4-0001"])
            #expect(try tickets.find("l3-1a") == apart.ticket)
            #expect(try tickets.find("L3-0001b") != apart.ticket)
            let error = #expect(throws: FloorError.self) { try tickets.find("L3-0001") }
            #expect(error?.candidates.map(\.number) == ["L3-0001a", "L3-0001b"])
        }
        #expect(try apart.first.report(draft, by: "Ewa").number.text == "L3-0002")
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func `random work at three stations that meet at random ends in one state everywhere`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let plant = try TestPlant(schema: Floor.schema)
        var stations = [Tickets(plant.founder)]
        for name in ["L3", "L4"] { stations.append(Tickets(try plant.enrol(name, schema: Floor.schema))) }
        for station in stations.dropFirst() { try station.replica.exchange(with: plant.founder) }
        try stations[1].replica.exchange(with: plant.founder)
        let ticket = try stations[0].report(
            TicketDraft(TicketFields([.title: "Label printer dead", .asset: "LP3"])), by: "Ewa"
        ).ticket
        for station in stations.dropFirst() { try station.replica.exchange(with: plant.founder) }
        for step in 0..<25 {
            let index = random.below(stations.count)
            if random.once(in: 4) {
                try stations[index].replica.exchange(with: stations[random.below(stations.count)].replica)
            } else {
                try? Self.act(random.below(14), on: ticket, at: stations[index], by: "p\(random.below(4))", step)
            }
        }
        for _ in 0..<2 {
            for station in stations.dropFirst() { try station.replica.exchange(with: plant.founder) }
        }
        let expected = try stations[0].show(ticket)
        for station in stations {
            #expect(try station.show(ticket) == expected)
            #expect(try station.list(TicketFilter()) == stations[0].list(TicketFilter()))
            #expect(try station.replica.digest() == plant.founder.digest())
        }
    }

    /// One act of many; those that the ticket's state does not allow throw.
    private static func act(
        _ choice: Int, on ticket: RowID, at station: Tickets, by person: String, _ step: Int
    ) throws {
        switch choice {
        case 0: try station.acknowledge(ticket, by: person)
        case 1: try station.start(ticket, by: person)
        case 2: try station.note(ticket, "note \(step)", by: person)
        case 3: try station.claim(ticket, by: person)
        case 4: try station.assign(ticket, to: "p\(step % 4)", by: person)
        case 5: try station.leave(ticket, by: person)
        case 6: try station.hold(ticket, for: .part, need: "part \(step)", by: person)
        case 7: try station.unhold(ticket, by: person)
        case 8: try station.raise(ticket, "worse \(step)", by: person)
        case 9, 10: try station.resolve(ticket, code: "x", did: "did \(step)", by: person)
        case 11: try station.confirm(ticket, by: person)
        case 12: try station.reopen(ticket, "again \(step)", by: person)
        default: try station.set(ticket, [.area: "area \(step)"], by: person)
        }
    }
}
