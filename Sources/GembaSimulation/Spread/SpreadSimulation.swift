import GembaCausality
import GembaGossip
import GembaWire

/// A plant of up to thousands of nodes: production sessions and dissemination over model logs, without stores, keys and
/// sockets, in virtual time. The same options give the same run.
///
/// Not `Sendable`: a simulation belongs to one thread.
public final class SpreadSimulation {
    /// A node without anything but its logs and links.
    struct Node {
        var log = SpreadLog()
        var dissemination: Dissemination<Int>
        var ends: [Int] = []
        var isDown = false
        /// Whether its disk is full.
        var isFull = false
        /// When the store has done what it was given.
        var storeReady = 0
    }

    /// One end of a link.
    struct End {
        let node: Int
        let peer: Int
        var session: Session
        /// When the last frame arrives that was sent from here.
        var arrival = 0
    }

    enum Event {
        case frame(Frame, to: Int)
        case apply(LogKind, [Run], of: Int)
        case tick(node: Int)
        case write
        case trouble
        case cut(Int)
    }

    let options: SpreadOptions
    let limits: SessionLimits
    var random: SeededGenerator
    var nodes: [Node] = []
    var ends: [Int: End] = [:]
    var history: SpreadHistory
    var report: SpreadReport
    private(set) var now = 0
    private var queue = EventQueue<Event>()
    private var nextEnd = 0

    /// How often a node looks at the time, in virtual milliseconds.
    private static let tickPeriod = 100
    /// How long a frame takes on a link, and how long a store for what it is given.
    private static let latency = 5...40
    private static let storeTime = 1...5

    /// Prepares a run.
    public init(_ options: SpreadOptions) {
        self.options = options
        var limits = SessionLimits()
        if options.isFlooding { limits.pushedLinks = .max }
        if options.neverGrafts { limits.missingPatience = .seconds(1_000_000) }
        self.limits = limits
        random = SeededGenerator(seed: options.seed)
        history = SpreadHistory(nodes: options.nodes)
        report = SpreadReport(options)
    }

    var moment: Moment { Moment(instant: Instant(.milliseconds(now)), wallClock: UInt64(now)) }

    func schedule(_ event: Event, in delay: Int) { queue.push(event, at: now + delay) }

    // MARK: - Running

    /// Runs until everybody holds everything, or for as long as the options allow.
    public func run() -> SpreadReport {
        setUp()
        var nextLook = options.duration
        while let next = queue.nextTime, next < options.duration + options.patience {
            guard let (time, event) = queue.pop() else { break }
            now = time
            handle(event)
            guard now >= nextLook else { continue }
            nextLook = now + 100
            if isConverged { break }
        }
        conclude()
        return report
    }

    private func setUp() {
        nodes = (0..<options.nodes).map { _ in
            Node(dissemination: Dissemination(nonce: random.next(), limits: limits))
        }
        for (dialler, listener) in SpreadGraph(nodes: options.nodes, random: &random).links {
            connect(dialler, listener)
        }
        for node in nodes.indices { schedule(.tick(node: node), in: random.number(in: 1...Self.tickPeriod)) }
        schedule(.write, in: 1)
        schedule(.trouble, in: options.troubleTime)
    }

    private func connect(_ dialler: Int, _ listener: Int) {
        let first = nextEnd
        nextEnd += 2
        for (end, node, direction) in [(first, dialler, LinkDirection.dialled), (first + 1, listener, .accepted)] {
            let session = Session(
                SessionConfiguration(
                    station: StationKey(rawValue: ThirtyTwoByteValue(high: UInt128(node + 1), low: 0)),
                    plant: PlantID(rawValue: ThirtyTwoByteValue(high: 7, low: 7)), nonce: UInt64(node),
                    session: SessionID(rawValue: random.next()), direction: direction, standing: .members,
                    limits: limits))
            ends[end] = End(node: node, peer: end ^ 1, session: session)
            nodes[node].ends.append(end)
        }
        for end in [first, first + 1] { perform(end) { $0.start(at: moment) } }
    }

