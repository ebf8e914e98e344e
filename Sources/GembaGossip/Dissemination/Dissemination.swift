public import GembaWire

/// Decides over which links a node sends what is new at once, and over which it only announces it.
///
/// In a plant of few links everything is sent over all of them. As soon as a node has more than
/// ``SessionLimits/pushedLinks``, a tree is made that spans the plant (``BroadcastTree``), and changes are sent along it. The
/// other links carry announcements, and whoever lacks for a while what was announced takes the link into the tree.
///
/// It decides only about when and how often a change is sent. Whatever is wrong here, what one end of a link holds and the
/// other does not is announced until it is there, and rounds of comparison find what is left.
///
/// One for each node, and pure: inputs bring the time along, and what is to be done comes back as actions.
public struct Dissemination<Link: Hashable & Comparable & Sendable>: Sendable {
    private let limits: SessionLimits
    private var tree: BroadcastTree<Link>
    private var missing: MissingEntries<Link>
    private var links: [Link: Standing] = [:]

    /// What the two ends of a link want of each other.
    private struct Standing: Sendable {
        /// What the peer wants, and when it last said so; nil before it has.
        var theirs: (wantsPush: Bool, at: Instant)?
        /// What the peer was told, and when; nil before it was.
        var told: (wantsPush: Bool, at: Instant)?
        /// Until when this end wants to be sent everything although the link is not its way to the root.
        var graftedUntil: Instant?
        /// Whether the session was told to send what is new; it does until it is told.
        var isPushing = true
    }

    /// Creates the dissemination of a process.
    ///
    /// - Parameter nonce: the name of the process, as in its hellos. The least in the plant becomes the root.
    public init(nonce: UInt64, limits: SessionLimits = SessionLimits()) {
        self.limits = limits
        tree = BroadcastTree(own: nonce, limits: limits)
        missing = MissingEntries(limits: limits)
    }

    /// Whether changes are sent along a tree, and not over all links.
    public var hasTree: Bool { tree.isKnown }

    /// How many links away the root of the tree is; nil without a tree.
    public var distance: UInt64? { tree.isKnown ? tree.distance : nil }

    /// The links over which what is new is sent at once.
    public var pushedLinks: Set<Link> { Set(links.filter(\.value.isPushing).keys) }

    // MARK: - Inputs: links

    /// A peer that understands announcements is reached over a link, for the first time or after it started again.
    public mutating func open(_ link: Link, at now: Instant) -> [DisseminationAction<Link>] {
        var actions = close(link, at: now)
        links[link] = Standing()
        if tree.isKnown { tell(link, at: now, into: &actions) }
        settle(at: now, into: &actions)
        return actions
    }

    /// A link is gone.
    public mutating func close(_ link: Link, at now: Instant) -> [DisseminationAction<Link>] {
        guard links.removeValue(forKey: link) != nil else { return [] }
        tree.close(link)
        missing.forget(link)
        var actions: [DisseminationAction<Link>] = []
        settle(at: now, into: &actions)
        return actions
    }

    // MARK: - Inputs: what peers say

    /// A peer passed a beacon on, and said what it wants.
    public mutating func receive(
        _ message: TreeMessage, from link: Link, at now: Instant
    ) -> [DisseminationAction<Link>] {
        guard links[link] != nil else { return [] }
        links[link]?.theirs = (message.wantsPush, now)
        var actions: [DisseminationAction<Link>] = []
        if tree.receive(message, from: link, at: now) { tellAll(at: now, into: &actions) }
        settle(at: now, into: &actions)
        return actions
    }

    /// A peer announced entries that this node lacks.
    public mutating func noteLacking(_ references: [ChangeReference], from link: Link, at now: Instant) {
        guard links[link] != nil else { return }
        missing.note(references, from: link, at: now)
    }

    // MARK: - Inputs: what arrives

    /// This node holds new entries.
    public mutating func noteHeld(_ tips: [ChangeReference], at now: Instant) { missing.noteHeld(tips, at: now) }

