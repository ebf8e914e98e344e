public import ArgumentParser
import GembaCausality
import GembaStore
import GembaTrust
import GembaWire

/// `member`: who belongs to the plant.
public struct MemberCommand<Owner: Program>: ParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "member", abstract: "The members of the plant.",
            subcommands: [
                MemberListCommand<Owner>.self, MemberLapseCommand<Owner>.self, MemberRevokeCommand<Owner>.self,
                MemberRetireCommand<Owner>.self, MemberReinstateCommand<Owner>.self,
            ],
            defaultSubcommand: MemberListCommand<Owner>.self)
    }

    /// Creates a command to be parsed.
    public init() {}
}

/// `member list`: the members with their roles, states and endpoints.
public struct MemberListCommand<Owner: Program>: ParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "list", abstract: "List the members of the plant.",
            discussion: """
                EXAMPLES
                  \(Owner.name) member list
                  \(Owner.name) member list --json | jq '.[] | select(.state == "lapsed")'

                The last word of a member is the newest signed entry of it that has come here: its work, or that it says \
                once a day that it holds what the others have. Nobody waits for a lapsed member; see \
                `\(Owner.name) member lapse --help`.
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
        let members = (roster.members.values + roster.formerMembers.values.map(\.member)).sorted { $0.rank < $1.rank }
        let setAside = try replica.voidCounts()
        guard !output.json else {
            JSONValue.array(try members.map { try json($0, roster, replica, setAside: setAside[$0.station] ?? 0) })
                .print()
            return
        }
        let now = replica.wallClock
        var table = TextTable("NAME", "ROLE", "STATE", "LAST WORD", "INVITED BY", "ENDPOINTS", "KEY")
        for member in members {
            let own = member.station == replica.identity.stationKey ? " (this one)" : ""
            table.add(
                member.displayName + own, member.role.name, roster.stateName(of: member),
                try replica.lastWord(of: member.station).map { PointInTime.ago($0, now: now) } ?? "never",
                member.inviter.map(roster.name) ?? "-",
                member.endpoints.isEmpty ? "-" : member.endpoints.joined(separator: " "),
                String(member.station.description.prefix(16)))
        }
        table.print()
    }

    private func json(
        _ member: RosterMember, _ roster: Roster, _ replica: Replica, setAside: Int
    ) throws -> JSONValue {
        let lapse = member.lapse.map {
            declaration(at: $0.declared, by: $0.actor, through: $0.author, because: $0.reason, roster)
        }
        let removal = roster.formerMembers[member.station].map {
            declaration(at: $0.declared, by: $0.actor, through: $0.author, because: $0.reason, roster)
        }
        return .object([
            ("name", .string(member.displayName)),
            ("station", .string("\(member.station)")),
            ("role", .string(member.role.name)),
            ("state", .string(roster.stateName(of: member))),
            ("lapse", lapse ?? .null),
            ("removal", removal ?? .null),
            ("setAside", .count(setAside)),
            ("lastWord", .text(try replica.lastWord(of: member.station).map(PointInTime.iso))),
            ("transportKey", .string("\(member.transport)")),
            ("invitedBy", .text(member.inviter.map(roster.name))),
            ("enrolled", .text(member.enrolled.map { PointInTime.iso($0.milliseconds) })),
            ("endpoints", .texts(member.endpoints)),
            ("this", .bool(member.station == replica.identity.stationKey)),
        ])
    }
}

/// Who declared something about a member, when and why.
private func declaration(
    at time: HybridTimestamp, by actor: String, through station: StationKey, because reason: String, _ roster: Roster
) -> JSONValue {
    .object([
        ("declared", .string(PointInTime.iso(time.milliseconds))), ("by", .string(actor)),
        ("station", .string(roster.name(of: station))), ("reason", .string(reason)),
    ])
}

extension Roster {
    /// What a member or former member is, in a word.
    fileprivate func stateName(of member: RosterMember) -> String {
        switch formerMembers[member.station]?.kind {
        case .revoked: "revoked"
        case .retired: "retired"
        case nil: member.isActive ? "active" : "lapsed"
        }
    }
}
