import GembaNode
import GembaWire

// MARK: - Dialling

extension SimulatedNetwork {
    /// How long a dialler waits between attempts, as a real transport does.
    private static let redial: ClosedRange<Duration> = .milliseconds(100) ... .milliseconds(2_000)

    func dial(_ endpoint: String, peer: TransportKey, from node: Int) {
        guard let known = hosts[node]?.dials[endpoint] else {
            start(Dial(peer: peer, generation: newGeneration(), backoff: Backoff(Self.redial)), endpoint, of: node)
            return
        }
        if known.peer == peer { return }
        if let link = known.link { close(link, by: node) }
        start(Dial(peer: peer, generation: newGeneration(), backoff: Backoff(Self.redial)), endpoint, of: node)
    }

    private func start(_ dial: Dial, _ endpoint: String, of node: Int) {
        guard hosts[node] != nil else { return }
        hosts[node]?.dials[endpoint] = dial
        schedule(.attempt(node: node, endpoint: endpoint, generation: dial.generation), in: 0)
    }

    func hangUp(_ endpoint: String, from node: Int) {
        guard let dial = hosts[node]?.dials.removeValue(forKey: endpoint) else { return }
        if let link = dial.link { close(link, by: node) }
    }

    /// Tries again after a while.
    private func retry(_ endpoint: String, of node: Int) {
        guard var dial = hosts[node]?.dials[endpoint] else { return }
        dial.link = nil
        let wait = dial.backoff.next(using: &random)
        hosts[node]?.dials[endpoint] = dial
        schedule(
            .attempt(node: node, endpoint: endpoint, generation: dial.generation),
            in: Int(wait.components.seconds * 1000 + wait.components.attoseconds / 1_000_000_000_000_000))
    }

    private func isDue(_ node: Int, _ endpoint: String, _ generation: Int) -> Dial? {
        hosts[node]?.dials[endpoint].flatMap { $0.generation == generation && $0.link == nil ? $0 : nil }
    }

    private func listener(at endpoint: String, key: TransportKey) -> Int? {
        hosts.keys.sorted().first { hosts[$0]?.endpoint == endpoint && hosts[$0]?.key == key }
    }

    func attempt(_ node: Int, _ endpoint: String, _ generation: Int) {
        guard let dial = isDue(node, endpoint, generation) else { return }
        guard let listener = listener(at: endpoint, key: dial.peer), isTwoWay(node, listener) else {
            retry(endpoint, of: node)
            return
        }
        let delay = (0..<3).reduce(0) { total, _ in total + random.number(in: conditions.latency) }
        schedule(.handshake(node: node, endpoint: endpoint, generation: generation, listener: listener), in: delay)
    }

    private func isTwoWay(_ one: Int, _ other: Int) -> Bool {
        isPassable(from: one, to: other) && isPassable(from: other, to: one)
    }

    func shakeHands(_ node: Int, _ endpoint: String, _ generation: Int, _ listener: Int) {
        guard let dial = isDue(node, endpoint, generation) else { return }
        guard let called = hosts[listener], called.endpoint == endpoint, called.key == dial.peer, node != listener,
            isTwoWay(node, listener), let caller = hosts[node], admits(caller.key, at: listener, called)
        else {
            retry(endpoint, of: node)
            return
        }
        let (near, far) = (newLink(), newLink())
        let arrival = now + random.number(in: conditions.latency)
        ends[near] = End(
            holder: node, peer: far, peerNode: listener, key: called.key, direction: .dialled(endpoint), opens: now)
        ends[far] = End(
            holder: listener, peer: near, peerNode: node, key: caller.key, direction: .accepted, opens: arrival)
        hosts[node]?.dials[endpoint]?.link = near
        counts.links += 1
        schedule(.opened(near), in: 0)
        schedule(.opened(far), in: arrival - now)
    }

    private func admits(_ key: TransportKey, at listener: Int, _ host: Host) -> Bool {
        switch host.admission(key) {
        case .member: true
        case .refused: false
        case .lobby:
            ends.values.count { end in
                end.holder == listener && end.direction == .accepted && host.admission(end.key) == .lobby
            } < TransportLimits.lobbyLinks
        }
    }
}

// MARK: - Links

extension SimulatedNetwork {
    func send(_ frame: [UInt8], on link: LinkID, from node: Int) -> Bool {
        guard TransportLimits.carries(frame), let near = ends[link], near.holder == node else { return false }
        guard var far = ends[near.peer] else {
            // The other end is gone and this one has not heard of it: the frame goes nowhere.
            counts.lost += 1
            return true
        }
        guard TransportLimits.fits(frame.count, whenQueued: far.frames, queuedBytes: far.bytes) else {
            ends[near.peer]?.senderWaits = true
            return false
        }
        counts.sent += 1
        far.frames += 1
        far.bytes += frame.count
        var arrival = NetworkEvent.Arrival(frame: scrambled(frame))
        arrival.isLost = !isPassable(from: node, to: near.peerNode) || random.chance(conditions.loss)
        if arrival.isLost { counts.lost += 1 }
        schedule(.arrival(near.peer, arrival), in: arrivalTime(at: &far) - now)
        if random.chance(conditions.duplication) {
            counts.duplicated += 1
            arrival.occupies = false
            schedule(.arrival(near.peer, arrival), in: arrivalTime(at: &far) - now)
        }
        ends[near.peer] = far
        return true
    }

    private func arrivalTime(at end: inout End) -> Int {
        var time = max(now + random.number(in: conditions.latency), end.opens)
        if random.chance(conditions.reordering) {
            counts.reordered += 1
            time += random.number(in: 0...4 * conditions.latency.upperBound)
        } else {
            time = max(time, end.lastArrival)
            end.lastArrival = time
        }
        return time
    }

    /// A batch whose runs changed places, when it is the turn of one.
    private func scrambled(_ frame: [UInt8]) -> [UInt8] {
        let isTurn = random.chance(conditions.scrambling)
        let (frame, isChanged) = shuffler.shuffle(
            frame, begins: conditions.scrambling > 0, isTurn: isTurn, using: &random)
        if isChanged { counts.scrambled += 1 }
        return frame
    }

    /// Closes an end for its holder; the other learns of it later.
    func close(_ link: LinkID, by node: Int) {
        guard let end = ends[link], end.holder == node else { return }
        ends[link] = nil
        notifyPeer(of: end, isSilent: false)
        redial(after: end, link)
    }

    /// Takes an end away from a holder that did not ask for it.
    func drop(_ link: LinkID) -> [Delivery] {
        guard let end = ends.removeValue(forKey: link) else { return [] }
        notifyPeer(of: end, isSilent: false)
        redial(after: end, link)
        return [Delivery(node: end.holder, event: .closed(link))]
    }

    private func redial(after end: End, _ link: LinkID) {
        guard case .dialled(let endpoint) = end.direction, var dial = hosts[end.holder]?.dials[endpoint],
            dial.link == link
        else { return }
        dial.link = nil
        dial.backoff.reset()
        hosts[end.holder]?.dials[endpoint] = dial
        retry(endpoint, of: end.holder)
    }
}
