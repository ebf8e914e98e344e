import GembaCausality
import GembaGossip
import GembaNode
import GembaStore
import GembaTrust
import GembaWire

/// How the plant comes about.
extension Simulation {
    /// Founds the plant, enrols those stations that are there from the start, and begins everything that goes on.
    func setUp() throws {
        for index in 0..<options.nodes { nodes.append(makeNode(index)) }
        order = nodes.map(\.index).shuffled(using: &random)
        let founder = nodes[0]
        let founded = try Replica.found(
            plant: "Simulated plant", station: founder.name, in: founder.folder, schema: founder.schema,
            isSealed: options.isSealed, sources: sources(of: founder)
        ).replica
        observer.read(with: founded.identity, in: founded.plant)
        founder.keys = (founded.identity.stationKey, founded.identity.transportKey)
        observer.administrator = founded.identity.stationKey
        observer.allowsForks = options.faults.contains(.fork)
        var early: [(SimulatedNode, Replica)] = [(founder, founded)]
        for node in nodes.dropFirst() {
            if options.faults.contains(.lateEnrolment), node.role != .relay, random.chance(0.5) {
                schedule(.enrol(node: node.index), in: random.number(in: 0...options.duration / 2))
            } else {
                early.append((node, try enrolAtOnce(node, by: founded)))
            }
        }
        for (_, replica) in early { try replica.takeRoster(of: founded) }
        if options.publishesEndpoints {
            for (node, replica) in early { try replica.publish(endpoints: [node.endpoint]) }
            for (_, replica) in early { try founded.takeRoster(of: replica) }
            for (_, replica) in early { try replica.takeRoster(of: founded) }
        }
        planDialling()
        setConditions()
        for (node, replica) in early { try begin(node, replica) }
        schedule(.read, in: 100)
        schedule(.checkState, in: 1_000)
        schedule(.strike, in: 500)
        if options.faults.contains(.dropping) { schedule(.tend, in: 1_000) }
        if options.faults.contains(.removal) { schedule(.govern, in: 1_500) }
    }

    func makeNode(_ index: Int, named name: String? = nil) -> SimulatedNode {
        var role: Role =
            index == 0 ? .admin : index == 1 && options.hasRelay ? .relay : random.chance(0.2) ? .liaison : .station
        if index == secondAdministrator { role = .admin }
        var offset = 0
        if options.faults.contains(.wrongClocks) {
            let year = 365 * 86_400_000
            offset =
                random.chance(0.5) ? random.number(in: -10 * year...10 * year) : random.number(in: -90_000...90_000)
        }
        let isOld = options.faults.contains(.mixedSchemas) && index > 0 && random.chance(0.4)
        let node = SimulatedNode(
            index: index, name: name ?? "N\(index)", role: role, isBlind: role == .relay && options.isSealed,
            folder: folder + "/node-\(index)",
            clock: WallClock(time, offset: offset), random: NodeRandomness(random.fork()),
            schema: role == .relay ? .none : isOld ? .earlierSimulation : .simulation,
            log: NodeLog(time: time))
        if options.faults.contains(.removal) { node.isStubborn = index > 0 && random.chance(0.5) }
        return node
    }

    func sources(of node: SimulatedNode) -> ReplicaSources { node.sources(options.plantedBugs.calibration) }

    private func enrolAtOnce(_ node: SimulatedNode, by founder: Replica) throws -> Replica {
        let token = try founder.invite(as: node.role, name: node.name, validForSeconds: 3600, routes: [], by: "admin")
        let replica = try Replica.join(
            with: token, station: node.name, in: node.folder, schema: node.schema, sources: sources(of: node))
        node.keys = (replica.identity.stationKey, replica.identity.transportKey)
        try founder.takeRoster(of: replica)
        return replica
    }

