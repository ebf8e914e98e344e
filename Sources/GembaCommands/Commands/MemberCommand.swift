public import ArgumentParser
import GembaCausality
import GembaStore
import GembaTrust

/// `member`: who belongs to the plant.
public struct MemberCommand<Owner: Program>: ParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "member", abstract: "The members of the plant.", subcommands: [MemberListCommand<Owner>.self],
            defaultSubcommand: MemberListCommand<Owner>.self)
    }

    /// Creates a command to be parsed.
    public init() {}
}

/// `member list`: the members with their roles and endpoints.
public struct MemberListCommand<Owner: Program>: ParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "list", abstract: "List the members of the plant.",
            discussion: """
                EXAMPLE
                  \(Owner.name) member list
                """)
    }

    @OptionGroup var data: DataOptions
    @OptionGroup var output: OutputOptions

    /// Creates a command to be parsed.
    public init() {}

    /// Prints the members by rank.
    public func run() throws {
        let replica = try Owner.open(data)
        let roster = try replica.roster()
        let members = roster.members.values.sorted { $0.rank < $1.rank }
        guard !output.json else {
            JSONValue.array(members.map { json($0, roster, replica) }).print()
            return
        }
        var table = TextTable("NAME", "ROLE", "INVITED BY", "ENDPOINTS", "KEY")
        for member in members {
            let own = member.station == replica.identity.stationKey ? " (this one)" : ""
            table.add(
                member.displayName + own, member.role.name, member.inviter.map(roster.name) ?? "-",
                member.endpoints.isEmpty ? "-" : member.endpoints.joined(separator: " "),
                String(member.station.description.prefix(16)))
        }
        table.print()
    }

    private func json(_ member: RosterMember, _ roster: Roster, _ replica: Replica) -> JSONValue {
        .object([
            ("name", .string(member.displayName)),
            ("station", .string("\(member.station)")),
            ("role", .string(member.role.name)),
            ("transportKey", .string("\(member.transport)")),
            ("invitedBy", .text(member.inviter.map(roster.name))),
            ("enrolled", .text(member.enrolled.map { PointInTime.iso($0.milliseconds) })),
            ("endpoints", .texts(member.endpoints)),
            ("this", .bool(member.station == replica.identity.stationKey)),
        ])
    }
}
