internal import GembaCausality
internal import GembaWire

/// Who is removed, and where its logs are cut (T2, T3; P12 to P16 of 05-roster).
///
/// Removals are collected while the roster is settled from the top, so all that is known of a station when it is its turn was
/// stated by those who outrank it. Every question is about a set of acts and what they had seen, never about an order of
/// arrival. Settling a station costs the cube of the number of its removals, which are few, and for each one pass over the
/// entries that it had seen.
struct RosterRemovals {
    /// A stated removal by somebody with the right to it.
    struct Removal {
        let place: ActPlace
        let kind: FormerMember.Kind
        let author: StationKey
        let rank: RosterRank
        let cut: [ChangeReference]
        let timestamp: HybridTimestamp
        let actor: String
        let reason: String
    }

    /// What removals come to for one station.
    struct Outcome {
        /// Those that no reinstatement ended.
        var open: [Removal]
        /// The one that is shown as the reason.
        var decisive: Removal
        var cut: RosterCut
    }

    private struct Reinstatement {
        let place: ActPlace
        let rank: RosterRank
        let entries: [ChangeReference]
    }

    private let reading: RosterReading
    private var removals: [StationKey: [Removal]] = [:]
    private var reinstatements: [StationKey: [Reinstatement]] = [:]
    /// For an entry the last one of each log that it had seen, itself included.
    private var pasts: [ActPlace: [Int?]] = [:]

    init(_ reading: RosterReading) { self.reading = reading }

    mutating func add(
        _ kind: FormerMember.Kind, of station: StationKey, cut: [ChangeReference], at place: ActPlace,
        in body: RosterBody, by author: StationKey, rank: RosterRank
    ) {
        removals[station, default: []].append(
            Removal(
                place: place, kind: kind, author: author, rank: rank, cut: cut, timestamp: body.timestamp,
                actor: body.actor, reason: body.reason))
    }

    mutating func addReinstatement(
        of station: StationKey, naming entries: [ChangeReference], at place: ActPlace, rank: RosterRank
    ) {
        reinstatements[station, default: []].append(Reinstatement(place: place, rank: rank, entries: entries))
    }

    // MARK: - Settling

    /// What the removals added so far come to; nil when the station is in good standing.
    mutating func outcome(for station: StationKey) -> Outcome? {
        // In this order a removal comes after all that it had seen.
        let open = openRemovals(of: station).sorted { reading.order(of: $0.place) < reading.order(of: $1.place) }
        guard !open.isEmpty else { return nil }
        let seen = open.indices.map { later in open.indices.filter { hasSeen(open[$0], from: open[later]) } }
        let succession = Succession(ranks: open.map(\.rank), seen: seen)

        var cuts: [RosterCut] = []
        for (removal, earlier) in zip(open, seen) {
            let isOwn = removal.author == station
            // A station that retires itself binds nobody else: otherwise a thief retires it with a generous cut.
            let binding = earlier.filter { isOwn || open[$0].author != station }
            var cut = own(removal, of: station)
            cut.advance(to: succession.cut(of: binding, cuts))
            cuts.append(cut)
        }
        let standing = succession.standing(among: Array(open.indices)).map { open[$0] }
        let decisive = standing.max { left, right in
            left.kind == right.kind
                ? reading.order(of: left.place) < reading.order(of: right.place)
                : left.kind.rawValue < right.kind.rawValue
        }
        guard let decisive else { return nil }
        return Outcome(open: open, decisive: decisive, cut: succession.cut(of: Array(open.indices), cuts))
    }

    /// The removals of a station that no counting reinstatement ends.
    private mutating func openRemovals(of station: StationKey) -> [Removal] {
        let stated = removals[station] ?? []
        var ended: Set<RosterCausality.Place> = []
        for reinstatement in reinstatements[station] ?? [] {
            let entries = Set(reinstatement.entries.compactMap(reading.causality.find))
            let isAbove = stated.contains { removal in
                removal.rank < reinstatement.rank && entries.contains(removal.place.entry)
            }
            if !isAbove, hasSeen(reinstatement.entries, from: reinstatement.place) { ended.formUnion(entries) }
        }
        return stated.filter { !ended.contains($0.place.entry) }
    }

