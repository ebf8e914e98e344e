import Foundation
import GembaNode
import GembaStore
import GembaTrust
import GembaWire

/// What goes wrong.
extension Simulation {
    func count(_ fault: Fault) { counts.faults[fault.description, default: 0] += 1 }

    /// Lets one fault happen, of a class that is on.
    func strike() throws {
        let classes = Fault.names.map(\.0).filter { options.faults.contains($0) && !Fault.administration.contains($0) }
        guard let fault = random.pick(classes), let node = random.pick(nodes) else { return }
        trace.add(7, time.now, Int(fault.rawValue), node.index)
        switch fault {
        case .partition, .oneWayPartition: partition(isOneWay: fault == .oneWayPartition)
        case .linkCuts: cutLink()
        case .topologyChanges: changeTopology()
        case .crash, .silentCrash:
            guard node.process != nil else { return }
            try crash(node, isSilent: fault == .silentCrash)
        case .crashInEvent:
            guard node.process != nil else { return }
            crashInEvent(node)
        case .steppingClocks: upset(node.clock)
        case .restoredDatabase: try backUpOrRestore(node, .database)
        case .restoredFolder: try backUpOrRestore(node, .folder)
        case .clone: try clone(node)
        case .fork: try fork(node)
        case .folding: try fold(node)
        default: return
        }
        let countThemselves: Fault = [.restoredDatabase, .restoredFolder, .clone, .folding, .fork]
        if !countThemselves.contains(fault) { count(fault) }
    }

    // MARK: - The network

    private func partition(isOneWay: Bool) {
        let one = Set(nodes.map(\.index).filter { _ in random.chance(0.5) })
        var blocked: Set<SimulatedNetwork.Way> = []
        for near in nodes.map(\.index) where one.contains(near) {
            for far in nodes.map(\.index) where !one.contains(far) {
                blocked.insert(.init(from: near, to: far))
                if !isOneWay { blocked.insert(.init(from: far, to: near)) }
            }
        }
        network.setBlocked(blocked)
        partitions += 1
        schedule(.healPartition(number: partitions), in: random.number(in: 200...15_000))
    }

    private func cutLink() {
        if let (_, end) = random.pick(network.sortedEnds) { network.breakLinks(between: end.holder, and: end.peerNode) }
    }

    private func changeTopology() {
        order.shuffle(using: &random)
        topology = random.pick(Topology.allCases) ?? .mesh
        network.setRoutes(topology.routes(among: order, centre: random.pick(order) ?? centre))
    }

    // MARK: - Processes

    /// A process dies between two events and starts again later.
    func crash(_ node: SimulatedNode, isSilent: Bool) throws {
        node.kill(on: network, isSilent: isSilent, forgetsFrames: false)
        workload.closeForms(at: node.index)
        schedule(.restart(node: node.index), in: random.number(in: 20...5_000))
    }

    /// Has a process die while it handles an event, after one of the frames that it sends.
    private func crashInEvent(_ node: SimulatedNode) {
        var remaining = random.number(in: 1...8)
        node.process?.transport.onCrashPoint = { [unowned self, unowned node] in
            remaining -= 1
            guard remaining == 0, dying[node.index] == nil else { return }
            node.process?.transport.silence()
            dying[node.index] = try? copyFolder(of: node)
        }
    }

    /// Leaves the disk as it was in the middle of the event in which the process died.
    func finishCrash(of node: SimulatedNode, leaving copy: FolderCopy) throws {
        node.kill(on: network, isSilent: false, forgetsFrames: false)
        workload.closeForms(at: node.index)
        try copy.restore(to: node.folder, .folder, isInPlace: true)
        try copy.remove()
        schedule(.restart(node: node.index), in: random.number(in: 20...5_000))
    }

    func restart(_ node: SimulatedNode) throws {
        guard node.isSetUp, node.process == nil else { return }
        if node.role != .relay, random.chance(0.5) { node.schema = .simulation }
        trace.add(8, time.now, node.index)
        try open(node)
        try observer.checkNothingLost(node)
        try observer.observe(node)
    }

    func open(_ node: SimulatedNode) throws {
        let replica = try Replica.open(in: node.folder, schema: node.schema, sources: sources(of: node))
        try start(node, replica)
        schedule(.tick(node: node.index, generation: node.generation), in: random.number(in: 1...Self.tickPeriod))
    }

    // MARK: - Clocks

    private func upset(_ clock: WallClock) {
        switch random.below(4) {
        case 0: clock.setFrozen(true)
        case 1: clock.setFrozen(false)
        case 2: clock.step(by: random.number(in: -120_000...120_000))
        default: clock.step(by: random.number(in: -400...400) * 86_400_000)
        }
    }

    // MARK: - Disks

    func copyFolder(of node: SimulatedNode) throws -> FolderCopy {
        copies += 1
        return try FolderCopy(of: node.folder, to: folder + "/copy-\(copies)")
    }

