public import ArgumentParser
import Foundation
import GembaStore
import GembaTrust
import GembaWire

/// `bundle read`: takes changes from a file.
public struct BundleReadCommand<Owner: Program>: ParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "read", abstract: "Take what a bundle has, as from a peer.",
            discussion: """
                EXAMPLES
                  \(Owner.name) bundle read /media/stick/monday.bundle
                  \(Owner.name) bundle read /media/stick/monday.bundle --dry-run

                Everything is verified as if a peer had sent it; what is held already is passed over, so a bundle may be \
                read again. What came before a damaged place is taken.

                EXIT STATUS
                  0 all is held now · 1 the file is damaged or was cut off · 2 it is no bundle · 3 something that it builds on \
                is missing here, and what builds on that was left out · 4 it is of another plant
                """)
    }

    @Argument(help: "The file to read.", completion: .file()) var file: String
    @Flag(help: "Show what would be new, and take nothing. Nothing is verified then.") var dryRun = false
    @OptionGroup var data: DataOptions
    @OptionGroup var output: OutputOptions

    /// Creates a command to be parsed.
    public init() {}

    /// Reads the file; works with and without a daemon.
    public func run() throws {
        let replica = try Owner.open(data)
        guard FileManager.default.isReadableFile(atPath: file) else {
            throw CommandFailure(.usage, "The file \(file) cannot be read.")
        }
        let progress = ProgressLine(isShown: !output.json)
        let report = try replica.readBundle(from: file, isRehearsal: dryRun) { progress.show("\($0) entries read") }
        progress.end()
        let roster = try replica.roster()
        if roster.members[replica.identity.stationKey] != nil { Enrolment.forgetNote(in: replica.folder) }
        if output.json { report.json(dryRun: dryRun, roster: roster).print() } else { report.show(dryRun, roster) }
        if let failure = report.failure { throw failure }
    }
}
