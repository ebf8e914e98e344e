public import ArgumentParser
import GembaStore

/// `verify`: checks the replica against itself.
public struct VerifyCommand<Owner: Program>: ParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "verify", abstract: "Check every hash, signature and row, and name the first fault.",
            discussion: """
                EXAMPLE
                  \(Owner.name) verify && echo sound
                  \(Owner.name) verify --rebuild

                Hash chains and signatures are recomputed, and the tables are made anew from the log and compared. Nothing \
                is changed, unless rows are to be rebuilt. A fault ends with status 1.
                """)
    }

    @Flag(help: "Replace rows that are not what the logs make of them.")
    var rebuild = false

    @OptionGroup var data: DataOptions
    @OptionGroup var output: OutputOptions

    /// Creates a command to be parsed.
    public init() {}

    /// Checks everything.
    public func run() throws {
        let replica = try Owner.open(data)
        let result = try rebuild ? replica.rebuild() : replica.verify()
        if output.json {
            JSONValue.object([
                ("version", .integer(1)), ("sound", .bool(result.fault == nil)), ("entries", .count(result.entryCount)),
                ("heads", .count(result.headCount)), ("rows", .count(result.rowCount)),
                ("replaced", .count(result.replacedCount)),
                (
                    "fault",
                    result.fault.map {
                        .object([("place", .string($0.place)), ("message", .string($0.message))])
                    } ?? .null
                ),
            ]).print()
        }
        if let fault = result.fault { throw CommandFailure(.failure, "\(fault.place): \(fault.message)") }
        if !output.json {
            print("Sound: \(result.entryCount) entries, \(result.headCount) signed heads, \(result.rowCount) rows.")
            if result.replacedCount > 0 { print("\(result.replacedCount) rows were replaced.") }
        }
    }
}