    /// Lets a station acknowledge what it holds, and fold what the others have acknowledged, but for one of them.
    private func fold(_ node: SimulatedNode) throws {
        guard let replica = node.process?.replica, node.role != .relay, !node.awaitsEvidence else { return }
        guard try replica.roster().members[replica.identity.stationKey] != nil else { return }
        try replica.acknowledge(by: "simulation")
        // Nothing else sees that change when it is folded at once.
        try observer.observe(node)
        // Only one of them decides whom not to wait for, and not where others stand on checkpoints that it has never seen:
        // two replicas of which each has folded what the other lacks need a third that has the bodies.
        let isAnyoneLapsed = try replica.roster().members.values.contains { !$0.isActive }
        if isAnyoneLapsed, options.faults.contains(.earlyCheckpoints) { return }
        let mayLeaveOut = node.index == 0 && !options.faults.contains(.earlyCheckpoints)
        let away = mayLeaveOut ? random.pick(nodes.dropFirst())?.keys?.station : nil
        let absent = Set([away].compactMap(\.self))
        if try replica.fold(olderThan: 0, without: absent).entries > 0 { count(.folding) }
        try observer.observe(node)
    }

    /// Lets stations acknowledge what they hold; the administrator declares one of them lapsed now and then, and drops what
    /// may be dropped.
    func tend() throws {
        for node in nodes where node.role != .relay && random.chance(0.7) {
            guard let replica = node.process?.replica,
                try replica.roster().members[replica.identity.stationKey] != nil
            else { continue }
            try replica.acknowledge(by: "simulation")
            try observer.observe(node)
        }
        guard let replica = nodes[0].process?.replica else { return }
        let others = try replica.roster().members.values.filter {
            $0.station != replica.identity.stationKey && $0.isActive
        }
        if random.chance(0.3), let away = random.pick(others.sorted { $0.station < $1.station }) {
            try replica.lapse(away.station, by: "simulation")
            counts.lapses += 1
        }
        let dropped = try replica.dropDeletedRows(olderThan: 0, by: "simulation").rows
        counts.droppedRows += Int(dropped)
        if dropped > 0 { count(.dropping) }
        try observer.observe(nodes[0])
    }

    /// Has one name stand for two histories: puts a whole folder back, or starts a copy of one, and lets both go on writing.
    private func fork(_ node: SimulatedNode) throws {
        if random.chance(0.5) {
            try clone(node, isTwin: true)
        } else {
            try backUpOrRestore(node, .folder, goesOn: true)
        }
    }

    /// - Parameter goesOn: whether the node writes before a peer has told it what it lost.
    private func backUpOrRestore(
        _ node: SimulatedNode, _ extent: FolderCopy.Extent, goesOn: Bool = false
    ) throws {
        guard node.process != nil, !node.awaitsEvidence else { return }
        guard let backup = backups[node.index], random.chance(0.6) else {
            try backups.removeValue(forKey: node.index)?.remove()
            backups[node.index] = try copyFolder(of: node)
            return
        }
        // While an enrolment is under way, frames may wait somewhere for a roster and outlive a restored disk.
        guard extent == .database || nodes.allSatisfy({ $0.isSetUp && $0.process != nil }) else { return }
        node.kill(on: network, isSilent: false, forgetsFrames: true)
        workload.closeForms(at: node.index)
        try backup.restore(to: node.folder, extent, isInPlace: extent == .folder || random.chance(0.5))
        count(goesOn ? .fork : extent == .folder ? .restoredFolder : .restoredDatabase)
        try open(node)
        try observer.noticeRestore(of: node, reusesNames: extent == .folder)
        if goesOn { return }
        if extent == .folder {
            node.awaitsEvidence = true
            for copy in backups.values { try copy.remove() }
            backups = [:]
        }
    }

    /// Starts a copy of a station's disk as a machine of its own.
    ///
    /// - Parameter isTwin: whether nothing tells it from the original.
    private func clone(_ original: SimulatedNode, isTwin: Bool = false) throws {
        let greatest = options.nodes + (isTwin ? Self.greatestTwins - 1 : 0)
        guard original.process != nil, !original.awaitsEvidence, original.role != .relay, nodes.count <= greatest
        else { return }
        let copy = try copyFolder(of: original)
        let node = makeNode(nodes.count, named: original.name + "'")
        try copy.clone(to: node.folder)
        try copy.remove()
        node.schema = original.schema
        node.keys = original.keys
        node.isStubborn = original.isStubborn
        node.trustsItsDisk = isTwin
        node.isHostile = isTwin && random.chance(0.3)
        node.peers = nodes.filter(\.isSetUp).map { PeerAddress(endpoint: $0.endpoint, transport: $0.keys?.transport) }
        nodes.append(node)
        // A clone knows the endpoints that others publish, but not that of the station it was: it needs another neighbour.
        order.insert(node.index, at: order.last == original.index ? 0 : order.endIndex)
        network.setRoutes(topology.routes(among: order, centre: centre))
        let replica = try Replica.open(in: node.folder, schema: node.schema, sources: sources(of: node))
        count(isTwin ? .fork : .clone)
        try begin(node, replica)
    }

    private static let greatestTwins = 3

    // MARK: - Healing

    /// Ends all faults. Wrong clocks stay wrong.
    func heal() throws {
        isTroubled = false
        partitions += 1
        network.conditions = .perfect
        network.conditions.latency = 1...max(1, options.latency)
        network.setBlocked([])
        for node in nodes { node.process?.transport.onCrashPoint = nil }
        for node in nodes { try restart(node) }
        for node in nodes { try bringToReason(node) }
        network.setRoutes(routesAroundFormerMembers)
        for node in nodes where !node.isSetUp { schedule(.enrol(node: node.index), in: 0) }
    }
}
