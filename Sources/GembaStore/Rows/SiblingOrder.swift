import GembaWire

/// A ``ShownRule`` with all that it takes to apply it.
enum SiblingOrder: Sendable {
    /// The greatest (timestamp, replica) is shown.
    case latest
    /// The smallest (timestamp, replica) is shown.
    case first
    /// The greatest (rank, timestamp, replica) is shown.
    case ranked(@Sendable ([Value]) -> Int64)

    /// - Parameter ranks: the program's functions by name.
    init(of group: Group, ranks: [String: RankFunction]) {
        switch group.rule.choice {
        case .latest: self = .latest
        case .first: self = .first
        case .function(let id): self = ranks[id].map { .ranked($0.rank) } ?? .latest
        case .greatest(let order, let column):
            let place = column.flatMap { name in group.columns.firstIndex { $0.name == name } } ?? 0
            let ranks = Dictionary(zip(order, Int64(0)...), uniquingKeysWith: { first, _ in first })
            self = .ranked { values in
                values.indices.contains(place) ? ranks[values[place]] ?? -1 : -1
            }
        }
    }

    func rank(of values: [Value]) -> Int64 {
        if case .ranked(let rank) = self { rank(values) } else { 0 }
    }
}
