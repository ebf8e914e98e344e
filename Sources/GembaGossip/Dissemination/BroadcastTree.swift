internal import GembaWire

/// This node's place in the tree along which changes are sent: who is the root, how far away it is, and over which link.
///
/// The root sends a numbered beacon from time to time, which every node passes on over all its links. A node's parent is
/// one from whom the beacon came and who is nearer to the root. So the links to parents are a tree that spans the plant, and
/// a message that is sent over all links of it, from whichever node, comes to every node once.
///
/// Invariant: `parent` told a distance below `distance` with the present beacon, or has told nothing with it yet. As the
/// distances of one beacon fall on the way to the root, no node is its own ancestor.
///
/// Source: Leitão, Pereira, Rodrigues, "Epidemic Broadcast Trees" (SRDS 2007): the first copy of a message makes a tree
/// link, a later one a lazy link (section 3.5), and a parent is changed when another way is shorter by a threshold (section
/// 3.8). Where that lets every payload of its one sender shape the tree, here the root's beacons alone do: payloads of many
/// senders cut a ring in several places at once. Election by the least name and hop counts that only count within one
/// number are those of Perlman, "An Algorithm for Distributed Computation of a Spanning Tree" (SIGCOMM 1985).
struct BroadcastTree<Link: Hashable & Comparable & Sendable>: Sendable {
    /// A message of the root.
    struct Beacon: Hashable, Sendable {
        var root: UInt64
        var number: UInt64
    }

    private let own: UInt64
    private let limits: SessionLimits

    /// The newest beacon; nil while no tree is known.
    private var beacon: Beacon?
    /// The links between this node and the root.
    private(set) var distance: UInt64 = 0
    /// The link to the parent; at the root, or while none is nearer, nil.
    private(set) var parent: Link?
    /// How far from the root those are who passed the present beacon on.
    private var offers: [Link: UInt64] = [:]
    /// When it is decided whether the parent has kept up with the beacon.
    private var decision: Instant?
    /// When the beacon came, or was sent.
    private var renewed = Instant()
    /// Whether the root has been silent for too long, so that any other is better.
    private var isRootLost = false
    /// Roots that fell silent, with the last number, the latest last: what of theirs still goes around is not news.
    private var lost: [Beacon] = []
    private var ownNumber: UInt64 = 0
    private var news: TokenBucket<Instant>

    init(own: UInt64, limits: SessionLimits) {
        self.own = own
        self.limits = limits
        news = TokenBucket(capacity: limits.beaconBurst, refill: limits.beaconRefill)
    }

    /// Whether there is a tree, as far as this node knows.
    var isKnown: Bool { beacon != nil }

    var isRoot: Bool { beacon?.root == own }

    /// Whether this node belongs to a tree and has no way to its root.
    var isOrphaned: Bool { isKnown && !isRoot && parent == nil }

    /// What a neighbour is told.
    func message(wantsPush: Bool) -> TreeMessage {
        guard let beacon else { return TreeMessage(root: own, number: 0, hops: 0, wantsPush: wantsPush) }
        return TreeMessage(root: beacon.root, number: beacon.number, hops: distance, wantsPush: wantsPush)
    }

    // MARK: - Inputs

    /// Takes a beacon in, and returns whether it is news that is passed on.
    mutating func receive(_ message: TreeMessage, from link: Link, at now: Instant) -> Bool {
        guard message.number > 0, message.hops < Limits.treeHops else {
            offers[link] = nil
            return false
        }
        let received = Beacon(root: message.root, number: message.number)
        if received == beacon {
            offers[link] = message.hops
            if link == parent, message.hops < distance { decision = nil }
            return false
        }
        guard isNews(received), news.take(at: now) else { return false }
        let isSameRoot = received.root == beacon?.root
        take(received, at: now)
        offers = [link: message.hops]
        let direct = message.hops + 1
        if isSameRoot, let parent, direct + limits.worthwhileHops > distance {
            // The parent gets the time to pass it on, too.
            decision = link == parent && message.hops < distance ? nil : now.advanced(by: limits.beaconGrace)
        } else {
            distance = direct
            parent = link
            decision = nil
        }
        return true
    }

    private func isNews(_ received: Beacon) -> Bool {
        guard received.root != own else { return false }
        if lost.contains(where: { $0.root == received.root && $0.number >= received.number }) { return false }
        guard let beacon else { return true }
        if received.root == beacon.root { return received.number > beacon.number }
        return isRootLost || received.root < beacon.root
    }

    /// Whoever brought what did not come from the parent in time takes its place, if that makes no circle.
    mutating func prefer(_ link: Link) {
        guard let offer = offers[link], offer < distance else { return }
        parent = link
        decision = nil
    }

    /// A link is gone.
    mutating func close(_ link: Link) {
        offers[link] = nil
        if link == parent { parent = nearest }
    }

    /// Lets time pass, and returns whether there is a new beacon to pass on.
    ///
    /// - Parameter isCrowded: whether this node has so many links that a tree is wanted.
    mutating func tick(at now: Instant, isCrowded: Bool) -> Bool {
        if let decision, now >= decision { decide() }
        let age = renewed.duration(to: now)
        guard let beacon else { return isCrowded ? becomeRoot(at: now) : false }
        if isRoot {
            if !isCrowded { leave() }
            return isCrowded && age >= limits.beaconPeriod ? becomeRoot(at: now) : false
        }
        if age >= limits.rootLife, !isRootLost {
            isRootLost = true
            lost = lost.suffix(Self.rememberedRoots - 1) + [beacon]
        }
        if isCrowded, isRootLost || own < beacon.root { return becomeRoot(at: now) }
        if age >= limits.rootLife * 2 { leave() }
        return false
    }

    /// Roots whose last beacons may still go around: several can fall silent within a minute.
    private static var rememberedRoots: Int { 8 }

    // MARK: - Course

    private mutating func take(_ beacon: Beacon, at now: Instant) {
        self.beacon = beacon
        renewed = now
        isRootLost = false
    }

    private mutating func becomeRoot(at now: Instant) -> Bool {
        ownNumber += 1
        take(Beacon(root: own, number: ownNumber), at: now)
        distance = 0
        offers = [:]
        // Until it is clear that nobody is better, the old tree still serves.
        if parent != nil { decision = now.advanced(by: limits.beaconGrace) }
        return true
    }

    private mutating func leave() {
        beacon = nil
        parent = nil
        offers = [:]
        decision = nil
    }

    /// The beacon did not come from the parent, or from farther away than others.
    private mutating func decide() {
        decision = nil
        if let parent, let offer = offers[parent], offer < distance { return }
        parent = nearest
    }

    /// The link over which the way to the root is the shortest of those that make no circle.
    private var nearest: Link? {
        offers.filter { $0.value < distance }.min { ($0.value, $0.key) < ($1.value, $1.key) }?.key
    }
}
