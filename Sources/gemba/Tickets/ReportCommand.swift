public import ArgumentParser
public import Gemba
import GembaCommands

/// `report`: tells that something is wrong.
struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Report that something is wrong.",
        discussion: """
            EXAMPLES
              gemba report "label printer dead" --at L3-PRN2 --by ewa
              gemba report "scanner beeps twice" --area line3 --reporter "night shift, press 4" --origin phone
            """)

    @OptionGroup var data: DataOptions
    @OptionGroup var actor: ActorOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "What is wrong, in one line.") var title: String
    @OptionGroup var fields: FieldOptions
    @Option(name: .customLong("label"), help: "A word to find it by; may be given several times.")
    var labels: [String] = []
    @Option(help: "How the report came in: portal, scan, phone, hallway, chat, mail, signal or paper.")
    var origin: TicketOrigin = .portal
    @Option(name: .customLong("because"), help: "Why it is written down, if that is not plain.") var reason = ""

    func run() throws {
        let tickets = try Station.tickets(data)
        var known = TicketFields()
        for (field, value) in fields.values { known[field] = value }
        known[.title] = title
        if known[.asset] == nil, known[.area] == nil {
            known[.asset] = "unknown"
            Terminal.say("No place was given, so it is noted as unknown. Say where: gemba ticket set ID --at …")
        }
        let receipt = try tickets.report(
            TicketDraft(known, origin: origin, labels: labels), by: actor.actor, because: reason)
        if output.json {
            JSONValue.object([
                ("version", .integer(1)), ("number", .string(receipt.number.text)),
                ("id", .string("\(receipt.ticket)")),
                ("delivery", .string(try Delivery.sentence(of: tickets.replica))),
            ]).print()
        } else {
            print("\(receipt.number.text)  \(receipt.ticket)")
            Terminal.say("Saved here as \(receipt.number.text). \(try Delivery.sentence(of: tickets.replica))")
        }
    }
}

extension TicketOrigin: ExpressibleByArgument {}