    /// Enrols a station while everything goes on: it gets a token, and its join act travels over the network.
    func enrol(_ node: SimulatedNode) throws {
        guard !node.isSetUp else { return }
        guard let founder = nodes[0].process?.replica, !nodes[0].awaitsEvidence else {
            schedule(.enrol(node: node.index), in: 500)
            return
        }
        trace.add(20, time.now, node.index)
        let hosts = nodes.filter { $0.process != nil && $0.role != .relay }
        let host = random.pick(hosts) ?? nodes[0]
        let route = InvitationToken.Route(
            endpoint: host.endpoint, transport: host.keys?.transport ?? founder.identity.transportKey)
        let token = try founder.invite(
            as: node.role, name: node.name, validForSeconds: 3600, routes: [route], by: "admin")
        try observer.observe(nodes[0])
        let replica = try Replica.join(
            with: token, station: nil, in: node.folder, schema: node.schema, sources: sources(of: node))
        node.peers = nodes.filter { $0.isSetUp && $0.index != node.index }.map {
            PeerAddress(endpoint: $0.endpoint, transport: $0.keys?.transport)
        }
        try begin(node, replica)
    }

    /// Starts a node's process for the first time.
    func begin(_ node: SimulatedNode, _ replica: Replica) throws {
        try start(node, replica)
        try observer.observe(node)
        schedule(.tick(node: node.index, generation: node.generation), in: random.number(in: 1...Self.tickPeriod))
        schedule(.write(node: node.index), in: random.number(in: 1...2 * options.writePause))
    }

    /// How few changes are worth a checkpoint when these come early.
    private static let fewChanges: UInt64 = 5

    func start(_ node: SimulatedNode, _ replica: Replica) throws {
        var limits = SessionLimits()
        limits.pushedLinks = options.pushedLinks
        if options.faults.contains(.earlyCheckpoints) { limits.checkpointChanges = Self.fewChanges }
        try node.start(replica, on: network, limits: limits)
        observer.learnKeys(of: replica.identity, in: replica.plant)
        node.process?.transport.onSend = { [unowned self, unowned node] in observer.checkExposure($0, by: node) }
    }

    /// Decides who dials whom, so that each pair can find each other: one of them, the other, or both.
    private func planDialling() {
        guard !options.publishesEndpoints else { return }
        for (position, one) in nodes.enumerated() {
            for other in nodes[(position + 1)...] where one.isSetUp && other.isSetUp {
                let choice = random.below(3)
                if choice != 1 { one.peers.append(address(of: other)) }
                if choice != 0 { other.peers.append(address(of: one)) }
            }
        }
    }

    /// Half of the addresses come without a key, which the dialler has to find among the members.
    private func address(of node: SimulatedNode) -> PeerAddress {
        PeerAddress(endpoint: node.endpoint, transport: random.chance(0.5) ? node.keys?.transport : nil)
    }

    private func setConditions() {
        network.setRoutes(topology.routes(among: order, centre: centre))
        network.conditions.latency = 1...max(1, options.latency)
        let faults = options.faults
        if faults.contains(.loss) { network.conditions.loss = random.pick([0.01, 0.1, 0.3]) ?? 0 }
        if faults.contains(.duplication) { network.conditions.duplication = random.pick([0.02, 0.2]) ?? 0 }
        if faults.contains(.reordering) { network.conditions.reordering = random.pick([0.02, 0.2]) ?? 0 }
        if faults.contains(.scrambling) { network.conditions.scrambling = random.pick([0.1, 0.5]) ?? 0 }
        if random.chance(0.3) { network.conditions.heartbeat = nil }
        network.conditions.deliversAfterClose = random.chance(0.5)
    }

    /// The middle of a star: the relay, which need not be there.
    var centre: Int { options.hasRelay ? 1 : 0 }
}

extension Replica {
    /// Takes over what another replica knows of the roster.
    func takeRoster(of other: Replica) throws {
        let known = VersionVector(try vector(of: .roster))
        let (runs, _, _) = try other.runs(of: .roster, after: 0, excluding: known, maximumBytes: .max)
        if runs.isEmpty { return }
        if let problem = try apply(runs, kind: .roster).problem {
            throw Violation(.conduct, "a roster was refused: \(problem)")
        }
    }
}
