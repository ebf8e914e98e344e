import GembaNode
import GembaWire

/// A network in virtual time: dialled links with latency, loss, duplication, reordering, one-way partitions and bounded
/// queues. Everything random comes from one seed.
///
/// Not `Sendable`: it belongs to the thread that runs the simulation.
final class SimulatedNetwork {
    /// A way from one node to another.
    struct Way: Hashable {
        var from: Int
        var to: Int
    }

    /// What a node is to the network while its process runs.
    struct Host {
        var key: TransportKey
        var endpoint: String
        var admission: (TransportKey) -> Admission
        var dials: [String: Dial] = [:]
    }

    /// An endpoint that a node keeps dialling.
    struct Dial {
        var peer: TransportKey
        /// Tells attempts of this dial from those of an earlier one.
        var generation: Int
        var backoff: Backoff
        var link: LinkID?
    }

    /// One side of a link.
    struct End {
        var holder: Int
        var peer: LinkID
        var peerNode: Int
        var key: TransportKey
        var direction: TransportEvent.Direction
        /// When the holder learns of the link; nothing arrives before.
        var opens: Int
        /// What is on its way to this end.
        var frames = 0
        var bytes = 0
        /// The other end was refused a send and waits for room.
        var senderWaits = false
        /// When the newest frame on its way arrives, so that an orderly wire stays in order.
        var lastArrival = 0
        /// What is still on its way to it is dropped.
        var isDeaf = false
    }

    var conditions = NetworkConditions.perfect
    var random: SeededGenerator
    /// Pairs of nodes that have a route to each other at all, both ways.
    private(set) var routes: Set<Way> = []
    /// Ways on which nothing gets through at present.
    private(set) var blocked: Set<Way> = []
    var hosts: [Int: Host] = [:]
    /// Ends by their numbers. The other end may be gone already when its closing has not arrived.
    var ends: [LinkID: End] = [:]
    /// Frames that the network did something to, by what it was.
    var counts = NetworkCounts()
    var shuffler = RunShuffler()

    private let time: VirtualTime
    private let schedule: (NetworkEvent, Int) -> Void
    private var nextLink: UInt64 = 1
    private var nextGeneration = 0

    /// - Parameter schedule: has an event handled after so many milliseconds.
    init(time: VirtualTime, random: SeededGenerator, schedule: @escaping (NetworkEvent, Int) -> Void) {
        self.time = time
        self.random = random
        self.schedule = schedule
    }

    var now: Int { time.now }

    func schedule(_ event: NetworkEvent, in delay: Int) { schedule(event, delay) }

    func newLink() -> LinkID {
        defer { nextLink += 1 }
        return LinkID(rawValue: nextLink)
    }

    func newGeneration() -> Int {
        nextGeneration += 1
        return nextGeneration
    }

    /// Whether frames get from one node to another now.
    func isPassable(from: Int, to: Int) -> Bool {
        routes.contains(Way(from: from, to: to)) && !blocked.contains(Way(from: from, to: to))
    }

    // MARK: - Hosts

    func attach(_ node: Int, key: TransportKey, endpoint: String, admission: @escaping (TransportKey) -> Admission) {
        precondition(hosts[node] == nil, "node \(node) is attached already")
        hosts[node] = Host(key: key, endpoint: endpoint, admission: admission)
    }

    /// Takes a node off the network, as when its process dies.
    ///
    /// - Parameters:
    ///   - isSilent: nobody is told, as when the power fails.
    ///   - isForgotten: what it had sent does not arrive any more.
    func detach(_ node: Int, isSilent: Bool, isForgotten: Bool) {
        guard hosts.removeValue(forKey: node) != nil else { return }
        for (link, end) in sortedEnds where end.holder == node {
            ends[link] = nil
            if isForgotten { ends[end.peer]?.isDeaf = true }
            notifyPeer(of: end, isSilent: isSilent)
        }
    }

