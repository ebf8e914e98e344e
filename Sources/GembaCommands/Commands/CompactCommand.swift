public import ArgumentParser
import Foundation
import GembaCausality
import GembaStore
import GembaTrust
import GembaWire

/// `compact`: folds old history into a checkpoint, or drops what is kept of deleted rows.
public struct CompactCommand<Owner: Program>: ParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "compact", abstract: "Keep the state of old history and forget its changes.",
            discussion: """
                EXAMPLES
                  \(Owner.name) compact --dry-run
                  \(Owner.name) compact --older-than 90d
                  \(Owner.name) compact --drop-deleted --dry-run
                  \(Owner.name) compact --drop-deleted --older-than 365d --because "yearly"

                Only what every station has acknowledged is folded, and nothing that is still to be settled. Tables stay as \
                they are, and so do the author, time and reason of what they show; `history` and looks back need a station \
                or relay that keeps the whole log. What is folded here is not fetched again from others. Where much room \
                becomes free, the database file is made smaller; whoever writes waits for about a second for every 100 MB.

                With --drop-deleted nothing is folded: what is kept of deleted rows is dropped, at every station and for \
                good, save some 50 bytes a row. Only an administrator's station does that, and only where every member has \
                acknowledged the deletion; `\(Owner.name) member lapse` ends the waiting for one that is away. A row that \
                somebody restores at the same moment elsewhere comes back as a conflict, without what it held.
                """)
    }

    @Flag(help: "Drop what is kept of deleted rows instead, at every station.")
    var dropDeleted = false

    @Option(help: "Why rows are dropped, for those who read it later.")
    var because = ""

    @Option(help: "Fold only what is older, or drop only what was deleted longer ago, such as 90d.")
    var olderThan = TimeSpan(seconds: 90 * 86_400)

    @Option(help: "Do not wait for a station that is away; when it returns, it takes a checkpoint. May be repeated.")
    var without: [String] = []

    @Flag(help: "Show what would be done, and why not more.")
    var dryRun = false

    @OptionGroup var actor: ActorOptions

    @OptionGroup var data: DataOptions
    @OptionGroup var output: OutputOptions

    /// Creates a command to be parsed.
    public init() {}

    /// Refuses options that belong to the other of the two things that it does.
    public func validate() throws {
        if dropDeleted, !without.isEmpty {
            throw ValidationError(
                "--without is for folding. Dropping waits for every member but those that `member lapse` names.")
        }
        if !dropDeleted, !because.isEmpty { throw ValidationError("--because goes with --drop-deleted.") }
    }

    /// Folds or drops, or shows what that would do.
    public func run() throws {
        if dropDeleted { return try drop() }
        let replica = try Owner.open(data)
        let roster = try replica.roster()
        let absent = try Set(without.map { try roster.member(named: $0).station })
        let age = olderThan.seconds * 1000
        let plan: FoldPlan
        var reclaimed: UInt64?
        if dryRun {
            plan = try replica.foldPlan(olderThan: age, without: absent)
        } else {
            let progress = ProgressLine(isShown: !output.json)
            plan = try replica.fold(olderThan: age, without: absent) { progress.show("\($0) rows written") }
            progress.end()
            reclaimed = try replica.reclaimSpace()
        }
        if output.json { json(plan, reclaimed, roster).print() } else { show(plan, reclaimed, roster) }
        guard dryRun, !output.json, roster.members[replica.identity.stationKey]?.may(.dropRows) ?? false else { return }
        let deleted = try replica.dropPlan(olderThan: age)
        if deleted.rows > 0 {
            print(
                "\(deleted.rows) deleted rows could be dropped besides, some \(Self.mebibytes(deleted.bytes)): "
                    + "\(Owner.name) compact --drop-deleted")
        }
    }

    private func drop() throws {
        let replica = try Owner.open(data)
        let roster = try replica.roster()
        let age = olderThan.seconds * 1000
        let plan: DropPlan
        var reclaimed: UInt64?
        if dryRun {
            plan = try replica.dropPlan(olderThan: age)
        } else {
            plan = try replica.dropDeletedRows(olderThan: age, by: actor.actor, because: because)
            reclaimed = try replica.reclaimSpace()
        }
        let obstacles = plan.obstacles.map { Self.sentence($0, roster) }
        guard !output.json else {
            JSONValue.object([
                ("version", .integer(1)), ("dryRun", .bool(dryRun)), ("rows", .count(plan.rows)),
                ("bytes", .count(plan.bytes)), ("deleted", .count(plan.deletedRows)),
                ("droppedBefore", .count(plan.droppedRows)), ("reclaimedBytes", .count(reclaimed ?? 0)),
                ("obstacles", .texts(obstacles)),
            ]).print()
            return
        }
        let amount = "\(plan.rows) of \(plan.deletedRows) deleted rows (some \(Self.mebibytes(plan.bytes)))"
        print(
            dryRun
                ? "Would drop \(amount), at every station"
                : "Dropped \(amount); other stations follow as they hear of it")
        if plan.droppedRows > 0 { print("\(plan.droppedRows) were dropped before") }
        if let reclaimed, reclaimed > 0 { print("The database file is \(Self.mebibytes(reclaimed)) smaller") }
        for obstacle in obstacles { print("Not more: \(obstacle)") }
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

    private static func sentence(_ obstacle: DropPlan.Obstacle, _ roster: Roster) -> String {
        switch obstacle {
        case .unacknowledged(let station, let rows, let lastWrite):
            return waiting(for: station, to: "the deletion of \(rows) rows", lastWrite, roster)
        case .recent(let rows): return "\(rows) rows were deleted later"
        }
    }

    private static func waiting(
        for station: StationKey, to acknowledge: String, _ lastWrite: UInt64?, _ roster: Roster
    ) -> String {
        let name = roster.members[station]?.displayName ?? "a member"
        let last = lastWrite.map { "its last word is of \(PointInTime.iso($0))" } ?? "it has never said anything"
        return "\(name) has not acknowledged \(acknowledge); \(last)"
    }

    private static func sentence(_ obstacle: FoldPlan.Obstacle, _ roster: Roster) -> String {
        switch obstacle {
        case .unacknowledged(let station, let entries, let lastWrite):
            return waiting(for: station, to: "\(entries) changes", lastWrite, roster)
        case .recent(let entries): return "\(entries) changes are younger"
        case .unsettled(let logs):
            return "\(logs) logs have a change that is not settled, not understood or without effect"
        case .forked(let logs): return "\(logs) logs are forked; see `gemba doctor`"
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
