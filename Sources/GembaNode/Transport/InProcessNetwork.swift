internal import GembaWire

/// The state of an ``InProcessHub``: its nodes, and the links between them.
///
/// It does nothing by itself; nodes that have something to do are woken.
struct InProcessNetwork {
    struct NodeID: Hashable {
        fileprivate let number: Int
    }

    /// One attempt of a node to reach an endpoint, which the listener has not judged yet.
    struct Call {
        let caller: NodeID
        let key: TransportKey
        let endpoint: String
        let listener: NodeID
        let admission: @Sendable (TransportKey) -> Admission
    }

    private struct Node {
        let key: TransportKey
        let listen: [String]
        let wake: AsyncStream<Void>.Continuation
        var hasStarted = false
        /// Invariant: not nil while the node runs, and only then.
        var admission: (@Sendable (TransportKey) -> Admission)?
        var dialled: [String: TransportKey] = [:]
        /// Events that the node has not taken yet.
        ///
        /// Frames among them are bounded by their links.
        var inbox: [TransportEvent] = []
    }

    /// One side of a link, as the node that holds it sees it.
    private struct End {
        let holder: NodeID
        let peer: LinkID
        let direction: TransportEvent.Direction
        var isLobby: Bool
        /// Frames in the holder's inbox.
        var frames = 0
        var bytes = 0
        /// The holder was refused a send and waits for room.
        var isWaiting = false
    }

    private struct Pair: Hashable {
        let keys: Set<TransportKey>
    }

    private var nodes: [NodeID: Node] = [:]
    /// Invariant: the peer of every end is an end whose peer it is.
    private var ends: [LinkID: End] = [:]
    private var cuts: Set<Pair> = []
    private var nextNode = 0

    private func end(at endpoint: String, of node: NodeID) -> LinkID? {
        ends.first { $0.value.holder == node && $0.value.direction == .dialled(endpoint) }?.key
    }

    private func listener(at endpoint: String) -> NodeID? {
        nodes.first { $0.value.admission != nil && $0.value.listen.contains(endpoint) }?.key
    }
}

// MARK: - Nodes

extension InProcessNetwork {
    mutating func addNode(key: TransportKey, listen: [String], wake: AsyncStream<Void>.Continuation) -> NodeID {
        let node = NodeID(number: nextNode)
        nextNode += 1
        nodes[node] = Node(key: key, listen: listen, wake: wake)
        return node
    }

    mutating func start(
        _ node: NodeID, admission: @escaping @Sendable (TransportKey) -> Admission
    ) throws(TransportError) {
        precondition(nodes[node]?.hasStarted == false, "a transport runs once")
        nodes[node]?.hasStarted = true
        for endpoint in nodes[node]?.listen ?? [] {
            guard listener(at: endpoint) == nil else {
                throw TransportError(
                    code: .addressInUse,
                    message: "another transport listens at \(endpoint); stop it or choose another endpoint")
            }
        }
        nodes[node]?.admission = admission
        for endpoint in nodes[node]?.listen ?? [] { post(.listening(endpoint), to: node) }
        nodes[node]?.wake.yield()
    }

    mutating func stop(_ node: NodeID) -> [TransportEvent] {
        nodes[node]?.admission = nil
        nodes[node]?.dialled = [:]
        for (link, end) in ends where end.holder == node { closeLink(link) }
        defer { nodes[node]?.inbox = [] }
        return nodes[node]?.inbox ?? []
    }

    mutating func forget(_ node: NodeID) {
        _ = stop(node)
        nodes[node] = nil
    }

    mutating func nextEvent(of node: NodeID) -> TransportEvent? {
        guard let inbox = nodes[node]?.inbox, !inbox.isEmpty else { return nil }
        guard let event = nodes[node]?.inbox.removeFirst() else { return nil }
        if case .received(let link, let frame) = event { makeRoom(on: link, for: frame) }
        return event
    }

    private mutating func post(_ event: TransportEvent, to node: NodeID) {
        nodes[node]?.inbox.append(event)
        nodes[node]?.wake.yield()
    }
}

// MARK: - Dialling

extension InProcessNetwork {
    mutating func dial(_ endpoint: String, peer: TransportKey, from node: NodeID) {
        let previous = nodes[node]?.dialled.updateValue(peer, forKey: endpoint)
        if let previous, previous != peer, let link = end(at: endpoint, of: node) { closeLink(link) }
        nodes[node]?.wake.yield()
    }

    mutating func hangUp(_ endpoint: String, from node: NodeID) {
        nodes[node]?.dialled[endpoint] = nil
        if let link = end(at: endpoint, of: node) { closeLink(link) }
    }

    func wakeIfDialling(_ node: NodeID) {
        guard let caller = nodes[node] else { return }
        if caller.dialled.keys.contains(where: { end(at: $0, of: node) == nil }) { caller.wake.yield() }
    }

