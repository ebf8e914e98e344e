public import ArgumentParser
import Foundation
import GembaCausality
import GembaStore
import GembaTrust
import GembaWire

/// `compact`: folds old history into a checkpoint.
public struct CompactCommand<Owner: Program>: ParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "compact", abstract: "Keep the state of old history and forget its changes.",
            discussion: """
                EXAMPLES
                  \(Owner.name) compact --dry-run
                  \(Owner.name) compact --older-than 90d

                Only what every station has acknowledged is folded, and nothing that is still to be settled. Tables stay as \
                they are, and so do the author, time and reason of what they show; `history` and looks back need a station \
                or relay that keeps the whole log. Where much room becomes free, the database file is made smaller; whoever \
                writes waits for about a second for every 100 MB.
                """)
    }

    @Option(help: "Fold only what is older, such as 90d.")
    var olderThan = TimeSpan(seconds: 90 * 86_400)

    @Option(help: "Do not wait for a station that is away; when it returns, it takes a checkpoint. May be repeated.")
    var without: [String] = []

    @Flag(help: "Show what would be folded, and why not more.")
    var dryRun = false

    @OptionGroup var data: DataOptions
    @OptionGroup var output: OutputOptions

    /// Creates a command to be parsed.
    public init() {}

    /// Folds, or shows what folding would do.
    public func run() throws {
        let replica = try Owner.open(data)
        let roster = try replica.roster()
        let absent = try Set(without.map { try Self.station($0, in: roster) })
        let age = olderThan.seconds * 1000
        let plan: FoldPlan
        var reclaimed: UInt64?
        if dryRun {
            plan = try replica.foldPlan(olderThan: age, without: absent)
        } else {
            let showsProgress = !output.json && isatty(STDERR_FILENO) == 1
            plan = try replica.fold(olderThan: age, without: absent) { rows in
                if showsProgress { FileHandle.standardError.write(Data("\r\(rows) rows written".utf8)) }
            }
            if showsProgress { FileHandle.standardError.write(Data("\n".utf8)) }
            reclaimed = try replica.reclaimSpace()
        }
        if output.json { json(plan, reclaimed, roster).print() } else { show(plan, reclaimed, roster) }
    }

    private static func station(_ name: String, in roster: Roster) throws -> StationKey {
        guard let member = roster.members.values.first(where: { $0.name == name || $0.displayName == name }) else {
            throw CommandFailure(.notFound, "There is no member \(name).")
        }
        return member.station
    }

    private func show(_ plan: FoldPlan, _ reclaimed: UInt64?, _ roster: Roster) {
        let amount = "\(plan.entries) of \(plan.heldEntries) changes (\(Self.mebibytes(plan.bytes)))"
        print(dryRun ? "Would fold \(amount)" : "Folded \(amount)")
        if plan.foldedEntries > 0 { print("\(plan.foldedEntries) were folded before") }
        if let reclaimed, reclaimed > 0 { print("The database file is \(Self.mebibytes(reclaimed)) smaller") }
        for obstacle in plan.obstacles { print("Not more: \(Self.sentence(obstacle, roster))") }
    }

    private static func mebibytes(_ bytes: UInt64) -> String {
        String(format: "%.1f MiB", Double(bytes) / 1_048_576)
    }

    private static func sentence(_ obstacle: FoldPlan.Obstacle, _ roster: Roster) -> String {
        switch obstacle {
        case .unacknowledged(let station, let entries, let lastWrite):
            let name = roster.members[station]?.displayName ?? "a member"
            let last = lastWrite.map { "its last word is of \(PointInTime.iso($0))" } ?? "it has never said anything"
            return "\(name) has not acknowledged \(entries) changes; \(last)"
        case .recent(let entries): return "\(entries) changes are younger"
        case .unsettled(let logs):
            return "\(logs) logs have a change that is not settled, not understood or without effect"
        }
    }

    private func json(_ plan: FoldPlan, _ reclaimed: UInt64?, _ roster: Roster) -> JSONValue {
        .object([
            ("version", .integer(1)), ("dryRun", .bool(dryRun)), ("entries", .count(plan.entries)),
            ("bytes", .count(plan.bytes)), ("held", .count(plan.heldEntries)),
            ("foldedBefore", .count(plan.foldedEntries)), ("reclaimedBytes", .count(reclaimed ?? 0)),
            ("obstacles", .texts(plan.obstacles.map { Self.sentence($0, roster) })),
        ])
    }
}
