public import ArgumentParser
public import Gemba
import GembaCommands

/// `ticket hold`
struct HoldCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold", abstract: "Say that work waits for something.",
        discussion: """
            EXAMPLE
              gemba ticket hold L3-0001 part --need "fuser from the vendor" --until 2d
            """)

    @OptionGroup var act: ActOptions
    @Argument(help: "What it waits for: part, vendor, production, window, information or decision.")
    var waitsFor: HoldReason = .information
    @Option(help: "What is needed, and from whom.") var need: String?
    @Option(help: "For how long, as far as is known: 4h, 2d.") var until: TimeSpan?

    func run() throws {
        try act.perform("on hold") { tickets, ticket in
            try tickets.hold(
                ticket, for: waitsFor, need: need, until: until?.ahead(of: tickets.replica), by: act.actor,
                because: act.reason)
        }
    }
}

extension HoldReason: ExpressibleByArgument {}

/// `ticket unhold`
struct UnholdCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unhold", abstract: "Say that the waiting is over.")

    @OptionGroup var act: ActOptions
    @Option(help: "Which hold, where there are several: its id.") var hold: String?

    func run() throws {
        let named = try hold.map { text in
            guard let id = RowID(hexadecimal: text) else {
                throw CommandFailure(.usage, "\(text) is no id of a hold; `gemba ticket show` lists them.")
            }
            return id
        }
        try act.perform("off hold") { try $0.unhold($1, named, by: act.actor, because: act.reason) }
    }
}

/// `ticket raise`
struct RaiseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "raise", abstract: "Say that it is more severe than was known.")

    @OptionGroup var act: ActOptions
    @Argument(help: "What makes it more severe.") var text: String
    @Option(help: "The level that it should have.") var level: String?

    func run() throws {
        try act.perform("raised") { try $0.raise($1, text, level: level, by: act.actor, because: act.reason) }
    }
}