    /// The attempts that `node` makes now: those whose listener runs, has the expected key and is not cut off.
    func calls(of node: NodeID) -> [Call] {
        guard let caller = nodes[node], caller.admission != nil else { return [] }
        return caller.dialled.compactMap { endpoint, peer in
            guard end(at: endpoint, of: node) == nil, let listener = listener(at: endpoint),
                let called = nodes[listener], let admission = called.admission, called.key == peer,
                !cuts.contains(Pair(keys: [caller.key, peer]))
            else { return nil }
            return Call(
                caller: node, key: caller.key, endpoint: endpoint, listener: listener, admission: admission)
        }
    }

    /// The lobby links that `node` has accepted, with the keys at their other ends.
    func guests(of node: NodeID) -> [(LinkID, TransportKey)] {
        ends.compactMap { link, end in
            guard end.isLobby, end.holder == node, let guest = ends[end.peer]?.holder, let key = nodes[guest]?.key
            else { return nil }
            return (link, key)
        }
    }

    mutating func promote(_ link: LinkID) { ends[link]?.isLobby = false }

    /// Opens both ends of a link, unless it was refused or the ground for the call has gone meanwhile.
    mutating func connect(_ call: Call, _ verdict: Admission) {
        if verdict == .refused { post(.refused(.connection), to: call.listener) }
        guard verdict != .refused, let caller = nodes[call.caller], let called = nodes[call.listener],
            caller.admission != nil, called.admission != nil, caller.dialled[call.endpoint] == called.key,
            end(at: call.endpoint, of: call.caller) == nil, !cuts.contains(Pair(keys: [caller.key, called.key]))
        else { return }
        let isLobby = verdict == .lobby
        if isLobby {
            guard guests(of: call.listener).count < TransportLimits.lobbyLinks else { return }
        }
        let (near, far) = (LinkID.unused(), LinkID.unused())
        ends[near] = End(holder: call.caller, peer: far, direction: .dialled(call.endpoint), isLobby: false)
        ends[far] = End(holder: call.listener, peer: near, direction: .accepted, isLobby: isLobby)
        post(.opened(near, peer: called.key, direction: .dialled(call.endpoint)), to: call.caller)
        post(.opened(far, peer: caller.key, direction: .accepted), to: call.listener)
    }
}

// MARK: - Links

extension InProcessNetwork {
    func holds(_ link: LinkID, _ node: NodeID) -> Bool { ends[link]?.holder == node }

    mutating func send(_ frame: [UInt8], on link: LinkID, from node: NodeID) -> Bool {
        guard TransportLimits.carries(frame), holds(link, node), let peer = ends[link]?.peer, let far = ends[peer]
        else {
            return false
        }
        guard TransportLimits.fits(frame.count, whenQueued: far.frames, queuedBytes: far.bytes) else {
            ends[link]?.isWaiting = true
            return false
        }
        ends[peer]?.frames += 1
        ends[peer]?.bytes += frame.count
        post(.received(peer, frame), to: far.holder)
        return true
    }

    private mutating func makeRoom(on link: LinkID, for frame: [UInt8]) {
        guard let end = ends[link] else { return }
        ends[link]?.frames -= 1
        ends[link]?.bytes -= frame.count
        guard let sender = ends[end.peer], sender.isWaiting else { return }
        ends[end.peer]?.isWaiting = false
        post(.writable(end.peer), to: sender.holder)
    }

    /// Closes both ends. Frames on their way to this one are lost; those to the other arrive before it hears of the end.
    mutating func closeLink(_ link: LinkID) {
        guard let end = ends.removeValue(forKey: link), let peer = ends.removeValue(forKey: end.peer) else { return }
        forgetFrames(on: link, to: end.holder)
        post(.closed(link), to: end.holder)
        post(.closed(end.peer), to: peer.holder)
    }

    private mutating func forgetFrames(on link: LinkID, to node: NodeID) {
        nodes[node]?.inbox.removeAll { event in
            switch event {
            case .received(link, _), .writable(link): true
            default: false
            }
        }
    }

    mutating func cut(_ one: TransportKey, _ other: TransportKey) {
        cuts.insert(Pair(keys: [one, other]))
        for (link, end) in ends {
            guard let peer = ends[end.peer], let near = nodes[end.holder], let far = nodes[peer.holder] else {
                continue
            }
            guard Set([near.key, far.key]) == Set([one, other]) else { continue }
            forgetFrames(on: end.peer, to: peer.holder)
            closeLink(link)
        }
    }

    mutating func heal(_ one: TransportKey, _ other: TransportKey) {
        cuts.remove(Pair(keys: [one, other]))
        for node in nodes.values where node.key == one || node.key == other { node.wake.yield() }
    }
}
