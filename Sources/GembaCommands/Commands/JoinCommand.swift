public import ArgumentParser
import Foundation
import GembaNode
import GembaStore
import GembaTrust
import GembaWire
import Logging

/// `join`: enrols this machine through a running member.
public struct JoinCommand<Owner: Program>: AsyncParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "join", abstract: "Make this machine a member of a plant, with the token of an invitation.",
            discussion: """
                EXAMPLES
                  \(Owner.name) join --data /var/lib/gemba --station L3 --token-file l3.token
                  ssh it.plant7 gemba invite --role station | \(Owner.name) join --data /var/lib/gemba --station L3

                The token is read from standard input or a file, never from the command line, where others could see it. \
                If nobody can be reached, the same command goes on later where it stopped. Where no link leads at all, \
                `\(Owner.name) join --offline` makes the folder, and bundles carry the rest: one from here to a member, and one \
                back.
                """)
    }

    @OptionGroup var data: DataOptions
    @OptionGroup var actor: ActorOptions
    @OptionGroup var output: OutputOptions
    @Option(help: "The short name of this station; the one that the invitation suggests if not given.")
    var station: String?
    @Option(help: "The file that holds the token; standard input if not given.", completion: .file())
    var tokenFile: String?
    @Option(
        name: .customLong("peer"),
        help: ArgumentHelp(
            "Where to find a member, in place of what the invitation says; may be given several times.",
            valueName: "tcp://host:port"))
    var peers: [String] = []
    @Flag(help: "Lock the keys with a passphrase that you type.") var protect = false
    @Flag(help: "Look for nobody: prepare the folder, so that a bundle carries the enrolment.") var offline = false
    @Option(help: "How long to try.") var timeout = TimeSpan(seconds: 60)
    @OptionGroup var log: LogOptions

    /// Creates a command to be parsed.
    public init() {}

    /// Prepares the folder and talks to members until one of them knows this machine.
    public func run() async throws {
        let folder = try data.folder()
        let token = try TokenInput.read(file: tokenFile)
        let enrolment = Enrolment(
            folder: folder, schema: Owner.schema, token: token, stationName: station, actor: actor.actor,
            sources: data.sources(asksForNew: protect))
        if offline { return try prepare(enrolment) }
        let routes = token.routes.map { PeerAddress(endpoint: $0.endpoint, transport: $0.transport) }
        let addresses = try addresses(of: routes)
        let replica = try enrolment.prepare()
        let lock = try DaemonLock(folder: folder)
        ProcessHardening.apply()
        if let words = try Enrolment.words(of: replica) {
            Terminal.say(
                "The words of this enrolment are \(words). `gemba invitation list` shows the inviter the same.")
        }
        Terminal.say("Looking for members at \(addresses.map(\.endpoint).joined(separator: ", ")) …")
        var logger = log.makeLogger("gemba.join")
        if log.logLevel == .info { logger.logLevel = .warning }
        let isMember = try await enrolment.enrol(
            replica, peers: addresses, timeout: timeout.duration, logger: logger)
        extendLifetime(lock)
        guard isMember else {
            throw CommandFailure(
                .unreachable,
                """
                Nobody who knows the invitation could be reached within \(timeout). Is a member running at \
                \(addresses.map(\.endpoint).joined(separator: ", "))? The folder \(folder) is kept: the same command \
                goes on from here. Another place can be named with --peer.
                """)
        }
        try tell(replica)
    }

    private func prepare(_ enrolment: Enrolment) throws {
        let replica = try enrolment.prepare()
        if output.json {
            JSONValue.object([
                ("version", .integer(1)), ("station", .null), ("plantID", .string("\(replica.plant)")),
                ("stationKey", .string("\(replica.identity.stationKey)")),
            ]).print()
        } else {
            print("The folder \(replica.folder) is prepared. It belongs to no member yet.")
        }
        Terminal.say(
            """
            Next:  \(Owner.name) bundle write join.bundle --data \(replica.folder)
                   at a member:  gemba bundle read join.bundle, and then  gemba bundle write plant.bundle
                   \(Owner.name) bundle read plant.bundle --data \(replica.folder)
            """)
    }

    /// The places to look at: those given, else the token's. A place without a key is expected to be one of the token's.
    private func addresses(of routes: [PeerAddress]) throws -> [PeerAddress] {
        guard !peers.isEmpty else {
            guard !routes.isEmpty else {
                throw CommandFailure(.usage, "The invitation names no place. Name one with --peer tcp://HOST:PORT.")
            }
            return routes
        }
        return try peers.map { text in
            var address = try PeerArgument.parse(text)
            if address.transport == nil { address.transport = routes.first?.transport }
            return address
        }
    }

    private func tell(_ replica: Replica) throws {
        let roster = try replica.roster()
        let member = roster.members[replica.identity.stationKey]
        let name = member?.displayName ?? ""
        let plant = roster.plantName ?? ""
        let words = try Enrolment.words(of: replica)
        if output.json {
            JSONValue.object([
                ("version", .integer(1)), ("station", .string(name)), ("plant", .string(plant)),
                ("role", .text(member?.role.name)), ("plantID", .string("\(replica.plant)")),
                ("stationKey", .string("\(replica.identity.stationKey)")), ("members", .count(roster.members.count)),
                ("words", .text(words?.description)),
            ]).print()
            return
        }
        let inviter = member?.inviter.map(roster.name(of:)) ?? "nobody"
        let noun = member.map { $0.role == .station ? "Station" : $0.role.name.capitalized } ?? "Station"
        print(
            "\(noun) \(name) is a member of plant \(plant), invited by \(inviter); the plant has "
                + "\(roster.members.count) members.")
        let program = member?.role == .relay ? "gemba-relay" : "gemba"
        Terminal.say("Next:  \(program) run --data \(replica.folder) --listen tcp://*:7700")
    }
}
