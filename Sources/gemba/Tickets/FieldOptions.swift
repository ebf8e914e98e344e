import ArgumentParser
import Gemba

/// The fields of a ticket that people may write, but for the title.
struct FieldOptions: ParsableArguments {
    @Option(help: "All that is known of it.") var description: String?
    @Option(
        name: [.customLong("at"), .customLong("asset")],
        help: ArgumentHelp("The machine or device.", valueName: "asset"))
    var asset: String?
    @Option(help: "The part of the plant.") var area: String?
    @Option(help: "Who told of it, if not the one who writes.") var reporter: String?
    @Option(help: "The same in words of both departments.") var restatement: String?
    @Option(help: "How much is at stake.") var impact: String?
    @Option(help: "How soon it bites.") var urgency: String?
    @Option(help: "The level that follows from both.") var priority: String?
    @Option(help: "What kind of thing it is about.") var category: String?
    @Option(help: "A finer kind.") var subcategory: String?
    @Option(help: "What is seen.") var symptom: String?
    @Option(help: "The team in whose queue it is.") var queue: String?

    /// The fields that were given; an empty text takes a value away.
    var values: [TicketField: String] {
        let all: [(TicketField, String?)] = [
            (.description, description), (.asset, asset), (.area, area), (.reporter, reporter),
            (.restatement, restatement), (.impact, impact), (.urgency, urgency), (.priority, priority),
            (.category, category), (.subcategory, subcategory), (.symptom, symptom), (.queue, queue),
        ]
        return Dictionary(uniqueKeysWithValues: all.compactMap { field, value in value.map { (field, $0) } })
    }
}
