public import ArgumentParser

/// `bundle`: carries changes in files, where no link does.
public struct BundleCommand<Owner: Program>: ParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "bundle",
            abstract: "Carry changes in a file, as on a stick, to machines that no link reaches.",
            discussion: """
                EXAMPLES
                  \(Owner.name) bundle write /media/stick/monday.bundle
                  \(Owner.name) bundle write /media/stick/tuesday.bundle --since /media/stick/monday.bundle
                  \(Owner.name) bundle read /media/stick/tuesday.bundle
                """,
            subcommands: [BundleWriteCommand<Owner>.self, BundleReadCommand<Owner>.self])
    }

    /// Creates a command to be parsed.
    public init() {}
}
