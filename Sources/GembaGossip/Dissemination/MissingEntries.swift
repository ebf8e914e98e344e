internal import GembaCausality
internal import GembaWire

/// What others announced and this node does not hold, and whom to ask for it when it does not come.
///
/// Source: Leitão, Pereira, Rodrigues, "Epidemic Broadcast Trees" (SRDS 2007), section 3.6 (tree repair): a timer runs from
/// the first announcement on; when it ends, the first announcer is asked, then the next.
struct MissingEntries<Link: Hashable & Comparable & Sendable>: Sendable {
    private struct Missing: Sendable {
        /// The last entry of the log that somebody holds.
        var sequence: SequenceNumber
        /// When the wait began: something of the log came, or somebody was asked.
        var since: Instant
        /// Who announced the log, in the order of their announcements.
        var announcers: [Link]
        /// How many of them were asked.
        var asked = 0
    }

    private let patience: Duration
    /// Logs of which something may be missing at a time, as many as a peer may name.
    private let capacity: Int
    private var logs: [ReplicaID: Missing] = [:]

    init(limits: SessionLimits) {
        patience = limits.missingPatience
        capacity = limits.replicas
    }

    /// A peer announced entries that are not held here.
    mutating func note(_ references: [ChangeReference], from link: Link, at now: Instant) {
        for reference in references {
            guard logs[reference.replica] != nil || logs.count < capacity else { continue }
            var missing = logs[reference.replica] ?? Missing(sequence: 0, since: now, announcers: [])
            missing.sequence = max(missing.sequence, reference.sequence)
            if !missing.announcers.contains(link) { missing.announcers.append(link) }
            logs[reference.replica] = missing
        }
    }

    /// These are held now. A log that goes on is not late.
    mutating func noteHeld(_ tips: [ChangeReference], at now: Instant) {
        for tip in tips {
            guard let missing = logs[tip.replica] else { continue }
            if tip.sequence >= missing.sequence { logs[tip.replica] = nil } else { logs[tip.replica]?.since = now }
        }
    }

    /// All waits begin anew, because what is missing is most likely on its way.
    mutating func postpone(at now: Instant) { for replica in logs.keys { logs[replica]?.since = now } }

    /// A link is gone, and nobody can be asked over it.
    mutating func forget(_ link: Link) {
        for (replica, missing) in logs {
            guard let index = missing.announcers.firstIndex(of: link) else { continue }
            logs[replica]?.announcers.remove(at: index)
            if index < missing.asked { logs[replica]?.asked -= 1 }
            if missing.announcers.count == 1 { logs[replica] = nil }
        }
    }

    /// Whom to ask now, and with whom to compare everything because none of those asked brought what they had announced.
    mutating func takeDue(at now: Instant) -> (ask: Set<Link>, compare: Set<Link>) {
        var ask: Set<Link> = []
        var compare: Set<Link> = []
        let due = logs.filter { $0.value.since.duration(to: now) >= patience }
        for (replica, missing) in due.sorted(by: { $0.key < $1.key }) {
            let rest = missing.announcers[missing.asked...]
            guard let next = rest.firstIndex(where: ask.contains) ?? rest.indices.first else {
                if let last = missing.announcers.last { compare.insert(last) }
                logs[replica] = nil
                continue
            }
            // One who is asked anyway goes first: most likely one link broke and what came over it is all there.
            ask.insert(missing.announcers[next])
            logs[replica]?.announcers.swapAt(missing.asked, next)
            logs[replica]?.asked += 1
            logs[replica]?.since = now
        }
        return (ask, compare)
    }
}
