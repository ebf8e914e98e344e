import GembaGossip
import GembaSimulation
import GembaWire

/// Disseminations without anything else, joined by links that carry beacons and wishes, in virtual time.
final class Grove {
    enum Event {
        case tick(Int)
        case message(TreeMessage, to: Int)
    }

    private(set) var nodes: [Int: Dissemination<Int>] = [:]
    /// The node at each end of a link. The ends 2n and 2n + 1 belong together.
    private(set) var owners: [Int: Int] = [:]
    private var random: SeededGenerator
    private var queue = EventQueue<Event>()
    private(set) var now = 0
    var loss = 0.0
    /// Beacons and wishes that were sent.
    private(set) var messages = 0

    /// - Parameter nonces: the names of the nodes; random if not given.
    init(seed: UInt64, nodes count: Int, links: [(Int, Int)]? = nil, nonces: [UInt64]? = nil) {
        random = SeededGenerator(seed: seed)
        for node in 0..<count {
            nodes[node] = Dissemination(nonce: nonces?[node] ?? random.next())
            queue.push(.tick(node), at: random.number(in: 1...100))
        }
        let links = links ?? Self.randomLinks(among: count, random: &random)
        for (number, link) in links.enumerated() {
            owners[2 * number] = link.0
            owners[2 * number + 1] = link.1
        }
        for end in owners.keys.sorted() { input(owners[end]) { $0.open(end, at: $1) } }
    }

    /// A ring with shortcuts, of which every node has at least seven.
    private static func randomLinks(among count: Int, random: inout SeededGenerator) -> [(Int, Int)] {
        var pairs: Set<[Int]> = []
        for node in 0..<count {
            pairs.insert([node, (node + 1) % count].sorted())
            while pairs.count(where: { $0.contains(node) }) < min(7, count - 1) {
                let other = random.below(count)
                if other != node { pairs.insert([node, other].sorted()) }
            }
        }
        return pairs.sorted { $0.lexicographicallyPrecedes($1) }.map { ($0[0], $0[1]) }
    }

    private func input(
        _ node: Int?, _ body: (inout Dissemination<Int>, Instant) -> [DisseminationAction<Int>]
    ) {
        guard let node, var dissemination = nodes[node] else { return }
        let actions = body(&dissemination, Instant(.milliseconds(now)))
        nodes[node] = dissemination
        for case .tell(let end, let message) in actions {
            messages += 1
            if random.chance(loss) { continue }
            queue.push(.message(message, to: end ^ 1), at: now + random.number(in: 5...40))
        }
    }

    func run(for duration: Int) {
        let end = now + duration
        while let time = queue.nextTime, time <= end, let (_, event) = queue.pop() {
            now = time
            switch event {
            case .tick(let node):
                guard nodes[node] != nil else { continue }
                input(node) { $0.tick(at: $1, isCatchingUp: false) }
                queue.push(.tick(node), at: now + 100)
            case .message(let message, let end): input(owners[end]) { $0.receive(message, from: end, at: $1) }
            }
        }
        now = end
    }

    /// Takes a node away; its peers notice after a while.
    func remove(_ node: Int, noticedAfter delay: Int) {
        nodes[node] = nil
        run(for: delay)
        for end in owners.keys.sorted() where owners[end] == node {
            input(owners[end ^ 1]) { $0.close(end ^ 1, at: $1) }
            owners[end] = nil
            owners[end ^ 1] = nil
        }
    }

    // MARK: - What came of it

    /// Pairs of nodes whose link is pushed over from both ends.
    var pushedPairs: [(Int, Int)] {
        owners.keys.filter { $0 % 2 == 0 }.sorted().compactMap { end in
            guard let one = owners[end], let other = owners[end + 1], pushes(end), pushes(end + 1) else { return nil }
            return (one, other)
        }
    }

    /// Ends that push although the other end of their link does not.
    var onesided: [Int] { owners.keys.filter { pushes($0) && !pushes($0 ^ 1) }.sorted() }

    private func pushes(_ end: Int) -> Bool {
        owners[end].flatMap { nodes[$0] }?.pushedLinks.contains(end) ?? false
    }

    /// Whether the links that are pushed over lead from each node to each other, in one way only.
    var isTree: Bool {
        let pairs = pushedPairs
        guard onesided.isEmpty, pairs.count == nodes.count - 1, let first = nodes.keys.min() else { return false }
        var reached: Set<Int> = [first]
        var pending = [first]
        while let node = pending.popLast() {
            for (one, other) in pairs where one == node || other == node {
                let next = one == node ? other : one
                if reached.insert(next).inserted { pending.append(next) }
            }
        }
        return reached.count == nodes.count
    }
}
