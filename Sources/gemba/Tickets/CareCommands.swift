import ArgumentParser
import Gemba
import GembaCommands

/// `ticket ack`
struct AcknowledgeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ack", abstract: "Say that somebody takes care of it.")

    @OptionGroup var act: ActOptions
    @Option(help: "Who answers for it, if not the one who writes.") var responsible: String?
    @Option(help: "After how long people will hear more: 30m, 4h.") var nextUpdate: TimeSpan?

    func run() throws {
        try act.perform("acknowledged") { tickets, ticket in
            try tickets.acknowledge(
                ticket, responsible: responsible, nextUpdate: nextUpdate?.ahead(of: tickets.replica), by: act.actor,
                because: act.reason)
        }
    }
}

/// `ticket start`
struct StartCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "start", abstract: "Say that work begins.")

    @OptionGroup var act: ActOptions

    func run() throws {
        try act.perform("started") { try $0.start($1, by: act.actor, because: act.reason) }
    }
}

/// `ticket note`
struct NoteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "note", abstract: "Tell how it goes.")

    @OptionGroup var act: ActOptions
    @Argument(help: "In words that anybody at the plant understands; - reads standard input.") var text: String
    @Option(name: .customLong("tech"), help: "What only specialists need.") var technical: String?
    @Option(help: "After how long people will hear more: 30m, 4h.") var nextUpdate: TimeSpan?

    func run() throws {
        let text = try TextInput.read(text)
        try act.perform("noted") { tickets, ticket in
            try tickets.note(
                ticket, text, technical: technical, nextUpdate: nextUpdate?.ahead(of: tickets.replica), by: act.actor,
                because: act.reason)
        }
    }
}

/// `ticket claim`
struct ClaimCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "claim", abstract: "Take it on.")

    @OptionGroup var act: ActOptions

    func run() throws {
        try act.perform("claimed") { try $0.claim($1, by: act.actor, because: act.reason) }
    }
}

/// `ticket assign`
struct AssignCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "assign", abstract: "Give it to a person or a role.")

    @OptionGroup var act: ActOptions
    @Argument(help: "The person, or a role such as @it-oncall.") var person: String

    func run() throws {
        try act.perform("assigned") { try $0.assign($1, to: person, by: act.actor, because: act.reason) }
    }
}

/// `ticket help-out`
struct HelpOutCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "help-out", abstract: "Help whoever is responsible.")

    @OptionGroup var act: ActOptions

    func run() throws {
        try act.perform("helping") { try $0.help($1, by: act.actor, because: act.reason) }
    }
}

/// `ticket leave`
struct LeaveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leave", abstract: "Stop being responsible, or helping.")

    @OptionGroup var act: ActOptions

    func run() throws {
        try act.perform("left") { try $0.leave($1, by: act.actor, because: act.reason) }
    }
}
