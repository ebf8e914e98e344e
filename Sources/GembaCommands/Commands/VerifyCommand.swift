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
                  \(Owner.name) verify --mend

                Every page of the file is compared with its checksum. Hash chains and signatures are recomputed, and the \
                tables are made anew from the log and compared. A page with one wrong byte is put right; nothing else is \
                changed, unless that is asked for. A fault ends with status 1.
                """)
    }

    @Flag(help: "Replace rows that are not what the logs make of them.")
    var rebuild = false
    @Flag(help: "If pages are damaged, make the replica anew from what is left; peers send what is missing.")
    var mend = false

    @OptionGroup var data: DataOptions
    @OptionGroup var output: OutputOptions

    /// Creates a command to be parsed.
    public init() {}

    /// Checks everything.
    public func run() throws {
        let (replica, mending) = try openReplica()
        let scrub = try replica.scrub()
        guard scrub.lostCount == 0 else {
            throw CommandFailure(
                .failure,
                """
                \(scrub.lostCount) pages of the file are damaged. \
                Let `\(Owner.name) run` mend it, or stop that and run `\(Owner.name) verify --mend`.
                """)
        }
        let result = try rebuild ? replica.rebuild() : replica.verify()
        if output.json {
            JSONValue.object([
                ("version", .integer(1)), ("sound", .bool(result.fault == nil)), ("entries", .count(result.entryCount)),
                ("heads", .count(result.headCount)), ("rows", .count(result.rowCount)),
                ("replaced", .count(result.replacedCount)), ("pages", .count(scrub.pageCount)),
                ("mended", .count(scrub.mendedCount)), ("renewed", .bool(mending != nil)),
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
            if scrub.mendedCount > 0 { print("\(scrub.mendedCount) damaged pages were put right; check the disk.") }
            if let mending { print(mending.sentence(Owner.name)) }
        }
    }

    /// Opens the replica, mended if that is necessary and wanted.
    private func openReplica() throws -> (Replica, MendReport?) {
        guard mend else { return (try Owner.open(data), nil) }
        let folder = try data.folder()
        if DaemonLock.holder(of: folder) != nil {
            throw CommandFailure(.failure, "`\(Owner.name) run` runs here, and mends what is damaged itself.")
        }
        let (replica, report) = try Owner.openMended(data)
        if report == nil, try replica.scrub().lostCount > 0 || replica.isDamaged {
            return (replica, try replica.mend())
        }
        return (replica, report)
    }
}