    private func handle(_ event: Event) {
        switch event {
        case .frame(let frame, let end): receive(frame, at: end)
        case .apply(let kind, let runs, let end): apply(runs, kind, of: end)
        case .tick(let node): tick(node)
        case .write: write()
        case .trouble: strike()
        case .cut(let end): cut(end)
        }
    }

    private func tick(_ node: Int) {
        guard !nodes[node].isDown else { return }
        schedule(.tick(node: node), in: Self.tickPeriod)
        for end in nodes[node].ends { perform(end) { $0.onTick(at: moment) } }
        let isCatchingUp = nodes[node].ends.contains { ends[$0]?.session.isCatchingUp(at: moment) ?? false }
        carryOut(nodes[node].dissemination.tick(at: moment.instant, isCatchingUp: isCatchingUp))
    }

    private func write() {
        guard now < options.duration else { return }
        schedule(.write, in: random.number(in: 1...2 * options.writePause))
        let node = random.below(options.writers)
        guard !nodes[node].isDown, !nodes[node].isFull else { return }
        let dot = nodes[node].log.next(of: ReplicaID(rawValue: Self.name(of: node)))
        history.write(dot, after: nodes[node].log.order.last, at: node, time: now)
        nodes[node].log.append(dot)
        announce([SpreadHistory.reference(dot)], at: node, except: nil)
    }

    /// The name of a node's log, spread over all prefixes as real ones are.
    private static func name(of node: Int) -> UInt128 {
        var mix = SeededGenerator(seed: UInt64(node))
        return UInt128(mix.next()) << 64 | UInt128(mix.next())
    }

    private func strike() {
        guard options.trouble != .none else { return }
        let struck = nodes.indices.shuffled(using: &random).prefix(options.nodes / 10)
        for node in struck {
            if options.trouble == .crash { nodes[node].isDown = true } else { nodes[node].isFull = true }
        }
    }

    private func cut(_ end: Int) {
        guard let closed = ends.removeValue(forKey: end) else { return }
        nodes[closed.node].ends.removeAll { $0 == end }
        carryOut(nodes[closed.node].dissemination.close(end, at: moment.instant))
        guard let other = ends[closed.peer] else { return }
        cut(closed.peer)
        if !nodes[closed.node].isDown, !nodes[other.node].isDown { connect(closed.node, other.node) }
    }

    // MARK: - The wire

    private func transmit(_ frame: Frame, from id: Int) {
        guard let end = ends[id] else { return }
        let purpose = frame.message.purpose
        if now >= options.warmUp { report.bytes[purpose, default: 0] += frame.encoded().count }
        if case .root(let root) = frame.message, root.kind == .data, now >= options.warmUp { report.rounds += 1 }
        guard !random.chance(options.loss) else { return }
        let arrival = max(now + random.number(in: Self.latency), end.arrival)
        ends[id]?.arrival = arrival
        schedule(.frame(frame, to: end.peer), in: arrival - now)
    }

    private func receive(_ frame: Frame, at id: Int) {
        guard let end = ends[id], !nodes[end.node].isDown else { return }
        if now >= options.warmUp, !nodes[end.node].isFull { report.received += frame.message.entryCount }
        perform(id) { $0.receive(frame, byteCount: 100, at: moment) }
    }

    // MARK: - What an engine does

    private func perform(_ id: Int, _ input: (inout Session) -> [SessionAction]) {
        var actions = (ends[id]?.input(input) ?? [])[...]
        while let action = actions.popFirst() { actions += carryOut(action, of: id) }
    }

