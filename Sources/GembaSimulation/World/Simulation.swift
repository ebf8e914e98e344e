import Foundation
import GembaCausality
import GembaGossip
import GembaNode
import GembaStore
import GembaTrust
import GembaWire

/// A plant of several stations on a simulated network, in virtual time: production code with everything around it
/// injected, driven from one seed.
///
/// A run has two parts. First people write and faults happen; then the faults end, nobody writes, and all replicas must
/// come to hold and show the same in bounded time. Checkers look on all the while.
///
/// The method is that of the simulators of FoundationDB (Zhou et al., SIGMOD 2021, section 4) and TigerBeetle's VOPR.
///
/// Not `Sendable`: a simulation belongs to one thread.
public final class Simulation {
    /// What happens when.
    enum Event {
        case network(NetworkEvent)
        case tick(node: Int, generation: Int)
        case write(node: Int)
        case read
        case checkState
        case strike
        case restart(node: Int)
        case healPartition(number: Int)
        case tend
        case govern
        case enrol(node: Int)
    }

    /// What the run does.
    public let options: SimulationOptions
    let time = VirtualTime()
    let network: SimulatedNetwork
    let observer = Observer()
    let folder: String
    var random: SeededGenerator
    var workload: Workload
    var nodes: [SimulatedNode] = []
    var trace = Trace()
    var counts = SimulationCounts()
    /// Whether faults and writes still happen.
    var isTroubled = true
    /// The order of nodes in a ring or line.
    var order: [Int] = []
    var topology: Topology
    var partitions = 0
    /// Copies of folders that may be put back, by node.
    var backups: [Int: FolderCopy] = [:]
    /// Nodes that die as soon as the event at hand is handled, with what their disks held in the middle of it.
    var dying: [Int: FolderCopy] = [:]
    var copies = 0
    private var applied: [Int: UInt64] = [:]
    private let queue: Queue

    /// Lets the network schedule events before the simulation itself is complete.
    private final class Queue {
        var events = EventQueue<Event>()
    }

    /// How often an engine is told the time, in virtual milliseconds.
    static let tickPeriod = 100

    /// Prepares a run.
    public init(_ options: SimulationOptions) {
        self.options = options
        var random = SeededGenerator(seed: options.seed)
        let queue = Queue()
        self.queue = queue
        let time = time
        network = SimulatedNetwork(time: time, random: random.fork()) { event, delay in
            queue.events.push(.network(event), at: time.now + delay)
        }
        workload = Workload(random: random.fork(), rowsInPlay: options.rowsInPlay)
        self.random = random
        topology = options.topology
        let base = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
        folder = base + "/gemba-simulation-\(UUID().uuidString)"
    }

    deinit {
        nodes = []
        try? FileManager.default.removeItem(atPath: folder)
    }

    func schedule(_ event: Event, in delay: Int) { queue.events.push(event, at: time.now + delay) }

    // MARK: - Running

    /// Runs to the end or to the first violation.
    public func run() -> SimulationReport {
        var violation: Violation?
        do {
            try runUntilConverged()
            try judge()
            try agree()
        } catch let found as Violation {
            violation = found
        } catch {
            violation = Violation(.conduct, "an unexpected error: \(error)")
        }
        return report(violation)
    }

    /// Goes through all troubles and lets the plant come to rest.
    func runUntilConverged() throws {
        try setUp()
        try run(for: options.duration)
        try heal()
        try converge()
    }

    /// Lets so many milliseconds pass.
    func run(for duration: Int) throws {
        let end = time.now + duration
        while let next = queue.events.nextTime, next < end { try step() }
    }

    /// Lets the healed plant come to rest.
    func converge() throws {
        let start = time.now
        var nextLook = start
        // Members may be given epoch keys when all else is done, and then the rosters differ once more.
        var mayComeApart = true
        while let next = queue.events.nextTime, next <= start + options.patience {
            try step()
            if next < nextLook { continue }
            nextLook = next + 100
            // What an engine wrote by itself may be the last thing that happens at its node.
            for node in nodes where node.process != nil { try observer.observe(node) }
            if isConverged {
                counts.convergence = time.now - start
                try run(for: 3_000)
                guard isConverged else {
                    guard mayComeApart else { throw Violation(.liveness, "nodes that held the same came apart again") }
                    mayComeApart = false
                    continue
                }
                return
            }
        }
        throw Violation(
            .liveness,
            "after \(options.patience / 1000) s without faults, \(topology) of \(order.map { nodes[$0].name }): \(differences)"
        )
    }

    private func step() throws {
        guard let (due, event) = queue.events.pop() else { return }
        time.advance(to: due)
        counts.events += 1
        try handle(event)
    }

