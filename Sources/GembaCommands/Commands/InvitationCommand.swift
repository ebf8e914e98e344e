public import ArgumentParser
import GembaCausality
import GembaStore
import GembaTrust
import GembaWire

/// `invitation`: what became of invitations.
public struct InvitationCommand<Owner: Program>: ParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "invitation", abstract: "What became of invitations: list, close, admit.",
            subcommands: [
                InvitationListCommand<Owner>.self, InvitationCloseCommand<Owner>.self, AdmitCommand<Owner>.self,
            ],
            defaultSubcommand: InvitationListCommand<Owner>.self)
    }

    /// Creates a command to be parsed.
    public init() {}
}

/// `invitation list`
public struct InvitationListCommand<Owner: Program>: ParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "list", abstract: "List invitations and who joined with them.")
    }

    @OptionGroup var data: DataOptions
    @OptionGroup var output: OutputOptions

    /// Creates a command to be parsed.
    public init() {}

    /// Prints the invitations, the latest first.
    public func run() throws {
        let replica = try Owner.open(data)
        let roster = try replica.roster()
        let invitations = roster.invitations.sorted { $0.issued > $1.issued }
        guard !output.json else {
            JSONValue.array(invitations.map { json($0, roster) }).print()
            return
        }
        guard !invitations.isEmpty else {
            Terminal.say("Nobody was invited yet.")
            return
        }
        var table = TextTable("INVITATION", "ROLE", "NAME", "BY", "ISSUED", "STATE")
        for invitation in invitations {
            table.add(
                String(invitation.key.description.prefix(12)), invitation.role.name,
                invitation.name.isEmpty ? "-" : invitation.name, roster.name(of: invitation.inviter),
                PointInTime.ago(invitation.issued.milliseconds, now: replica.wallClock), state(of: invitation, roster))
        }
        table.print()
    }

    private func state(of invitation: Invitation, _ roster: Roster) -> String {
        switch invitation.state {
        case .open: invitation.isClosed ? "closed" : "open"
        case .used(let station): "used by \(roster.name(of: station))\(words(of: station, invitation))"
        case .contested: "CONTESTED by \(invitation.applicants.map(label).joined(separator: ", "))"
        case .closed: "closed"
        }
    }

    private func label(_ applicant: Invitation.Applicant) -> String {
        "\(applicant.name) (\(applicant.station.description.prefix(12)), words \(applicant.words))"
    }

    /// The words of the station that an invitation made a member.
    private func words(of station: StationKey, _ invitation: Invitation) -> String {
        invitation.applicants.first { $0.station == station }.map { ", words \($0.words)" } ?? ""
    }

    private func json(_ invitation: Invitation, _ roster: Roster) -> JSONValue {
        let name: String
        var member: String?
        switch invitation.state {
        case .open: name = invitation.isClosed ? "closed" : "open"
        case .used(let station): (name, member) = ("used", roster.name(of: station))
        case .contested: name = "contested"
        case .closed: name = "closed"
        }
        return .object([
            ("invitation", .string("\(invitation.key)")),
            ("role", .string(invitation.role.name)),
            ("name", .string(invitation.name)),
            ("by", .string(roster.name(of: invitation.inviter))),
            ("issued", .string(PointInTime.iso(invitation.issued.milliseconds))),
            ("validForSeconds", .count(invitation.validForSeconds)),
            ("state", .string(name)),
            ("closed", .bool(invitation.isClosed)),
            ("usedBy", .text(member)),
            (
                "applicants",
                .array(
                    invitation.applicants.map {
                        .object([
                            ("name", .string($0.name)), ("station", .string("\($0.station)")),
                            ("words", .string("\($0.words)")),
                        ])
                    })
            ),
        ])
    }
}

/// `invitation close`
public struct InvitationCloseCommand<Owner: Program>: ParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "close", abstract: "Close an invitation, so that nobody joins with it any more.")
    }

    @OptionGroup var data: DataOptions
    @OptionGroup var actor: ActorOptions
    @Argument(help: "The invitation, as `invitation list` names it, or the beginning of that.") var invitation: String

    /// Creates a command to be parsed.
    public init() {}

    /// Writes the act.
    public func run() throws {
        let replica = try Owner.open(data)
        let keys = try replica.roster().invitations.map(\.key)
        let key = try Prefix.find(invitation, in: keys, noun: "invitation")
        try replica.closeInvitation(key, by: actor.actor)
        print("Invitation \(key.description.prefix(12)) is closed.")
    }
}

/// `invitation admit`
public struct AdmitCommand<Owner: Program>: ParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "admit",
            abstract: "Say which of several machines that joined with one invitation is meant; the others are out.",
            discussion: """
                Compare the words with those that `join` printed on the machine that is meant. Where they differ, somebody \
                else has the invitation.
                """)
    }

    @OptionGroup var data: DataOptions
    @OptionGroup var actor: ActorOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The machine's key, as `invitation list` names it, or the beginning of that.") var station: String

    /// Creates a command to be parsed.
    public init() {}

    /// Writes the act.
    public func run() throws {
        let replica = try Owner.open(data)
        let applicants = try replica.roster().invitations.flatMap(\.applicants)
        let key = try Prefix.find(station, in: Set(applicants.map(\.station)), noun: "applicant")
        guard let applicant = applicants.first(where: { $0.station == key }) else { return }
        try replica.admit(applicant.rosterReplica, by: actor.actor)
        guard !output.json else {
            JSONValue.object([
                ("version", .integer(1)), ("name", .string(applicant.name)), ("station", .string("\(key)")),
                ("words", .string("\(applicant.words)")),
            ]).print()
            return
        }
        print("\(applicant.name) (\(key.description.prefix(12))) is admitted. Its words are \(applicant.words).")
    }
}

/// Finds things by the beginning of their hexadecimal names.
enum Prefix {
    static func find<Name: FixedBytes>(
        _ text: String, in names: some Sequence<Name>, noun: String
    ) throws(CommandFailure) -> Name {
        let found = names.filter { $0.description.hasPrefix(text.lowercased()) }
        guard let first = found.first, !text.isEmpty else {
            throw CommandFailure(.notFound, "There is no \(noun) \(text) here.")
        }
        guard found.count == 1 else {
            throw CommandFailure(.notFound, "\(found.count) \(noun)s begin with \(text); give more of it.")
        }
        return first
    }
}