    func notifyPeer(of end: End, isSilent: Bool) {
        guard let peer = ends[end.peer] else { return }
        if isSilent || !isPassable(from: end.holder, to: end.peerNode) {
            watch(end.peer)
        } else {
            // The end of a stream arrives after what was sent before it.
            let arrival = max(now + random.number(in: conditions.latency), peer.lastArrival)
            schedule(.hangUp(end.peer), in: arrival - now)
        }
    }

    /// Has the transport's heartbeat look after a link that may be dead.
    private func watch(_ link: LinkID) {
        guard let heartbeat = conditions.heartbeat else { return }
        schedule(.heartbeatMissed(link), in: random.number(in: heartbeat))
    }

    var sortedEnds: [(LinkID, End)] { ends.sorted { $0.key.rawValue < $1.key.rawValue }.map { ($0.key, $0.value) } }

    // MARK: - Partitions

    /// Blocks or clears ways between nodes. Links across a blocked way stay up until somebody notices.
    func setBlocked(_ ways: Set<Way>) {
        blocked = ways
        watchCutLinks()
    }

    /// Changes which pairs have a route at all.
    func setRoutes(_ ways: Set<Way>) {
        routes = ways
        watchCutLinks()
    }

    private func watchCutLinks() {
        for (link, end) in sortedEnds where isCut(end) { watch(link) }
    }

    private func isCut(_ end: End) -> Bool {
        !isPassable(from: end.holder, to: end.peerNode) || !isPassable(from: end.peerNode, to: end.holder)
    }

    /// Breaks the links between two nodes at once; diallers try again.
    func breakLinks(between one: Int, and other: Int) {
        for (link, end) in sortedEnds where end.holder == one && end.peerNode == other { close(link, by: one) }
    }

    /// Handles an event that is due.
    func handle(_ event: NetworkEvent) -> [Delivery] {
        switch event {
        case .attempt(let node, let endpoint, let generation):
            attempt(node, endpoint, generation)
            return []
        case .handshake(let node, let endpoint, let generation, let listener):
            shakeHands(node, endpoint, generation, listener)
            return []
        case .opened(let link):
            guard let end = ends[link] else { return [] }
            return [Delivery(node: end.holder, event: .opened(link, peer: end.key, direction: end.direction))]
        case .arrival(let link, let arrival):
            return arrive(arrival, at: link)
        case .writable(let link):
            return ends[link].map { [Delivery(node: $0.holder, event: .writable(link))] } ?? []
        case .hangUp(let link):
            return drop(link)
        case .heartbeatMissed(let link):
            guard let end = ends[link], ends[end.peer] == nil || isCut(end) else { return [] }
            return drop(link)
        }
    }

    private func arrive(_ arrival: NetworkEvent.Arrival, at link: LinkID) -> [Delivery] {
        guard let end = ends[link] else { return [] }
        if arrival.occupies { makeRoom(at: link, bytes: arrival.frame.count) }
        guard !arrival.isLost, !end.isDeaf, ends[end.peer] != nil || conditions.deliversAfterClose else { return [] }
        return [Delivery(node: end.holder, event: .received(link, arrival.frame))]
    }

    private func makeRoom(at link: LinkID, bytes: Int) {
        guard var end = ends[link] else { return }
        end.frames -= 1
        end.bytes -= bytes
        if end.senderWaits, ends[end.peer] != nil {
            end.senderWaits = false
            schedule(.writable(end.peer), in: 0)
        }
        ends[link] = end
    }
}

/// What a network did.
public struct NetworkCounts: Hashable, Sendable {
    /// Frames that were offered and accepted.
    public var sent = 0
    /// Frames that never arrived.
    public var lost = 0
    /// Frames that arrived twice.
    public var duplicated = 0
    /// Frames that were overtaken.
    public var reordered = 0
    /// Batches whose runs changed places.
    public var scrambled = 0
    /// Links that opened.
    public var links = 0
}
