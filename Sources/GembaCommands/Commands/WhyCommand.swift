public import ArgumentParser
import GembaStore
import GembaWire

/// `why`: where the values of a row come from.
public struct WhyCommand<Owner: Program>: ParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "why",
            abstract: "Show why a row shows what it shows: who wrote each value, and what it replaced.",
            discussion: """
                EXAMPLES
                  \(Owner.name) why ticket L3-0001
                  \(Owner.name) why ticket L3-0001 title

                What was written in knowledge of a value replaces it, whatever the clocks say. Of values written apart the \
                latest is shown, and the others are kept until somebody writes again.
                """)
    }

    @OptionGroup var data: DataOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var place: RowArguments
    @Argument(help: "Only this column.") var column: String?

    /// Creates a command to be parsed.
    public init() {}

    /// Prints the writes to each group of columns, those that readers see first.
    public func run() throws {
        let replica = try Owner.open(data)
        let row = try Owner.row(place.row, in: place.table, of: replica)
        if let column {
            let columns = replica.schema.tables.first { $0.name == place.table }?.groups.flatMap(\.columns) ?? []
            guard columns.contains(where: { $0.name == column }) else {
                let known = columns.map(\.name).joined(separator: ", ")
                throw CommandFailure(.notFound, "Table \(place.table) has no column \(column). There are: \(known).")
            }
        }
        let events = try replica.history(of: row, in: place.table)
        let roster = try replica.roster()
        let writes = events.flatMap { event in event.writes.map { (event: event, write: $0) } }
        let groups = Dictionary(grouping: writes) { $0.write.group }.sorted { $0.key < $1.key }.map(\.value)
            .filter { column == nil || $0[0].write.columns.contains(column ?? "") }
        if output.json {
            let presence = events.filter { $0.verb != .edit }.map { $0.json(roster: roster) }
            JSONValue.object([
                ("table", .string(place.table)), ("row", .string("\(row)")), ("presence", .array(presence)),
                (
                    "groups",
                    .array(
                        groups.map { group in
                            .object([
                                ("columns", .texts(group[0].write.columns)),
                                ("writes", .array(group.map { $0.event.json($0.write, roster: roster) })),
                            ])
                        })
                ),
            ]).print()
            return
        }
        if column == nil {
            for event in events where event.verb != .edit {
                print("\(event.verbName) by \(event.provenance.line(roster))")
            }
        }
        for group in groups {
            print(Terminal.bold(group[0].write.columnNames))
            let order: [RowEvent.Fate] = [.shown, .kept, .replaced]
            for fate in order {
                for (event, write) in group.reversed() where write.fate == fate {
                    print(
                        "  \(fate.label)  \(write.value)\n"
                            + Terminal.dim("            \(event.provenance.line(roster))"))
                }
            }
        }
    }
}