    /// Entries that came over a link were stored, and others among them were held before.
    public mutating func noteApplied(
        new: Int, repeated: Int, from link: Link, at now: Instant
    ) -> [DisseminationAction<Link>] {
        guard repeated > new, let standing = links[link] else { return [] }
        var actions: [DisseminationAction<Link>] = []
        links[link]?.graftedUntil = nil
        settle(at: now, into: &actions)
        // The peer may not have heard that it need not send everything.
        if let told = standing.told, !told.wantsPush, told.at.duration(to: now) >= limits.confirmation {
            tell(link, at: now, into: &actions)
        }
        return actions
    }

    // MARK: - Inputs: time

    /// Lets time pass. Called several times a second.
    ///
    /// - Parameter isCatchingUp: whether what was found lacking in a comparison is coming, so that nobody is asked for more.
    public mutating func tick(at now: Instant, isCatchingUp: Bool) -> [DisseminationAction<Link>] {
        var actions: [DisseminationAction<Link>] = []
        if tree.tick(at: now, isCrowded: links.count > limits.pushedLinks) { tellAll(at: now, into: &actions) }
        if isCatchingUp { missing.postpone(at: now) } else { askForMissing(at: now, into: &actions) }
        settle(at: now, into: &actions)
        return actions
    }

    private mutating func askForMissing(at now: Instant, into actions: inout [DisseminationAction<Link>]) {
        let due = missing.takeDue(at: now)
        let end = now.advanced(by: limits.graftLife)
        for link in due.ask.sorted() where links[link] != nil {
            links[link]?.graftedUntil = end
            tree.prefer(link)
            tell(link, at: now, into: &actions)
        }
        for link in due.compare.sorted() { actions.append(.compare(link)) }
    }

    // MARK: - Course

    /// Whether this end wants everything sent over a link.
    private func wantsPush(over link: Link, _ standing: Standing, at now: Instant) -> Bool {
        !tree.isKnown || tree.isOrphaned || tree.parent == link || standing.graftedUntil.map { now < $0 } ?? false
    }

    /// Whether this end sends everything over a link: one end wants it, or it is not known that neither does.
    private func isPushing(_ standing: Standing, wantsPush: Bool, at now: Instant) -> Bool {
        guard !wantsPush, let theirs = standing.theirs, theirs.at.duration(to: now) < limits.wishLife else {
            return true
        }
        return theirs.wantsPush
    }

    /// Tells peers what changed in what this end wants of them, and sessions what changed in what they are to do.
    private mutating func settle(at now: Instant, into actions: inout [DisseminationAction<Link>]) {
        for (link, standing) in links.sorted(by: { $0.key < $1.key }) {
            let wantsPush = wantsPush(over: link, standing, at: now)
            if wantsPush != standing.told?.wantsPush ?? true { tell(link, at: now, into: &actions) }
            let isPushing = isPushing(standing, wantsPush: wantsPush, at: now)
            guard isPushing != standing.isPushing else { continue }
            links[link]?.isPushing = isPushing
            actions.append(.push(link, isPushing))
        }
    }

    private mutating func tellAll(at now: Instant, into actions: inout [DisseminationAction<Link>]) {
        for link in links.keys.sorted() { tell(link, at: now, into: &actions) }
    }

    private mutating func tell(_ link: Link, at now: Instant, into actions: inout [DisseminationAction<Link>]) {
        guard let standing = links[link] else { return }
        let wantsPush = wantsPush(over: link, standing, at: now)
        links[link]?.told = (wantsPush, now)
        actions.append(.tell(link, tree.message(wantsPush: wantsPush)))
    }
}

/// What a node's dissemination wants done by the shell that owns it and its sessions.
public enum DisseminationAction<Link: Hashable & Sendable>: Hashable, Sendable {
    /// Pass this on to the peer: ``Session/tell(_:at:)``.
    case tell(Link, TreeMessage)
    /// Send what is new over the link, or only announce it: ``Session/setPush(_:at:)``.
    case push(Link, Bool)
    /// Compare everything with the peer: ``Session/compare(at:)``.
    case compare(Link)
}
