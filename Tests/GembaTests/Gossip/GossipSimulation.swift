import GembaCausality
import GembaSimulation
import GembaWire
import Testing

@testable import GembaGossip

/// What a simulated wire and store do to what passes through them.
struct SimulatedFaults {
    var loss = 0.0
    var duplication = 0.0
    var reordering = 0.0
    var latency: ClosedRange<Int> = 5...5
    var storeLatency: ClosedRange<Int> = 0...0
    /// Whether frames pass through their encoding, as on a real wire.
    var usesCodec = true
    /// What each direction of a link carries in a millisecond; nil for any amount.
    var bytesPerMillisecond: Int?
}

/// Nodes with model logs, joined by sessions over simulated links, in virtual time. The same seed gives the same run.
final class GossipSimulation {
    final class Node {
        let name: Int
        let station: StationKey
        var roster: ModelLog
        var data: ModelLog
        /// The checkpoint that was taken last, and the chunks of it that are kept.
        var taken: CheckpointID?
        var chunks: Set<Int> = []
        init(name: Int, truth: ModelTruth) {
            self.name = name
            station = StationKey(rawValue: ThirtyTwoByteValue(high: UInt128(name + 1), low: 0))
            roster = ModelLog(kind: .roster, truth: truth)
            data = ModelLog(kind: .data, truth: truth)
        }

        subscript(kind: LogKind) -> ModelLog { kind == .roster ? roster : data }

        /// Changes a log in place.
        func update<Result>(_ kind: LogKind, _ body: (inout ModelLog) -> Result) -> Result {
            kind == .roster ? body(&roster) : body(&data)
        }
    }

    /// One end of a link.
    struct End {
        var node: Int
        var peer: Int
        var link: Int
        var session: Session
        var actions: [SessionAction] = []
    }

    enum Event {
        case frame(Frame, bytes: Int, to: Int)
        case snapshot(LogKind, of: Int)
        case read(ReadRequest, of: Int)
        case apply(LogKind, [Run], of: Int)
        case tick
        case dial(Int, Int)
        case script(() -> Void)
    }

    let seed: UInt64
    let truth = ModelTruth()
    var random: SeededGenerator
    var faults = SimulatedFaults()
    var limits = SessionLimits()
    /// Whether every new session is given room for a catch-up.
    var givesRoom = false
    var nodes: [Node] = []
    var ends: [Int: End] = [:]
    /// Frames sent, by what they are.
    var sent: [String: Int] = [:]
    var sentBytes = 0
    /// What happened, in order, when it is wanted.
    var trace: [String]?
    var redials = true
    var standings: [Int: SessionStanding] = [:]
    /// Whether nodes show strangers nothing of the roster.
    var withholdsRosterFromStrangers = false
    /// What nodes offer those who are far behind; nil has them stream.
    var checkpoint: (signed: SignedManifest, content: ModelLog)?
    /// Sees every action; returns false to suppress it.
    var filter: (Int, SessionAction) -> Bool = { _, _ in true }
    /// The sessions that ended, with the node.
    var endings: [(node: Int, end: SessionEnd)] = []
    /// The most bytes that were ever unacknowledged by a receiver, by kind.
    var greatestOutstanding: [LogKind: UInt64] = [:]

    private(set) var now = 0
    private var nextEnd = 0
    private var nextLink = 0
    private var queue = EventQueue<Event>()
    /// When the last frame to an end arrives, so that an orderly wire stays in order.
    private var arrival: [Int: Int] = [:]
    /// When the wire to an end is free again.
    private var wireFree: [Int: Int] = [:]
    /// Stores answer each session in order.
    private var storeReady: [Int: Int] = [:]

    init(seed: UInt64, nodes count: Int) {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        nodes = (0..<count).map { Node(name: $0, truth: truth) }
        schedule(.tick, in: 100)
    }

    var moment: Moment {
        Moment(instant: Instant(.milliseconds(now)), wallClock: 1_700_000_000_000 + UInt64(now))
    }

    func schedule(_ event: Event, in delay: Int) {
        queue.push(event, at: now + delay)
    }

    // MARK: - Links

