public import ArgumentParser
import GembaStore

/// `history`: everything that was ever done to a row.
public struct HistoryCommand<Owner: Program>: ParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "history", abstract: "Show everything that was ever done to a row.",
            discussion: """
                EXAMPLES
                  \(Owner.name) history ticket L3-0001
                  \(Owner.name) history ticket 01a1febb --json

                Nothing stands before what its author had seen. A value is "shown", "kept" (written apart from the one that is \
                shown, and not settled), or "replaced" by somebody who had seen it.
                """)
    }

    @OptionGroup var data: DataOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var place: RowArguments

    /// Creates a command to be parsed.
    public init() {}

    /// Prints the events, the oldest first.
    public func run() throws {
        let replica = try Owner.open(data)
        let row = try Owner.row(place.row, in: place.table, of: replica)
        let events = try replica.history(of: row, in: place.table)
        let roster = try replica.roster()
        if output.json {
            JSONValue.array(events.map { $0.json(roster: roster) }).print()
            return
        }
        print(Terminal.bold("\(Owner.name(of: row, in: place.table, of: replica) ?? "\(row)")  \(place.table) \(row)"))
        for event in events {
            print("\(event.provenance.line(roster))  \(event.verbName)")
            for write in event.writes { print("  \(write.fate.label)  \(write.columnNames): \(write.value)") }
        }
    }
}
