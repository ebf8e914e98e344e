/// Who is linked to whom in a large plant: a ring, so that nobody is alone, and random shortcuts across it, until every
/// node has five to eight links as far as there are others that need some.
struct SpreadGraph {
    private(set) var links: [(dialler: Int, listener: Int)] = []

    init(nodes count: Int, random: inout SeededGenerator) {
        var neighbours = [Set<Int>](repeating: [], count: count)
        func connect(_ one: Int, _ other: Int) {
            guard one != other, neighbours[one].insert(other).inserted else { return }
            neighbours[other].insert(one)
            links.append((one, other))
        }
        for node in 0..<count { connect(node, (node + 1) % count) }
        let degrees = (0..<count).map { _ in min(random.number(in: 5...8), count - 1) }
        for node in 0..<count {
            // Others may have found their links already; then the node stays with fewer.
            for _ in 0..<8 * count where neighbours[node].count < degrees[node] {
                let other = random.below(count)
                if neighbours[other].count < degrees[other] { connect(node, other) }
            }
        }
    }
}
