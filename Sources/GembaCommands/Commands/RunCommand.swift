public import ArgumentParser
import GembaNode
import GembaStore
import GembaTrust
import GembaWire
import Logging

/// `run`: the daemon that keeps a replica in step with others.
public struct RunCommand<Owner: Program>: AsyncParsableCommand {
    /// How the command is called and explained.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "run", abstract: "Keep this machine in step with the others, until it is stopped.",
            discussion: """
                EXAMPLES
                  \(Owner.name) run --data /var/lib/gemba --listen tcp://*:7700
                  \(Owner.name) run --data /var/lib/gemba --listen tcp://127.0.0.1:7701 --peer tcp://relay.plant7:7800

                Without --peer, the endpoints that members publish are dialled. All other commands work beside it and \
                without it. SIGTERM and SIGINT stop it cleanly.
                """)
    }

    @OptionGroup var data: DataOptions
    @Option(
        help: ArgumentHelp(
            "Where to accept links; may be given several times. Not at all: links are only dialled.",
            valueName: "tcp://host:port"))
    var listen: [String] = []
    @Option(
        name: .customLong("peer"),
        help: ArgumentHelp(
            "Whom to dial, with the key that is expected there if the roster does not tell; may be given several times.",
            valueName: "tcp://host:port[#key]"))
    var peers: [String] = []
    @Option(
        help: ArgumentHelp(
            "How much of this disk the log of any one other station may take, such as 500M or 8G. What goes beyond is left out "
                + "and asked for again.", valueName: "size"))
    var authorQuota = ByteSize(bytes: Replica.standardQuota)
    @Flag(
        help: ArgumentHelp(
            "Tell the local network where this machine answers, and listen to others that do. Only members understand it, but "
                + "everybody on the network sees that something is sent."))
    var beacon = false
    @OptionGroup var log: LogOptions

    /// Creates a command to be parsed.
    public init() {}

    /// Runs until a signal.
    public func run() async throws {
        for endpoint in listen { try PeerArgument.checkEndpoint(endpoint) }
        let addresses = try peers.map { text in try PeerArgument.parse(text) }
        let folder = try data.folder()
        let (replica, mending) = try Owner.openMended(data)
        let lock = try DaemonLock(folder: folder)
        ProcessHardening.apply()
        replica.authorQuota = authorQuota.bytes
        let logger = log.makeLogger(Owner.name)
        let service = ServiceNotifier()
        let supervisor = NodeSupervisor(
            replica: replica, listen: listen, peers: addresses, hasBeacons: beacon, logger: logger)
        let signals = StopSignals.whenStopped {
            service.stopping()
            supervisor.stop()
        }
        let member = try replica.roster().members[replica.identity.stationKey]
        logger.info(
            "\(Owner.name) starts",
            metadata: [
                "station": "\(member?.displayName ?? "not a member yet")", "plant": "\(replica.plant)",
                "key": "\(replica.identity.transportKey)",
            ])
        if let mending { logger.warning("\(mending.sentence(Owner.name))") }
        if listen.isEmpty { service.ready() }
        let announcer = EndpointAnnouncer(
            replica: replica, expected: listen.count, logger: logger,
            announce: { endpoints in
                for endpoint in endpoints { Terminal.say("listening on \(endpoint)") }
                service.ready()
            })
        let caretaker = InvitationCaretaker(replica: replica, logger: logger)
        let isBeaconing = beacon
        let network = NetworkCaretaker(supervisor: supervisor, announcer: announcer, logger: logger)
        try await supervisor.run(
            onListening: { announcer.add($0) },
            observe: { engine in
                announcer.publishIfPossible(hasMetMember: engine.hasMetMember)
                caretaker.tend()
                if network.tend(), isBeaconing { engine.announcedEndpoints = announcer.reachable }
            })
        logger.info("\(Owner.name) stops")
        extendLifetime(signals)
        extendLifetime(lock)
    }
}