    func connect(_ dialler: Int, _ listener: Int) {
        let first = nextEnd
        nextEnd += 2
        nextLink += 1
        for (end, node, direction) in [(first, dialler, LinkDirection.dialled), (first + 1, listener, .accepted)] {
            var session = Session(
                SessionConfiguration(
                    station: nodes[node].station, plant: PlantID(rawValue: .init(high: 7, low: 7)),
                    nonce: UInt64(node), session: SessionID(rawValue: random.next()), direction: direction,
                    standing: standings[node] ?? .members, limits: limits))
            session.hasRoom = givesRoom
            ends[end] = End(node: node, peer: first + (end == first ? 1 : 0), link: nextLink, session: session)
        }
        for end in [first, first + 1] { input(end) { $0.start(at: $1) } }
    }

    func cut(_ end: Int) {
        guard let closed = ends.removeValue(forKey: end) else { return }
        guard let other = ends.removeValue(forKey: closed.peer) else { return }
        guard redials else { return }
        schedule(.dial(closed.node, other.node), in: 300)
    }

    func cutAll() { for end in ends.keys.sorted() where ends[end] != nil { cut(end) } }

    /// The session at `node` of its only or first link.
    func session(of node: Int) -> Session? {
        ends.sorted { $0.key < $1.key }.first { $0.value.node == node }?.value.session
    }

    // MARK: - Inputs and actions

    func input(_ id: Int, _ body: (inout Session, Moment) -> [SessionAction]) {
        guard var end = ends[id] else { return }
        let actions = body(&end.session, moment)
        ends[id] = end
        check(end)
        for action in actions where filter(id, action) { perform(action, of: id) }
    }

    private func perform(_ action: SessionAction, of id: Int) {
        guard let end = ends[id] else { return }
        switch action {
        case .send(let frame):
            transmit(frame, from: end)
        case .requestSnapshot(let kind):
            store(.snapshot(kind, of: id), of: id)
        case .read(let request):
            store(.read(request, of: id), of: id)
        case .apply(let kind, let runs):
            store(.apply(kind, runs, of: id), of: id)
        case .prepareCheckpoint:
            input(id) { $0.onCheckpoint(checkpoint?.signed, at: $1) }
        case .readChunks(let wanted, let range):
            guard wanted == checkpoint?.signed.manifest.id else {
                return input(id) { $0.onCheckpointGone(wanted, at: $1) }
            }
            let chunks = range.map {
                ChunkMessage(checkpoint: wanted, index: UInt64($0), coding: .identity, bytes: [1, 2, 3])
            }
            input(id) { $0.onChunks(chunks, at: $1) }
        case .offered(let signed, _):
            if nodes[end.node].taken != signed.manifest.id { nodes[end.node].chunks = [] }
            nodes[end.node].taken = signed.manifest.id
            let missing = signed.manifest.chunks.indices.filter { !nodes[end.node].chunks.contains($0) }
            input(id) { $0.onVerdict(.taken(missing: Array(missing)), at: $1) }
        case .stage(let chunk):
            nodes[end.node].chunks.insert(Int(chunk.index))
            input(id) { $0.onStaged(chunk: Int(chunk.index), isSound: true, at: $1) }
        case .install:
            if let content = checkpoint?.content { nodes[end.node].data = content }
            input(id) { $0.onInstalled(true, at: $1) }
        case .announced(let references):
            let held = references.filter { nodes[end.node].data.holds($0.dot) }
            input(id) { $0.onExamined(held: held, at: $1) }
        case .close(let ending):
            endings.append((end.node, ending))
            // What was sent before still arrives; then the link is gone.
            schedule(.script { [self] in cut(id) }, in: faults.latency.upperBound + 1)
        default:
            ends[id]?.actions.append(action)
        }
    }

    private func store(_ event: Event, of id: Int) {
        let ready = max(storeReady[id] ?? 0, now) + Int.random(in: faults.storeLatency, using: &random)
        storeReady[id] = ready
        schedule(event, in: ready - now)
    }

