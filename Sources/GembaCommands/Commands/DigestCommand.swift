public import ArgumentParser
import GembaStore
import GembaTrust
import GembaWire

/// `digest`: one hash over all that is replicated.
public struct DigestCommand<Owner: Program>: ParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "digest", abstract: "Print one hash over all replicated rows: equal where machines agree.",
            discussion: """
                EXAMPLES
                  \(Owner.name) digest
                  \(Owner.name) digest --logs

                Two machines that hold the same changes print the same hash. A relay reads none of what a plant seals, so it \
                is compared by the logs that it holds.
                """)
    }

    @OptionGroup var data: DataOptions
    @OptionGroup var output: OutputOptions
    @Flag(help: "Hash the changes that are held, and not the rows that they make.") var logs = false

    /// Creates a command to be parsed.
    public init() {}

    /// Computes and prints the hash.
    public func run() throws {
        let replica = try Owner.open(data)
        let isBlind = try replica.isBlind() && !replica.roster().epochs.isEmpty
        guard logs || output.json || !isBlind else {
            throw CommandFailure(
                .refused,
                "This relay cannot read what the plant seals, so it has no rows to hash. Compare logs: "
                    + "\(Owner.name) digest --logs")
        }
        guard output.json else {
            print(try logs ? held(replica) : rows(replica))
            return
        }
        JSONValue.object([
            ("version", .integer(1)), ("digest", isBlind ? .null : .string(try rows(replica))),
            ("logs", .string(try held(replica))),
            ("roster", .string("\(try replica.roster().digest)")),
            ("changes", .count(try replica.statistics().changes)),
        ]).print()
    }

    private func rows(_ replica: Replica) throws -> String { "\(try replica.digest())" }

    private func held(_ replica: Replica) throws -> String { "\(VectorDigest.root(try replica.vector(of: .data)))" }
}
