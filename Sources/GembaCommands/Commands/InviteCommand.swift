public import ArgumentParser
import GembaStore
import GembaTrust
import GembaWire

/// `invite`: prints a token with which one machine can join.
public struct InviteCommand<Owner: Program>: ParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "invite", abstract: "Invite a machine: print a token with which it can join, once.",
            discussion: """
                EXAMPLES
                  \(Owner.name) invite --role station --name L3
                  \(Owner.name) invite --role relay --valid 1h > relay.token

                The token is the only thing on standard output. Whoever holds it can join: hand it over in person or by a \
                channel that you trust, not by mail.
                """)
    }

    @OptionGroup var data: DataOptions
    @OptionGroup var actor: ActorOptions
    @OptionGroup var output: OutputOptions
    @Option(help: "What the machine will be: station, liaison, relay or admin.") var role: InvitedRole
    @Option(help: "The name suggested for the machine.") var name = ""
    @Option(help: "For how long the token may be used: 90s, 30m, 24h, 7d.") var valid = TimeSpan(seconds: 86_400)
    @Option(
        name: .customLong("endpoint"),
        help: ArgumentHelp(
            "Where the machine finds this station, or with #KEY another member; may be given several times.",
            valueName: "tcp://host:port"))
    var endpoints: [String] = []

    /// Creates a command to be parsed.
    public init() {}

    /// Writes the invite act and prints the token.
    public func run() throws {
        let replica = try Owner.open(data)
        let roster = try replica.roster()
        let routes = try InvitationRoutes(
            roster: roster, own: replica.identity.stationKey, ownTransport: replica.identity.transportKey,
            given: endpoints)
        let token = try replica.invite(
            as: role.role, name: name, validForSeconds: valid.seconds, routes: routes.routes, by: actor.actor)
        if output.json {
            JSONValue.object([
                ("version", .integer(1)), ("token", .string(token.printed)), ("role", .string(role.rawValue)),
                ("name", .string(name)), ("validForSeconds", .count(valid.seconds)),
                ("routes", .texts(routes.routes.map(\.endpoint))), ("invitation", .string("\(token.inviteKey)")),
            ]).print()
        } else {
            print(token.printed)
        }
        let places = routes.routes.map(\.endpoint).joined(separator: ", ")
        Terminal.say("Invitation for one \(role.rawValue), valid for \(valid); it will look for members at \(places).")
        if routes.isGuess {
            Terminal.say(
                "This station has not listened anywhere yet, so that is a guess: name the place with --endpoint, or join "
                    + "with --peer.")
        }
    }
}

/// A role as it is typed.
public enum InvitedRole: String, ExpressibleByArgument, CaseIterable, Sendable {
    case station, liaison, relay, admin

    var role: Role {
        switch self {
        case .station: .station
        case .liaison: .liaison
        case .relay: .relay
        case .admin: .admin
        }
    }
}