    private func transmit(_ frame: Frame, from end: End) {
        let (frame, bytes) = faults.usesCodec ? encode(frame) : (frame, frame.message.approximateBytes)
        sent[frame.message.name, default: 0] += 1
        sentBytes += bytes
        guard !random.chance(faults.loss) else { return }
        let copies = random.chance(faults.duplication) ? 2 : 1
        var departure = now
        if let rate = faults.bytesPerMillisecond {
            departure = max(now, wireFree[end.peer] ?? 0) + bytes / rate
            wireFree[end.peer] = departure
        }
        for _ in 0..<copies {
            var time = departure + Int.random(in: faults.latency, using: &random)
            if random.chance(faults.reordering) {
                time += Int.random(in: 0...(4 * faults.latency.upperBound + 4), using: &random)
            } else {
                time = max(time, arrival[end.peer] ?? 0)
                arrival[end.peer] = time
            }
            schedule(.frame(frame, bytes: bytes, to: end.peer), in: time - now)
        }
    }

    /// A frame as it comes out of the wire, and its length.
    private func encode(_ frame: Frame) -> (Frame, Int) {
        let bytes = frame.encoded()
        do throws(WireError) {
            let decoded = try Frame(decoding: bytes)
            if decoded != frame || bytes.count > Limits.frameBytes {
                Issue.record("seed \(seed): \(bytes.count) bytes of a \(frame.message.name) came out as another")
            }
            return (decoded, bytes.count)
        } catch {
            Issue.record("seed \(seed): a \(frame.message.name) is refused: \(error)")
            return (frame, bytes.count)
        }
    }

    /// The bounds that hold at every moment, whatever the wire does.
    private func check(_ end: End) {
        for (kind, sync) in [(LogKind.roster, end.session.roster), (.data, end.session.data)] {
            let window = limits.window(for: kind, isWide: givesRoom)
            let outstanding = sync.outgoing.sent - sync.outgoing.acknowledged
            greatestOutstanding[kind] = max(greatestOutstanding[kind] ?? 0, outstanding)
            let queued = sync.incoming.received - sync.incoming.consumed
            if outstanding > max(window, 1000) || queued > max(window, 1000) {
                Issue.record("seed \(seed): \(kind) has \(outstanding) bytes outstanding and \(queued) queued")
            }
        }
    }

    // MARK: - Time

    /// Runs for a while, or until the condition holds after an event.
    @discardableResult
    func run(for duration: Int, until condition: () -> Bool = { false }) -> Bool {
        let end = now + duration
        while let next = queue.nextTime, next <= end {
            guard let (time, event) = queue.pop() else { break }
            now = time
            handle(event)
            if condition() { return true }
        }
        now = end
        return condition()
    }

    private func handle(_ event: Event) {
        if case .frame(let frame, _, let id) = event { trace?.append("\(now) to \(id): \(frame)") }
        switch event {
        case .frame(let frame, let bytes, let id):
            input(id) { $0.receive(frame, byteCount: bytes, at: $1) }
        case .snapshot(let kind, let id):
            guard let end = ends[id] else { return }
            let snapshot = nodes[end.node][kind].snapshot
            input(id) { $0.onSnapshot(snapshot, of: kind, at: $1) }
        case .read(let request, let id):
            guard let end = ends[id] else { return }
            var loaded = nodes[end.node][request.kind].load(request)
            if withholdsRosterFromStrangers, request.audience == .stranger { loaded.runs = [] }
            input(id) { $0.onLoaded(loaded, at: $1) }
        case .apply(let kind, let runs, let id):
            guard let end = ends[id] else { return }
            apply(runs, kind, of: id, node: nodes[end.node])
        case .tick:
            for id in ends.keys.sorted() { input(id) { $0.onTick(at: $1) } }
            schedule(.tick, in: 100)
        case .dial(let dialler, let listener):
            connect(dialler, listener)
        case .script(let body):
            body()
        }
    }

    private func apply(_ runs: [Run], _ kind: LogKind, of id: Int, node: Node) {
        let roster = kind == .data ? node.roster : nil
        let outcome = node.update(kind) { $0.apply(runs, roster: roster) }
        input(id) { $0.onApplied(outcome, of: kind, at: $1) }
        if case .advanced(let tips) = outcome, !tips.isEmpty { announce(tips, kind, at: node.name, except: id) }
    }