    private func handle(_ event: Event) throws {
        switch event {
        case .network(let event):
            for delivery in network.handle(event) { try deliver(delivery) }
        case .tick(let index, let generation):
            let node = nodes[index]
            guard node.generation == generation, node.process != nil else { return }
            trace.add(1, time.now, index)
            node.process?.engine.tick(at: moment(of: node))
            try settle(node)
            schedule(.tick(node: index, generation: generation), in: Self.tickPeriod)
        case .write(let index):
            guard isTroubled else { return }
            schedule(.write(node: index), in: random.number(in: 1...2 * options.writePause))
            try write(at: nodes[index])
        case .read:
            guard isTroubled else { return }
            schedule(.read, in: 100)
            if let node = random.pick(nodes) { try observer.read(node, random: &random) }
        case .checkState:
            guard isTroubled else { return }
            schedule(.checkState, in: 2_000)
            if let node = random.pick(nodes) { try observer.checkState(node) }
        case .strike:
            guard isTroubled else { return }
            schedule(.strike, in: random.number(in: 100...3_000))
            try strike()
        case .restart(let index):
            try restart(nodes[index])
        case .healPartition(let number):
            if number == partitions { network.setBlocked([]) }
        case .enrol(let index):
            try enrol(nodes[index])
        case .tend:
            guard isTroubled else { return }
            schedule(.tend, in: random.number(in: 200...2_000))
            try tend()
        case .govern:
            guard isTroubled else { return }
            schedule(.govern, in: random.number(in: 500...4_000))
            try govern()
        }
    }

    private func deliver(_ delivery: Delivery) throws {
        let node = nodes[delivery.node]
        guard node.process != nil else { return }
        switch delivery.event {
        case .listening, .hinted, .refused: break
        case .opened(let link, _, _): trace.add(2, time.now, node.index, Int(link.rawValue))
        case .received(let link, let frame):
            trace.add(3, time.now, node.index, Int(link.rawValue))
            trace.add(frame)
        case .writable(let link): trace.add(4, time.now, node.index, Int(link.rawValue))
        case .closed(let link): trace.add(5, time.now, node.index, Int(link.rawValue))
        }
        node.process?.engine.handle(delivery.event, at: moment(of: node))
        try settle(node)
    }

    func moment(of node: SimulatedNode) -> Moment { Moment(instant: time.instant, wallClock: node.clock.reading) }

    /// Looks at a node after something happened there, and lets it die if it was to.
    func settle(_ node: SimulatedNode) throws {
        if dying[node.index] == nil { try doJobs(of: node) }
        if let copy = dying.removeValue(forKey: node.index) {
            try finishCrash(of: node, leaving: copy)
            return
        }
        guard let counts = node.process?.engine.counts else { return }
        let count = counts.entriesApplied + (counts.returns ?? 0)
        guard applied[node.index] != count else { return }
        applied[node.index] = count
        try observer.observe(node)
    }

    /// Does what an engine wants done beside it, at once: a run stays reproducible.
    private func doJobs(of node: SimulatedNode) throws {
        while let process = node.process {
            let jobs = process.engine.takeJobs()
            if jobs.isEmpty { return }
            for job in jobs { process.engine.finish(job.run(on: process.replica), at: moment(of: node)) }
            try observer.observe(node)
        }
    }

    // MARK: - The end

    private var isConverged: Bool {
        guard let first = observer.held[0] else { return false }
        return standingNodes.allSatisfy { node in
            node.process != nil && observer.held[node.index]?[.data] == first[.data]
                && observer.held[node.index]?[.roster] == first[.roster]
        } && hasEverybodyReturned
    }

    /// Whether no lapse stands, as far as the first node knows.
    private var hasEverybodyReturned: Bool {
        let members = try? nodes[0].process?.replica.roster().members.values
        return members.map { $0.allSatisfy(\.isActive) } ?? false
    }

    /// For each node the first entries that it lacks, and what of their causes it lacks too.
    private var differences: String {
        let nodes = standingNodes
        let everything = nodes.compactMap { observer.held[$0.index] }.flatMap(\.values)
            .reduce(VersionVector()) { $0.merging($1) }
        return nodes.map { node in
            let held = (observer.held[node.index] ?? [:]).values.reduce(VersionVector()) { $0.merging($1) }
            let missing = everything.entries.sorted { $0.key < $1.key }.compactMap { replica, sequence -> Dot? in
                let next = held[replica].map { $0 + 1 } ?? 0
                return next <= sequence ? Dot(replica, next) : nil
            }
            let lines = missing.map { dot in
                let causes = observer.history[dot]?.deps.map(\.dot).filter { !held.contains($0) } ?? []
                return "\(dot)\(causes.isEmpty ? "" : " for which \(causes) is needed")"
            }
            return "\(node.name)\(node.process == nil ? ", which is down," : "") lacks \(lines.joined(separator: ", "))"
        }.joined(separator: "; ")
    }

    private func report(_ violation: Violation?) -> SimulationReport {
        counts.bodies = nodes.reduce(0) { $0 + ($1.process?.engine.counts.bodiesFilled ?? 0) }
        let branches = try? nodes.first?.process?.replica.branches()
        counts.branches = (branches ?? nil)?.count { !$0.isClosed } ?? 0
        for node in nodes { node.kill(on: network, isSilent: true, forgetsFrames: true) }
        counts.network = network.counts
        counts.observations = observer.counts
        return SimulationReport(
            options: options, violation: violation, trace: trace.hash, virtualMilliseconds: time.now, counts: counts,
            logs: violation == nil ? [:] : Dictionary(nodes.map { ($0.name, $0.log.recent) }) { $1 })
    }
}
