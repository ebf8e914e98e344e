public import ArgumentParser
import Foundation
import GembaCausality
import GembaStore
import GembaTrust
import GembaWire

/// `fork`: names under which stations wrote several histories.
public struct ForkCommand<Owner: Program>: ParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "fork",
            abstract: "Show which logs have several histories, and prove it to others.",
            discussion: """
                EXAMPLES
                  \(Owner.name) fork list
                  \(Owner.name) fork prove 802846c7 fork.proof
                  \(Owner.name) fork check fork.proof

                A disk that is put back or cloned makes a fork, and so does a station that means harm. Nothing is lost: all \
                histories count, and the station goes on under a new name.
                """,
            subcommands: [ForkListCommand<Owner>.self, ForkProveCommand<Owner>.self, ForkCheckCommand<Owner>.self],
            defaultSubcommand: ForkListCommand<Owner>.self)
    }

    /// Creates a command to be parsed.
    public init() {}
}

/// `fork list`: the forked logs, and what their histories are called.
public struct ForkListCommand<Owner: Program>: ParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "list", abstract: "List the histories of each log that has several.",
            discussion: """
                EXAMPLES
                  \(Owner.name) fork list
                  \(Owner.name) fork list --json
                """)
    }

    @OptionGroup var data: DataOptions
    @OptionGroup var output: OutputOptions

    /// Creates a command to be parsed.
    public init() {}

    /// Lists them.
    public func run() throws {
        let replica = try Owner.open(data)
        let (logs, roster) = (ForkedLog.all(in: try replica.branches()), try replica.roster())
        guard !output.json else { return JSONValue.array(logs.map { $0.json(roster) }).print() }
        if logs.isEmpty { print("No log was seen to have two histories.") }
        for log in logs {
            print(log.sentence(roster))
            for branch in log.branches {
                print("  \(branch.name)  changes \(branch.first) to \(branch.last)\(branch.isClosed ? ", common" : "")")
            }
        }
    }
}

/// `fork prove`: writes the proof that a station signed two histories.
public struct ForkProveCommand<Owner: Program>: ParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "prove", abstract: "Write the proof that a station signed two histories into a file.",
            discussion: """
                EXAMPLES
                  \(Owner.name) fork prove 802846c7 fork.proof

                The proof holds no content of any change. Whoever knows the station's key can check it, with or without the \
                log.
                """)
    }

    @Argument(help: "One of the two histories, as `fork list` names it, or the beginning of its name.")
    var history: String
    @Argument(help: "The file to write.", completion: .file()) var file: String
    @Flag(help: "Replace the file if it is there already.") var force = false
    @OptionGroup var data: DataOptions

    /// Creates a command to be parsed.
    public init() {}

    /// Writes it.
    public func run() throws {
        let replica = try Owner.open(data)
        let found = try replica.forkProofs().filter { proof in
            proof.names.contains { $0.description.hasPrefix(history.lowercased()) }
        }
        guard let proof = found.first, found.count == 1 || history.count == proof.log.description.count else {
            throw CommandFailure(
                .notFound,
                found.isEmpty
                    ? "No proof is known for a history \(history); `\(Owner.name) fork list` names them."
                    : "Several histories begin with \(history); write more of the name.")
        }
        guard force || !FileManager.default.fileExists(atPath: file) else {
            throw CommandFailure(.refused, "\(file) is there already; --force replaces it.")
        }
        try Data(proof.encoded()).write(to: URL(filePath: file), options: .atomic)
        print("Wrote the proof of two histories of \(proof.log) into \(file)")
    }
}

/// `fork check`: checks a proof that somebody shows.
public struct ForkCheckCommand<Owner: Program>: ParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "check", abstract: "Check a proof that a station signed two histories.",
            discussion: """
                EXAMPLES
                  \(Owner.name) fork check fork.proof
                  \(Owner.name) fork check fork.proof --json

                It succeeds if a present or former member of the plant signed both. Neither log has to be here.
                """)
    }

    @Argument(help: "The file with the proof.", completion: .file()) var file: String
    @OptionGroup var data: DataOptions
    @OptionGroup var output: OutputOptions

    /// Creates a command to be parsed.
    public init() {}

    /// Checks it.
    public func run() throws {
        let replica = try Owner.open(data)
        guard let content = FileManager.default.contents(atPath: file), content.count <= Limits.frameBytes else {
            throw CommandFailure(.notFound, "There is no proof in \(file).")
        }
        let proof: ForkProof
        do {
            proof = try ForkProof(decoding: Array(content))
        } catch {
            throw CommandFailure(.usage, "What is in \(file) is no proof of a fork: \(error).")
        }
        let roster = try replica.roster()
        let members = Array(roster.members.values) + roster.formerMembers.values.map(\.member)
        let author = members.first { ForkVerification.isValid(proof, by: $0.station, plant: replica.plant) }
        guard let author else {
            throw CommandFailure(.failure, "No member of this plant signed what is in \(file).")
        }
        guard !output.json else {
            return JSONValue.object([
                ("station", .text(author.displayName)), ("log", .string("\(proof.log)")),
                ("first", .count(proof.first)), ("histories", .texts(proof.names.map(\.description))),
            ]).print()
        }
        print("\(author.displayName) signed two histories of \(proof.log), from change \(proof.first) on:")
        for name in proof.names { print("  \(name)") }
    }
}
