public import ArgumentParser
import GembaCausality
import GembaNode
import GembaStore
import GembaTrust
import GembaWire
import Logging

/// `diff`: whether another machine has the same rows.
public struct DiffCommand<Owner: Program>: AsyncParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "diff",
            abstract: "Find out whether another machine has the same rows, and name those that differ.",
            discussion: """
                EXAMPLES
                  \(Owner.name) diff L3
                  \(Owner.name) diff tcp://10.0.0.7:7700 --json

                Asks a running `\(Owner.name) run` at the other machine, after what is missing on either side was exchanged. \
                Machines that hold the same changes must have the same rows. A row that differs is made anew from the log, \
                here and there.

                EXIT STATUS
                  0 the rows are equal, perhaps because rows were made anew · 6 could not be compared · 7 rows differ although \
                both machines made them anew
                """)
    }

    @Argument(help: ArgumentHelp("A member, or where it listens.", valueName: "name|tcp://host:port"))
    var peer: String
    @Option(help: "How long to try.") var timeout = TimeSpan(seconds: 60)

    @OptionGroup var data: DataOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var log: LogOptions

    /// Creates a command to be parsed.
    public init() {}

    /// Compares, and prints what came of it.
    public func run() async throws {
        let replica = try Owner.open(data)
        ProcessHardening.apply()
        let target = try ComparisonTarget(peer, in: replica)
        var logger = log.makeLogger("\(Owner.name).diff")
        if log.logLevel == .info { logger.logLevel = .error }
        let result = try await target.compare(replica, timeout: timeout.duration, logger: logger)
        let name = try result.station.map { try replica.roster().name(of: $0) } ?? peer
        if output.json {
            json(result, name: name, replica).print()
        } else {
            show(result, name: name, replica)
        }
        switch result.verdict {
        case .equal: return
        case .different:
            throw CommandFailure(.different, "\(name) makes other rows of the same changes than this machine.")
        case .unknown: throw CommandFailure(.unreachable, Self.obstacle(result, name: name, timeout))
        }
    }

    private static func obstacle(_ result: ComparisonResult, name: String, _ timeout: TimeSpan) -> String {
        guard result.station != nil else {
            return
                "\(name) could not be reached within \(timeout). Is `\(Owner.name) run` running there, and does it listen?"
        }
        return """
            \(name) did not come to hold the same as this machine within \(timeout), or does not compare rows. \
            Try again when less is written.
            """
    }

    // MARK: - Output

    private func show(_ result: ComparisonResult, name: String, _ replica: Replica) {
        if result.verdict == .equal { print("All rows are equal here and at \(name).") }
        for row in result.rows {
            let place = place(of: row, replica)
            print("\(place.table) \(place.name): \(row.outcome.sentence(name))\(place.columns)")
            guard row.outcome == .unexplained else { continue }
            print("    here:  \(Self.notation(row.ours))")
            print("    there: \(Self.notation(row.theirs))")
            print("    `\(Owner.name) history \(place.table) \(row.row)` shows what was written to it.")
        }
        if result.count > result.rows.count { print("and \(result.count - result.rows.count) more") }
    }

    private func json(_ result: ComparisonResult, name: String, _ replica: Replica) -> JSONValue {
        .object([
            ("version", .integer(1)), ("peer", .string(name)), ("verdict", .string(result.verdict.rawValue)),
            ("differed", .count(result.count)),
            (
                "rows",
                .array(
                    result.rows.map { row in
                        let place = place(of: row, replica)
                        return .object([
                            ("table", .string(place.table)), ("row", .string(row.row)), ("name", .string(place.name)),
                            ("groups", .array(row.groups.map { .count($0) })),
                            ("outcome", .string(row.outcome.rawValue)),
                            ("here", .text(row.ours.map(Self.notation))),
                            ("there", .text(row.theirs.map(Self.notation))),
                        ])
                    })
            ),
        ])
    }

    /// What people call a row.
    private func place(
        of row: AgreementRecord.Row, _ replica: Replica
    ) -> (table: String, name: String, columns: String) {
        guard let table = replica.schema.tables.first(where: { $0.id.rawValue == row.table }) else {
            return ("table \(row.table)", row.row, "")
        }
        let name = RowID(hexadecimal: row.row).flatMap { Owner.name(of: $0, in: table.name, of: replica) } ?? row.row
        let columns = table.groups.filter { row.groups.contains($0.id.rawValue) }.flatMap(\.columns).map(\.name)
        return (table.name, name, columns.isEmpty ? "" : " (\(columns.joined(separator: ", ")))")
    }

    /// A state in diagnostic notation.
    private static func notation(_ state: String?) -> String {
        guard let bytes = state.flatMap({ Hexadecimal.decode($0) }), !bytes.isEmpty else { return "no such row" }
        return Diagnostic.notation(of: bytes)
    }
}

extension AgreementRecord.Outcome {
    /// What came of a row, for people.
    func sentence(_ peer: String) -> String {
        switch self {
        case .repairedHere: "was not what the log makes of it here, and was made anew"
        case .repairedThere: "was not what the log makes of it at \(peer), and was made anew there"
        case .unexplained: "differs although both made it anew: one of the programs is wrong"
        }
    }
}
