import ArgumentParser
import Gemba
import GembaCommands

/// `ticket set`
struct SetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Change what a ticket says.",
        discussion: """
            EXAMPLES
              gemba ticket set L3-0001 --title "label printer prints blank labels" --by ewa
              gemba ticket set L3-0001 --impact line --urgency now --priority critical

            An empty text takes a value away. A value that somebody else wrote apart is kept and listed by \
            `gemba conflicts`; setting the field again settles it.
            """)

    @OptionGroup var act: ActOptions
    @Option(help: "What is wrong, in one line.") var title: String?
    @OptionGroup var fields: FieldOptions

    func run() throws {
        var changes: [TicketField: String?] = fields.values.mapValues { $0 }
        if let title { changes[.title] = .some(title) }
        try act.perform("changed") { try $0.set($1, changes, by: act.actor, because: act.reason) }
    }
}

/// `ticket label`
struct LabelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "label", abstract: "Put labels on a ticket and take others off.")

    @OptionGroup var act: ActOptions
    @Option(name: .customLong("add"), help: "A label to put on; may be given several times.") var added: [String] = []
    @Option(name: .customLong("remove"), help: "A label to take off; may be given several times.")
    var removed: [String] = []

    func validate() throws {
        if added.isEmpty && removed.isEmpty { throw ValidationError("Say which label: --add LABEL or --remove LABEL.") }
    }

    func run() throws {
        try act.perform("labelled") {
            try $0.label($1, add: added, remove: removed, by: act.actor, because: act.reason)
        }
    }
}