    private func announce(_ tips: [ChangeReference], _ kind: LogKind, at node: Int, except id: Int?) {
        for other in ends.keys.sorted() where other != id && ends[other]?.node == node {
            input(other) { $0.onChangesAvailable(kind, tips: tips, at: $1) }
        }
    }

    // MARK: - Writing

    /// Appends an entry to a log of the node's own, which depends on all that the node holds.
    func write(_ replica: ReplicaID, kind: LogKind = .data, at node: Int, size: Int? = nil) {
        let held = nodes[node][kind].vector
        let dot = Dot(replica, held[replica].map { $0 + 1 } ?? 0)
        truth.dependencies[dot] = held.filter { $0.key != replica }.map { Dot($0.key, $0.value) }
        if let size { truth.sizes[dot] = size }
        nodes[node].update(kind) { $0.append(dot) }
        announce([truth.reference(dot)], kind, at: node, except: nil)
    }

    /// Appends many entries at once, without dependencies on other logs and without announcing them.
    func preload(_ replica: ReplicaID, count: Int, kind: LogKind = .data, at nodes: [Int]) {
        for node in nodes {
            let first = self.nodes[node][kind].vector[replica].map { $0 + 1 } ?? 0
            self.nodes[node].update(kind) { log in
                for sequence in first..<(first + SequenceNumber(count)) { log.append(Dot(replica, sequence)) }
            }
        }
    }

    var isConverged: Bool {
        nodes.allSatisfy { $0.data.vector == nodes[0].data.vector && $0.roster.vector == nodes[0].roster.vector }
    }

    func randomReplica() -> ReplicaID {
        ReplicaID(rawValue: UInt128(random.next()) << 64 | UInt128(random.next()))
    }
}

extension Message {
    var name: String {
        switch self {
        case .hello: "hello"
        case .root: "root"
        case .vector: "vector"
        case .batch: "batch"
        case .ack: "ack"
        case .pulse: "pulse"
        case .bye: "bye"
        case .offer: "offer"
        case .answer: "answer"
        case .fetch: "fetch"
        case .chunk: "chunk"
        case .pack: "pack"
        case .backfill: "backfill"
        case .bodies: "bodies"
        case .announce: "announce"
        case .tree: "tree"
        case .compare: "compare"
        case .statement: "statement"
        case .trace: "trace"
        }
    }

    /// About the size of the encoded frame.
    var approximateBytes: Int {
        switch self {
        case .hello(let hello): 150 + hello.held.count * 150
        case .root: 40
        case .vector(let vector):
            vector.parts.reduce(20) { $0 + 8 + $1.part.approximateBytes }
        case .batch(let batch): batch.runs.reduce(30) { $0 + 110 + $1.entries.reduce(0) { $0 + $1.count + 3 } }
        case .ack(let ack): 40 + 44 * ack.have.count
        case .pulse: 50
        case .bye, .answer, .fetch: 50
        case .offer(let offer): 300 + 34 * offer.signed.manifest.chunks.count
        case .chunk(let chunk): 50 + chunk.bytes.count
        case .pack(let pack): pack.runs.reduce(30) { $0 + 95 + $1.bodies.count + $1.lengths.count }
        case .backfill(let question): 40 + 44 * question.ranges.count
        case .announce(let announcement): 20 + 44 * (announcement.new.count + announcement.held.count)
        case .tree: 30
        case .compare, .statement: 120
        case .bodies(let bodies): bodies.runs.reduce(40) { $0 + 97 + $1.packed.bodies.count + $1.packed.lengths.count }
        case .trace(let trace): trace.traces.reduce(20) { $0 + 24 + 24 * $1.points.count }
        }
    }
}

extension VectorMessage.Part {
    fileprivate var approximateBytes: Int {
        switch self {
        case .entries(let entries): 44 * entries.count
        case .digests: 144
        case .difference(let entries): 44 * entries.count
        case .children(let children): children.reduce(4) { $0 + 4 + $1.part.approximateBytes }
        }
    }
}
