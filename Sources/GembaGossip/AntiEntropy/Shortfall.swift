internal import GembaCausality
internal import GembaWire

/// What the peer was found to hold and this node lacks.
struct Shortfall: Sendable {
    private var gaps: [ReplicaID: Gap] = [:]
    /// The entries that the peer has still to send. A gap whose end was delivered and left out is none of them.
    private var awaited: [ReplicaID: SequenceNumber] = [:]

    private struct Gap: Sendable {
        var held: SequenceNumber?
        /// Invariant: beyond `held`.
        var offered: SequenceNumber

        var changes: UInt64 {
            let (changes, overflow) = held.map { (offered - $0, false) } ?? offered.addingReportingOverflow(1)
            return overflow ? .max : changes
        }
    }

    init() {}

    /// The entries of the peer that lie beyond ours.
    init(of lacking: [ChangeReference], ours: VectorSnapshot) {
        for entry in lacking {
            gaps[entry.replica] = Gap(held: ours[entry.replica]?.sequence, offered: entry.sequence)
            awaited[entry.replica] = entry.sequence
        }
    }

    /// Whether this node holds all of it.
    var isEmpty: Bool { gaps.isEmpty }

    /// Whether all of it has come, even if this node could not take it.
    var isDelivered: Bool { awaited.isEmpty }

    /// How many changes are lacking. A peer may claim anything, so the sum saturates.
    var changes: UInt64 {
        gaps.values.reduce(0) { sum, gap in
            let (sum, overflow) = sum.addingReportingOverflow(gap.changes)
            return overflow ? .max : sum
        }
    }

    /// Notes that this node holds the dots, and returns whether that was news.
    mutating func noteHeld(_ dots: [Dot]) -> Bool {
        guard !gaps.isEmpty else { return false }
        noteDelivered(dots)
        var isNews = false
        for dot in dots {
            guard let gap = gaps[dot.replica], gap.held.map({ dot.sequence > $0 }) ?? true else { continue }
            gaps[dot.replica] = dot.sequence < gap.offered ? Gap(held: dot.sequence, offered: gap.offered) : nil
            isNews = true
        }
        return isNews
    }

    /// Notes that the peer has sent the dots.
    mutating func noteDelivered(_ dots: [Dot]) {
        for dot in dots where awaited[dot.replica].map({ dot.sequence >= $0 }) ?? false { awaited[dot.replica] = nil }
    }
}
