import GembaCausality

/// The acts of one ticket in listing order, with the round that each belongs to and who had seen what.
struct TicketHistory {
    /// Sorted by ``TicketAct/isListedBefore(_:_:)``, so that no act comes before one that its author had seen.
    let acts: [TicketAct]
    /// The highest round.
    let lastRound: Int
    private let rounds: [RowID: Int]
    private let dotHasSeen: (Dot, Dot) -> Bool

    init(_ acts: some Sequence<TicketAct>, hasSeen: @escaping (Dot, Dot) -> Bool) {
        self.acts = acts.sorted(by: TicketAct.isListedBefore)
        dotHasSeen = hasSeen
        var rounds: [RowID: Int] = [:]
        var reopenings: [TicketAct] = []
        for act in self.acts {
            let known = reopenings.filter { Self.hasSeen($0, act, dotHasSeen: hasSeen) }
            let seen = known.compactMap { rounds[$0.id] }.max() ?? 0
            rounds[act.id] = act.kind == .reopen ? seen + 1 : seen
            if act.kind == .reopen { reopenings.append(act) }
        }
        self.rounds = rounds
        lastRound = reopenings.compactMap { rounds[$0.id] }.max() ?? 0
    }

    /// The number of reopenings one upon the other that the act's author had seen, its own included.
    func round(of act: TicketAct) -> Int { rounds[act.id] ?? 0 }

    /// The acts of the last round.
    var currentActs: [TicketAct] { acts.filter { round(of: $0) == lastRound } }

    /// The acts of one kind in the last round.
    func current(_ kind: TicketActKind) -> [TicketAct] {
        acts.filter { $0.kind == kind && round(of: $0) == lastRound }
    }

    /// Whether there is an act of a kind in the last round.
    func hasCurrent(_ kind: TicketActKind) -> Bool {
        acts.contains { $0.kind == kind && round(of: $0) == lastRound }
    }

    /// Whether the author of `later` knew of `earlier`.
    func hasSeen(_ earlier: TicketAct, _ later: TicketAct) -> Bool {
        Self.hasSeen(earlier, later, dotHasSeen: dotHasSeen)
    }

    /// Whether neither author knew of the other's act.
    func areConcurrent(_ left: TicketAct, _ right: TicketAct) -> Bool {
        left.id != right.id && !hasSeen(left, right) && !hasSeen(right, left)
    }

    private static func hasSeen(
        _ earlier: TicketAct, _ later: TicketAct, dotHasSeen: (Dot, Dot) -> Bool
    ) -> Bool {
        guard !later.details.unread.contains(earlier.id) else { return false }
        // People who worked in another system saw what was there, whatever the station held that imported their acts.
        if let system = later.details.origin?.system, system != earlier.details.origin?.system { return false }
        return later.authorship.dots.contains { laterDot in
            earlier.authorship.dots.contains { earlierDot in
                earlierDot == laterDot
                    ? earlier.details.step < later.details.step : dotHasSeen(earlierDot, laterDot)
            }
        }
    }
}
