public import ArgumentParser
public import Gemba
import GembaCommands

/// `ticket list`
struct TicketListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List tickets, those with the latest act first.",
        discussion: """
            EXAMPLES
              gemba ticket list --open
              gemba ticket list --unsettled --json
              gemba ticket list --phase waiting --area line3
              gemba ticket list --search 'drucker "press 4"'
            """)

    @OptionGroup var data: DataOptions
    @OptionGroup var output: OutputOptions
    @Flag(help: "Only those that somebody still has to do something about.") var open = false
    @Flag(help: "Only those with something to settle.") var unsettled = false
    @Option(
        name: .customLong("phase"),
        help: "Only those in a phase: \(TicketState.Phase.allCases.map(\.rawValue).joined(separator: ", ")).")
    var phases: [TicketState.Phase] = []
    @Option(help: "Only those that this person or role answers for.") var responsible: String?
    @Option(help: "Only those in this area.") var area: String?
    @Option(help: "Only those with this label.") var label: String?
    @Option(
        help: ArgumentHelp(
            "Only those with these words, or parts of words, in their texts or in what was said about them.",
            valueName: "text"))
    var search: String?
    @Option(help: "At most so many.") var limit: Int?

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit takes a number from 1 on.") }
    }

    func run() throws {
        let all = try Station.tickets(data)
        var filter = TicketFilter()
        filter.phases = Set(phases)
        filter.isOpen = open ? true : nil
        filter.isUnsettled = unsettled ? true : nil
        (filter.responsible, filter.area, filter.label, filter.limit) = (responsible, area, label, limit)
        filter.text = search
        let tickets = try all.list(filter)
        guard !output.json else {
            JSONValue.array(tickets.map(\.json)).print()
            return
        }
        guard !tickets.isEmpty else {
            Terminal.say("There are no such tickets.")
            return
        }
        var table = TextTable("NUMBER", "PHASE", "RESPONSIBLE", "WHERE", "UPDATED", "TITLE")
        for ticket in tickets {
            let mark = ticket.unsettledCount > 0 ? " (to settle)" : ""
            table.add(
                ticket.shownNumber, ticket.phase.rawValue + mark,
                ticket.responsible ?? (ticket.phase.isOpen ? "NOBODY YET" : "-"),
                ticket.fields[.asset] ?? ticket.fields[.area] ?? "-",
                PointInTime.ago(UInt64(clamping: ticket.updatedAt), now: all.replica.wallClock),
                ticket.fields[.title] ?? ""
            )
        }
        table.print()
    }
}

extension TicketState.Phase: ExpressibleByArgument {}
