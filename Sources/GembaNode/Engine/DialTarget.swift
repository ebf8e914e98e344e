import GembaGossip
import GembaTrust
import GembaWire

/// One endpoint that is dialled, and which key is expected there.
///
/// An endpoint alone does not say who answers, and CURVE needs the server's key in advance. It is, in this order: given
/// with the address; the one that answered last time; that of a member whose roster record names the endpoint; that of
/// other members, one after another. The transport is asked for a hint meanwhile, because the one who answers may have
/// enrolled without this node having heard of it.
struct DialTarget {
    let endpoint: String
    /// The key given with the address.
    private let configured: TransportKey?
    /// The key that answered before, or that a hint names.
    private var learnt: TransportKey?
    private var current: TransportKey?
    private var changed: Instant
    private var asked: Instant?
    private var tried: Set<TransportKey> = []
    private var rest: Rest?

    /// Why an endpoint is not dialled for now.
    enum Rest {
        /// Another link leads to the same process.
        case whileOpen(LinkID)
        /// It led back to this process, or to one that said it is reached over another link.
        case until(Instant)
    }

    /// How long a member is tried before the next. A connection on a plant's network is up within milliseconds.
    private static let patience = Duration.milliseconds(1200)
    /// How long a key that answered before is tried until the machine at the endpoint may be another.
    private static let memory = Duration.seconds(10)
    /// How often a hint is asked for.
    private static let inquiryPeriod = Duration.seconds(1)

    init(endpoint: String, configured: TransportKey?, at instant: Instant) {
        self.endpoint = endpoint
        self.configured = configured
        changed = instant
    }

    /// The key to dial now, or nil when there is nothing to do.
    ///
    /// - Parameters:
    ///   - links: the live links and the keys at their ends. Members that are reached already are looked for last, but they
    ///     are: a clone of the member may hold the other link.
    ///   - isRefused: whether a key is a former member's.
    mutating func next(
        roster: Roster, own: StationKey, links: [LinkID: TransportKey], at instant: Instant,
        isRefused: (TransportKey) -> Bool
    ) -> TransportKey? {
        switch rest {
        case .whileOpen(let link)? where links[link] != nil: return nil
        case .until(let end)? where instant < end: return nil
        default: rest = nil
        }
        if let wanted = configured ?? learnt {
            if isRefused(wanted) { return nil }
            if current != wanted { return dial(wanted, at: instant) }
            if configured != nil || changed.duration(to: instant) < Self.memory { return nil }
            learnt = nil
        }
        if current != nil, changed.duration(to: instant) < Self.patience { return nil }
        let candidates = candidates(in: roster, own: own, reached: Set(links.values))
        if candidates.allSatisfy(tried.contains) { tried.removeAll() }
        guard let key = candidates.first(where: { !tried.contains($0) }) else { return nil }
        tried.insert(key)
        return key == current ? nil : dial(key, at: instant)
    }

    /// Gives up whoever is dialled and is a former member now. It is dialled again when it is a member again.
    ///
    /// - Returns: whether somebody was given up.
    mutating func giveUp(where isRefused: (TransportKey) -> Bool) -> Bool {
        if let learnt, isRefused(learnt) { self.learnt = nil }
        guard let current, isRefused(current) else { return false }
        self.current = nil
        return true
    }

    private mutating func dial(_ key: TransportKey, at instant: Instant) -> TransportKey {
        changed = instant
        current = key
        return key
    }

    /// Whether the transport should be asked now who answers.
    mutating func isInquiryDue(at instant: Instant) -> Bool {
        guard configured == nil, learnt == nil else { return false }
        if let asked, asked.duration(to: instant) < Self.inquiryPeriod { return false }
        asked = instant
        return true
    }

    /// A link is up: whoever answers holds this key.
    mutating func answered(with key: TransportKey) { learnt = key }

    /// Takes a hint, unless something better is known.
    mutating func take(hint key: TransportKey) { learnt = learnt ?? key }

    /// The link is gone; it is dialled again.
    mutating func lost(at instant: Instant) { changed = instant }

    /// The one who answered was no member: look further.
    mutating func distrust(at instant: Instant) {
        learnt = nil
        changed = instant
    }

    /// The transport no longer dials, for a reason that passes.
    mutating func take(_ rest: Rest) {
        self.rest = rest
        current = nil
    }

    /// All other members' keys, the likeliest first.
    private func candidates(in roster: Roster, own: StationKey, reached: Set<TransportKey>) -> [TransportKey] {
        let members = roster.members.values.filter { $0.station != own }
        let ranked = members.map { member in
            (isReached: reached.contains(member.transport) ? 1 : 0, order: order(of: member), key: member.transport)
        }
        return ranked.sorted { ($0.isReached, $0.order, $0.key) < ($1.isReached, $1.order, $1.key) }.map(\.key)
    }

    private func order(of member: RosterMember) -> Int {
        if member.endpoints.contains(endpoint) { return 0 }
        if member.endpoints.isEmpty { return member.role == .relay ? 1 : 2 }
        return 3
    }
}
