import GembaCRDT
import GembaCausality

extension RowState {
    /// The dot that settles most groups of one family, the smaller of equals; without any, a presence dot.
    ///
    /// Most rows were written by one change. Naming it once is what keeps stored rows and checkpoints short.
    func principalDot(excluding outside: Set<GroupKey> = []) -> (LocalDot, MergeFamily) {
        // A row has few dots, so that a list is searched faster than a table is kept.
        var counts: [(candidate: PrincipalDotCandidate, count: Int)] = []
        for (key, group) in groups where outside.isEmpty || !outside.contains(key) {
            guard case .writes(let writes) = group, writes.writes.count == 1 else { continue }
            let candidate = PrincipalDotCandidate(dot: writes.writes[0].name, isFact: key.family == .fact)
            if let place = counts.firstIndex(where: { $0.candidate == candidate }) {
                counts[place].count += 1
            } else {
                counts.append((candidate, 1))
            }
        }
        let best = counts.max { ($0.count, $1.candidate) < ($1.count, $0.candidate) }
        guard let best = best?.candidate else {
            return (presence.names.first ?? LocalDot(replica: 0, sequence: 0), .register)
        }
        return (best.dot, best.isFact ? .fact : .register)
    }

    /// The same state with every dot named otherwise.
    func renamed(_ rename: (LocalDot) throws -> LocalDot) rethrows -> RowState {
        var result = RowState(
            presence: try presence.renamed(rename), wasInserted: wasInserted, drops: try drops.map(rename).sorted())
        result.groups = try groups.mapValues { state in
            switch state {
            case .writes(let writes): .writes(try writes.renamed(rename))
            case .set(let set):
                .set(.init(elements: try set.elements.mapValues { try $0.names.map(rename) }))
            case .counter(let counter): .counter(try counter.renamed(rename))
            case .text(.fresh(let dot, let text)): .text(.fresh(try rename(dot), text))
            case .text(let text): .text(text)
            }
        }
        return result
    }

    /// Calls `body` with every dot that the state names.
    func forEachDot(_ body: (LocalDot) -> Void) {
        presence.names.forEach(body)
        for group in groups.values {
            switch group {
            case .writes(let writes): for write in writes.writes { body(write.name) }
            case .set(let set): for dots in set.elements.values { dots.names.forEach(body) }
            case .counter(let counter):
                counter.bases.names.forEach(body)
                counter.sums.keys.forEach(body)
            case .text(.fresh(let dot, _)): body(dot)
            case .text: break
            }
        }
    }
}

private struct PrincipalDotCandidate: Hashable, Comparable {
    var dot: LocalDot
    var isFact: Bool

    static func < (left: Self, right: Self) -> Bool {
        left.dot == right.dot ? (!left.isFact && right.isFact) : left.dot < right.dot
    }
}

extension DotFunction where Name == LocalDot {
    fileprivate func renamed(_ rename: (LocalDot) throws -> LocalDot) rethrows -> Self {
        Self(writes: try writes.map { Write(name: try rename($0.name), payload: $0.payload) })
    }
}

extension Counter where Name == LocalDot {
    fileprivate func renamed(_ rename: (LocalDot) throws -> LocalDot) rethrows -> Self {
        let bases = try bases.writes.map { base in
            let observed = try base.payload.observed.map { Observed(name: try rename($0.name), sum: $0.sum) }
            return DotFunction<LocalDot, Base>.Write(
                name: try rename(base.name),
                payload: Base(value: base.payload.value, observed: observed.sorted { $0.name < $1.name }))
        }
        var sums: [LocalDot: Int128] = [:]
        for (name, sum) in self.sums { sums[try rename(name)] = sum }
        return Self(bases: .init(writes: bases), sums: sums, initialSum: initialSum)
    }
}
