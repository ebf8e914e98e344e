import ArgumentParser
import Foundation
import Gemba
import GembaCommands

/// `import`: takes over what other systems know.
struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Take over tickets from other systems.",
        subcommands: [ImportServiceNowCommand.self])
}

/// `import servicenow-csv`
struct ImportServiceNowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "servicenow-csv", abstract: "Take over incidents from a CSV export of ServiceNow's event log.",
        discussion: """
            EXAMPLES
              gemba import servicenow-csv incidents.csv --dry-run
              gunzip -c incidents.csv.gz | gemba import servicenow-csv -

            Importing a file again adds nothing; a longer export adds what is new. Tickets keep the numbers that they \
            have there.
            """)

    @OptionGroup var data: DataOptions
    @OptionGroup var actor: ActorOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The file; - reads standard input.", completion: .file(extensions: ["csv"])) var file: String
    @Flag(help: "Say what would be written, and write nothing.") var dryRun = false
    @Option(name: .customLong("because"), help: "Why it is imported.") var reason = ""
    @Flag(help: "List everything that was not understood, however much.") var allRemarks = false

    /// Remarks that are listed without being asked for.
    private static let shownRemarks = 10

    func run() throws {
        let replica = try Station.tickets(data).replica
        let table: CSVTable
        do {
            table = try CSVTable(contentsOf: URL(fileURLWithPath: file == "-" ? "/dev/stdin" : file))
        } catch {
            throw CommandFailure(.usage, "\(file): \(error)")
        }
        let plan = try ServiceNowImport.plan(table)
        Terminal.say("\(plan.events) records of \(plan.tickets.count) incidents read.")
        var shown = -1
        let report = try TicketImport(into: replica).run(
            plan, by: actor.actor, because: reason, isRehearsal: dryRun
        ) { done, total in
            let tenth = done * 10 / max(total, 1)
            if tenth > shown, total > 1000 {
                shown = tenth
                Terminal.say("\(done) of \(total) tickets …")
            }
        }
        show(report)
        if !dryRun { Terminal.say("Saved here. \(try Delivery.sentence(of: replica))") }
    }

    private func show(_ report: ImportReport) {
        if output.json {
            JSONValue.object([
                ("version", .integer(1)), ("dryRun", .bool(report.isRehearsal)), ("created", .count(report.created)),
                ("matched", .count(report.matched)), ("changed", .count(report.changed)), ("acts", .count(report.acts)),
                ("records", .count(report.events)), ("remarks", .texts(report.remarks.map(\.description))),
            ]).print()
            return
        }
        print(report.summary)
        let remarks = allRemarks ? report.remarks[...] : report.remarks.prefix(Self.shownRemarks)
        for remark in remarks { Terminal.say("  \(remark)") }
        if remarks.count < report.remarks.count {
            Terminal.say("  … and \(report.remarks.count - remarks.count) more; --all-remarks lists them.")
        }
    }
}
