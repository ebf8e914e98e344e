public import ArgumentParser
import GembaStore
import GembaTrust

/// `digest`: one hash over all that is replicated.
public struct DigestCommand<Owner: Program>: ParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "digest", abstract: "Print one hash over all replicated rows: equal where machines agree.",
            discussion: """
                EXAMPLE
                  \(Owner.name) digest

                Two machines that hold the same changes print the same hash, also a relay that knows none of the tables.
                """)
    }

    @OptionGroup var data: DataOptions
    @OptionGroup var output: OutputOptions

    /// Creates a command to be parsed.
    public init() {}

    /// Computes and prints the hash.
    public func run() throws {
        let replica = try Owner.open(data)
        let digest = try replica.digest()
        guard output.json else {
            print(digest)
            return
        }
        JSONValue.object([
            ("version", .integer(1)), ("digest", .string("\(digest)")),
            ("roster", .string("\(try replica.roster().digest)")),
            ("changes", .count(try replica.statistics().changes)),
        ]).print()
    }
}
