public import ArgumentParser
public import Gemba
import GembaCommands

/// `ticket resolve`
struct ResolveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resolve", abstract: "Say that it works again.",
        discussion: """
            EXAMPLE
              gemba ticket resolve L3-0001 --code replaced --did "changed the fuser" --by marek
            """)

    @OptionGroup var act: ActOptions
    @Option(help: "The kind of solution, such as restart, replaced, setting.") var code = "fixed"
    @Option(help: "What was done, in plain words; - reads standard input.") var did: String
    @Option(name: .customLong("tech"), help: "What only specialists need.") var technical: String?

    func run() throws {
        let did = try TextInput.read(did)
        try act.perform("resolved") { tickets, ticket in
            try tickets.resolve(
                ticket, code: code, did: did, technical: technical, by: act.actor, because: act.reason)
        }
    }
}

/// `ticket confirm`
struct ConfirmCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "confirm", abstract: "Say, as the one who reported it, that it works again.")

    @OptionGroup var act: ActOptions

    func run() throws {
        try act.perform("confirmed") { try $0.confirm($1, by: act.actor, because: act.reason) }
    }
}

/// `ticket reopen`
struct ReopenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reopen", abstract: "Say that it is broken again, or still.")

    @OptionGroup var act: ActOptions
    @Argument(help: "What is seen now; - reads standard input.") var text: String

    func run() throws {
        let text = try TextInput.read(text)
        try act.perform("reopened") { try $0.reopen($1, text, by: act.actor, because: act.reason) }
    }
}

/// `ticket withdraw`
struct WithdrawCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "withdraw", abstract: "Take it back.",
        discussion: """
            EXAMPLES
              gemba ticket withdraw L3-0002 --duplicate-of L3-0001
              gemba ticket withdraw L3-0003 --as test
            """)

    @OptionGroup var act: ActOptions
    @Option(name: .customLong("as"), help: "Why it should not have been: duplicate, mistake, test or not-ours.")
    var kind: WithdrawalReason?
    @Option(help: "The ticket that it duplicates.") var duplicateOf: String?
    @Argument(help: "What else there is to say.") var text: String?

    func run() throws {
        try act.perform("withdrawn") { tickets, ticket in
            try tickets.withdraw(
                ticket, as: kind ?? (duplicateOf == nil ? .mistake : .duplicate), of: try duplicateOf.map(tickets.find),
                text: text, by: act.actor, because: act.reason)
        }
    }
}

extension WithdrawalReason: ExpressibleByArgument {}

/// `ticket restore`
struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "restore", abstract: "End a withdrawal.")

    @OptionGroup var act: ActOptions
    @Argument(help: "Why the ticket is real.") var text: String

    func run() throws {
        try act.perform("restored") { try $0.restore($1, text, by: act.actor, because: act.reason) }
    }
}
