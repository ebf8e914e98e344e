/// Who has a route to whom.
public enum Topology: String, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    /// Everyone to everyone.
    case mesh
    /// Each to its two neighbours.
    case ring
    /// Each to its neighbours, without a way around.
    case line
    /// Everyone to one in the middle: the relay when there is one.
    case star

    /// The name.
    public var description: String { rawValue }

    /// The pairs that have a route, in both directions.
    ///
    /// - Parameters:
    ///   - nodes: all nodes, in the order of a ring or line.
    ///   - centre: the middle of a star.
    func routes(among nodes: [Int], centre: Int) -> Set<SimulatedNetwork.Way> {
        var routes: Set<SimulatedNetwork.Way> = []
        func connect(_ one: Int, _ other: Int) {
            guard one != other else { return }
            routes.insert(.init(from: one, to: other))
            routes.insert(.init(from: other, to: one))
        }
        switch self {
        case .mesh:
            for one in nodes { for other in nodes { connect(one, other) } }
        case .ring, .line:
            for (one, other) in zip(nodes, nodes.dropFirst()) { connect(one, other) }
            if self == .ring, let first = nodes.first, let last = nodes.last { connect(first, last) }
        case .star:
            for node in nodes { connect(centre, node) }
        }
        return routes
    }
}
