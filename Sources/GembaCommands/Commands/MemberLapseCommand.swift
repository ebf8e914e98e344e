public import ArgumentParser
import GembaCausality
import GembaStore
import GembaTrust
import GembaWire

/// `member lapse`: stops waiting for a member that is away.
public struct MemberLapseCommand<Owner: Program>: ParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "lapse", abstract: "Stop waiting for a member that has been silent for long.",
            discussion: """
                EXAMPLES
                  \(Owner.name) member list
                  \(Owner.name) member lapse L4 --because "in a locker since May"

                While a member may come back with old work, nothing is folded or dropped that it has not acknowledged. A \
                lapsed member is not waited for. It keeps its role and its right to write; when it has caught up it returns \
                by itself, and what it wrote meanwhile is merged. Only what it did to rows that were dropped in its absence \
                is listed as a conflict instead.
                """)
    }

    @Argument(help: "The member, as `member list` names it.")
    var name: String

    @Option(help: "Why, for those who read it later.")
    var because = ""

    @Flag(help: "Do it although the member was heard of in the last \(LapseAge.days) days.")
    var force = false

    @OptionGroup var actor: ActorOptions
    @OptionGroup var data: DataOptions
    @OptionGroup var output: OutputOptions

    /// Creates a command to be parsed.
    public init() {}

    /// Declares the member lapsed, unless its last word is young.
    public func run() throws {
        let replica = try Owner.open(data)
        let member = try replica.roster().member(named: name)
        let lastWord = try replica.lastWord(of: member.station)
        let now = replica.wallClock
        if let lastWord, now < lastWord + LapseAge.milliseconds, !force, member.isActive {
            throw CommandFailure(
                .refused,
                "\(member.displayName) last signed something on \(PointInTime.local(lastWord)), "
                    + "\(PointInTime.ago(lastWord, now: now)) by its clock and this one: less than \(LapseAge.days) days. "
                    + "Find out where it is; with --force it is lapsed all the same.")
        }
        try replica.lapse(member.station, by: actor.actor, because: because)
        guard !output.json else {
            JSONValue.object([
                ("version", .integer(1)), ("name", .string(member.displayName)), ("state", .string("lapsed")),
                ("lastWord", .text(lastWord.map(PointInTime.iso))),
            ]).print()
            return
        }
        let word = lastWord.map { "Its last word is of \(PointInTime.local($0)), \(PointInTime.ago($0, now: now))." }
        print("\(member.displayName) is lapsed: nothing waits for it. \(word ?? "It has never said anything.")")
        print("It returns by itself when it is back and has caught up.")
    }
}

/// How long a member has to be silent before it is lapsed without being asked twice.
enum LapseAge {
    static let days: UInt64 = 45
    static let milliseconds = days * 86_400_000
}

extension Roster {
    /// The member that a person names, as it is shown or as it called itself.
    func member(named name: String) throws -> RosterMember {
        let found = members.values.first { $0.displayName == name } ?? members.values.first { $0.name == name }
        guard let found else {
            let known = members.values.map(\.displayName).sorted().joined(separator: ", ")
            throw CommandFailure(.notFound, "There is no member \(name); there are: \(known).")
        }
        return found
    }
}
