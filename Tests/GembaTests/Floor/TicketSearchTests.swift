import GembaCausality
import GembaFloor
import GembaStore
import Testing

@Suite("Searching tickets")
struct TicketSearchTests {
    private let plant: TestPlant
    private let tickets: Tickets

    init() throws {
        plant = try TestPlant(schema: Floor.schema)
        tickets = Tickets(plant.founder)
    }

    private func report(_ title: String, _ description: String? = nil) throws -> RowID {
        var fields = TicketFields([.title: title, .asset: "L3-PRN2", .area: "line3"])
        fields[.description] = description
        return try tickets.report(TicketDraft(fields), by: "Ewa").ticket
    }

    private func found(_ text: String, isOpen: Bool? = nil) throws -> Set<RowID> {
        var filter = TicketFilter()
        (filter.text, filter.isOpen) = (text, isOpen)
        return Set(try tickets.list(filter).map(\.id))
    }

    @Test("Words are found in what a ticket says and in what was said about it, together")
    func everywhere() throws {
        let ticket = try report("Etikettendrucker tot", "nie drukuje od rana")
        let other = try report("Scanner stuck")
        try tickets.note(ticket, "Netzwerkkabel war lose", technical: "port 7 flapping", by: "Marek")
        #expect(try found("drucker") == [ticket])
        #expect(try found("KABEL flapping") == [ticket])
        #expect(try found("drukuje kabel etiketten") == [ticket])
        #expect(try found("prn2") == [ticket, other])
        #expect(try found("drucker stuck").isEmpty)
        #expect(try found(" ") == [ticket, other])
    }

    @Test("A search goes together with the other filters")
    func filters() throws {
        let closed = try report("printer dead")
        let open = try report("printer dead again")
        try tickets.withdraw(closed, as: .mistake, by: "Ewa")
        #expect(try found("printer") == [closed, open])
        #expect(try found("printer", isOpen: true) == [open])
    }

    @Test("What a peer says is found as well")
    func peers() throws {
        let other = try plant.enrol("L3", schema: Floor.schema)
        let ticket = try report("printer dead")
        try other.exchange(with: plant.founder)
        try Tickets(other).note(ticket, "ワイヤが切れた", by: "Jan")
        try other.exchange(with: plant.founder)
        #expect(try found("切れ") == [ticket])
    }
}
