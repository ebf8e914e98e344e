import ArgumentParser
import Gemba
import GembaCommands

/// What every command has that does something with one ticket.
struct ActOptions: ParsableArguments {
    @OptionGroup var data: DataOptions
    @OptionGroup var person: ActorOptions
    @OptionGroup var output: OutputOptions
    @Option(name: .customLong("because"), help: "Why, if that is not plain.") var reason = ""
    @Argument(help: "The ticket: its number, its id, or the beginning of its id.") var id: String

    var actor: String { person.actor }

    /// Does something with the ticket, and tells what has become of it and where it has got to.
    ///
    /// - Parameter done: what was done, as one word after the number.
    func perform(_ done: String, _ act: (Tickets, RowID) throws -> Void) throws {
        let tickets = try Station.tickets(data)
        let ticket = try tickets.find(id)
        try act(tickets, ticket)
        let detail = try tickets.show(ticket)
        let summary = detail.summary
        let delivery = try Delivery.sentence(of: tickets.replica)
        if output.json {
            JSONValue.object([
                ("version", .integer(1)), ("number", .string(summary.shownNumber)), ("id", .string("\(summary.id)")),
                ("done", .string(done)), ("phase", .string(summary.phase.rawValue)), ("delivery", .string(delivery)),
            ]).print()
            return
        }
        print("\(summary.shownNumber)  \(done)  \(summary.phase.rawValue)")
        Terminal.say("Saved here. \(delivery)")
        for question in detail.state.unsettled { Terminal.say("To settle: \(question.words)") }
    }
}

extension TimeSpan {
    /// The point in time that lies so far ahead of a replica's clock.
    func ahead(of replica: Replica) -> Int64 { Int64(clamping: replica.wallClock + seconds * 1000) }
}
