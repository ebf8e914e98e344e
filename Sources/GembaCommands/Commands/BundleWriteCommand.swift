public import ArgumentParser
import Foundation
import GembaStore
import GembaWire

/// `bundle write`: writes changes into a file.
public struct BundleWriteCommand<Owner: Program>: ParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "write", abstract: "Write what is held here into a file that another machine reads.",
            discussion: """
                EXAMPLES
                  \(Owner.name) bundle write all.bundle
                  \(Owner.name) bundle write news.bundle --since last.bundle
                  \(Owner.name) bundle write news.bundle --since L3

                Without --since, everything is written. With it, only what its reader is said to lack: what followed an \
                earlier bundle, which may come from the other side, or what a member has not acknowledged by anything it \
                wrote. In a plant that seals its changes, who finds the file reads who is a member, and who wrote how \
                much and when, but no row; in one that was founded with --open, everything.
                """)
    }

    @Argument(help: "The file to write.", completion: .file()) var file: String
    @Option(
        help: ArgumentHelp(
            "What the reader holds: an earlier bundle, a member's name, or what a bundle ended with as --json shows it.",
            valueName: "bundle|member|vector"))
    var since: String?
    @Flag(help: "Replace the file if it is there already.") var force = false
    @OptionGroup var data: DataOptions
    @OptionGroup var output: OutputOptions

    /// Creates a command to be parsed.
    public init() {}

    /// Writes the file; works with and without a daemon.
    public func run() throws {
        let replica = try Owner.open(data)
        let known = try since.map { try BundleBase.resolve($0, for: replica) } ?? []
        let progress = ProgressLine(isShown: !output.json)
        let summary = try replica.writeBundle(to: file, since: known, replacing: force) { entries in
            progress.show("\(entries) entries written")
        }
        progress.end()
        if output.json { json(summary).print() } else { show(summary) }
    }

    private func show(_ summary: BundleSummary) {
        print(
            "Wrote \(summary.dataEntries) entries and the roster into \(file) "
                + "(\(String(format: "%.1f", Double(summary.bytes) / 1024)) KiB)")
        if !summary.extents.base.isEmpty {
            print("Its reader has to hold what went before, in \(summary.extents.base.count) logs")
        }
        if !summary.extents.floors.isEmpty {
            print(
                Terminal.warning(
                    "Of \(summary.extents.floors.count) logs the beginning is folded here and not in it: a machine that "
                        + "lacks it has to meet one that keeps the whole log, or take a checkpoint over a link"))
        }
    }

    private func json(_ summary: BundleSummary) -> JSONValue {
        .object([
            ("version", .integer(1)), ("file", .string(file)), ("bytes", .count(summary.bytes)),
            ("entries", .count(summary.dataEntries)), ("rosterEntries", .count(summary.rosterEntries)),
            ("base", .texts(summary.extents.base.map(BundleBase.text))),
            ("end", .texts(summary.extents.end.map(BundleBase.text))),
            ("floors", .texts(summary.extents.floors.map(BundleBase.text))),
        ])
    }
}