    private func carryOut(_ action: SessionAction, of id: Int) -> [SessionAction] {
        guard let node = ends[id]?.node else { return [] }
        switch action {
        case .send(let frame):
            transmit(frame, from: id)
        case .requestSnapshot(let kind):
            let snapshot =
                kind == .data ? nodes[node].log.snapshot : VectorSnapshot(references: [], position: 0)
            return ends[id]?.input { $0.onSnapshot(snapshot, of: kind, at: moment) } ?? []
        case .read(let request):
            let loaded = nodes[node].log.load(request)
            return ends[id]?.input { $0.onLoaded(loaded, at: moment) } ?? []
        case .apply(let kind, let runs):
            nodes[node].storeReady = max(nodes[node].storeReady, now) + random.number(in: Self.storeTime)
            schedule(.apply(kind, runs, of: id), in: nodes[node].storeReady - now)
        case .greeted:
            carryOut(nodes[node].dissemination.open(id, at: moment.instant))
        case .announced(let references):
            let lacking = references.filter { !nodes[node].log.holds($0.dot) }
            nodes[node].dissemination.noteLacking(lacking, from: id, at: moment.instant)
            let held = references.filter { nodes[node].log.holds($0.dot) }
            return ends[id]?.input { $0.onExamined(held: held, at: moment) } ?? []
        case .tree(let message):
            carryOut(nodes[node].dissemination.receive(message, from: id, at: moment.instant))
        case .close:
            schedule(.cut(id), in: Self.latency.upperBound)
        default: break
        }
        return []
    }

    private func carryOut(_ actions: [DisseminationAction<Int>]) {
        for action in actions {
            switch action {
            case .tell(let end, let message): perform(end) { $0.tell(message, at: moment) }
            case .push(let end, let isPushing): perform(end) { $0.setPush(isPushing, at: moment) }
            case .compare(let end): perform(end) { $0.compare(at: moment) }
            }
        }
    }

    private func apply(_ runs: [Run], _ kind: LogKind, of id: Int) {
        guard let end = ends[id], !nodes[end.node].isDown else { return }
        let node = end.node
        guard !nodes[node].isFull else { return perform(id) { $0.onApplied(.unavailable, of: kind, at: moment) } }
        let (applied, isComplete) = nodes[node].log.apply(runs, history: history)
        guard let peer = ends[end.peer]?.node else { return }
        for dot in applied { history.arrive(dot, at: node, from: peer, time: now) }
        if now >= options.warmUp { report.stored += applied.count }
        let tips = Set(applied.map(\.replica)).sorted().map { replica in
            SpreadHistory.reference(Dot(replica, nodes[node].log.vector[replica] ?? 0))
        }
        if isComplete {
            perform(id) { $0.onApplied(.advanced(tips), of: kind, at: moment) }
            let count = runs.reduce(0) { $0 + $1.entries.count }
            carryOut(
                nodes[node].dissemination.noteApplied(
                    new: applied.count, repeated: count - applied.count, from: id, at: moment.instant))
        } else {
            if now >= options.warmUp { report.leftOut += 1 }
            perform(id) { $0.onApplied(.incomplete(advanced: tips, lacking: .dependency), of: kind, at: moment) }
        }
        if !tips.isEmpty { announce(tips, at: node, except: id) }
    }

    private func announce(_ tips: [ChangeReference], at node: Int, except source: Int?) {
        nodes[node].dissemination.noteHeld(tips, at: moment.instant)
        let position = nodes[node].log.position
        for end in nodes[node].ends where end != source {
            perform(end) { $0.onChangesAvailable(.data, tips: tips, upTo: position, at: moment) }
        }
    }
}

extension SpreadSimulation.End {
    /// Gives the session an input, in place.
    fileprivate mutating func input(_ input: (inout Session) -> [SessionAction]) -> [SessionAction] { input(&session) }
}

extension Message {
    fileprivate var purpose: SpreadReport.Purpose {
        switch self {
        case .batch, .pack: .entries
        case .ack: .acks
        case .announce: .announcements
        case .tree: .tree
        default: .rest
        }
    }

    /// The entries of data that it brings.
    fileprivate var entryCount: Int {
        switch self {
        case .batch(let batch): batch.runs.reduce(0) { $0 + $1.entries.count }
        case .pack(let pack): pack.runs.reduce(0) { $0 + $1.entryCount }
        default: 0
        }
    }
}
