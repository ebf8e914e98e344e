import ArgumentParser

/// Which row a command is about.
struct RowArguments: ParsableArguments {
    @Argument(help: "The table, such as ticket.") var table: String
    @Argument(help: "The row: its number where it has one, or its id, of which the beginning is enough.") var row:
        String
}