    /// The cut that a removal names, with what it had seen of the station's roster logs.
    private mutating func own(_ removal: Removal, of station: StationKey) -> RosterCut {
        let causality = reading.causality
        let past = past(of: removal.place)
        var cut = RosterCut()
        for reference in removal.cut {
            guard let known = causality.paths(named: reference.replica).first else {
                cut.advance(to: reference)
                continue
            }
            guard causality.logs[known].station == station else { continue }
            var end = causality.find(reference)
            if end == nil, !causality.holdsEntry(at: reference.sequence, ofLogNamed: reference.replica) {
                // It lies beyond what is held, and leaves all of the path that its name means.
                cut.advance(to: reference)
                end = causality.index[reference.replica].map { .init(log: $0, sequence: causality.logs[$0].last) }
            }
            for step in end.map({ causality.history(of: $0.log, at: $0.sequence) }) ?? [] { cut.advance(to: step) }
        }
        for index in reading.voices[station] ?? [] {
            guard let last = past[index], last > 0 else { continue }
            cut.advance(to: causality.reference(to: index, at: last))
        }
        return cut
    }

    // MARK: - The past

    private mutating func hasSeen(_ earlier: Removal, from later: Removal) -> Bool {
        if earlier.place.log == later.place.log, earlier.place.sequence == later.place.sequence {
            return earlier.place.index < later.place.index
        }
        return past(of: later.place)[earlier.place.log].map { $0 >= earlier.place.sequence } ?? false
    }

    private mutating func hasSeen(_ entries: [ChangeReference], from place: ActPlace) -> Bool {
        let past = past(of: place)
        return entries.allSatisfy { reference in
            guard let entry = reading.causality.find(reference), let last = past[entry.log] else { return false }
            return entry.sequence <= last
        }
    }

    private mutating func past(of place: ActPlace) -> [Int?] {
        let entry = ActPlace(log: place.log, sequence: place.sequence, index: 0)
        if let past = pasts[entry] { return past }
        let past = reading.causality.past(of: entry.log, at: entry.sequence)
        pasts[entry] = past
        return past
    }
}

extension FormerMember {
    init(_ member: RosterMember, _ outcome: RosterRemovals.Outcome, in reading: RosterReading) {
        self.member = member
        kind = outcome.decisive.kind
        author = outcome.decisive.author
        declared = outcome.decisive.timestamp
        actor = outcome.decisive.actor
        reason = outcome.decisive.reason
        cut = outcome.cut.references
        removals = Set(outcome.open.map(\.place.entry)).map { reading.causality.reference(to: $0.log, at: $0.sequence) }
            .sorted { ($0.replica, $0.sequence) < ($1.replica, $1.sequence) }
        removedBy = outcome.open.map(\.rank).min() ?? member.rank
    }
}

/// Which of a station's removals, in an order that extends causality, take the place of which.
private struct Succession {
    let ranks: [RosterRank]
    /// For each removal those that it had seen.
    let seen: [[Int]]

    /// Those whose place no other of them takes. Who ranks lower than the author of a removal may not move its cut.
    func standing(among removals: [Int]) -> [Int] {
        removals.filter { earlier in
            !removals.contains { seen[$0].contains(earlier) && ranks[$0] <= ranks[earlier] }
        }
    }

    /// The smallest of the cuts that stand.
    func cut(of removals: [Int], _ cuts: [RosterCut]) -> RosterCut {
        let standing = standing(among: removals).map { cuts[$0] }
        return standing.dropFirst().reduce(standing.first ?? RosterCut()) { $0.intersection($1) }
    }
}
