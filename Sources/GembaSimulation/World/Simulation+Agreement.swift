import GembaGossip
import GembaNode
import GembaStore
import GembaWire

/// What replicas find out about each other when all is at rest.
extension Simulation {
    /// How long peers may take to compare their rows, in virtual milliseconds.
    private static let agreementPatience = 60_000

    /// One node that asks another.
    private struct Pair {
        var asking: SimulatedNode
        var asked: SimulatedNode
        var station: StationKey
    }

    /// Has all peers compare their rows by the protocol, and holds what they say against what the checkers see.
    func agree() throws {
        let pairs = pairs
        for pair in pairs { pair.asking.process?.engine.compareRows(with: pair.station) }
        let end = time.now + Self.agreementPatience
        while time.now < end, pairs.contains(where: isOpen) { try run(for: 500) }
        for pair in pairs where isOpen(pair) || verdict(of: pair) != nil { try check(pair) }
        for node in standingNodes {
            let repaired = node.process?.engine.counts.rowsRepaired ?? 0
            guard repaired == 0 else {
                throw Violation(.agreement, at: node.name, "\(repaired) rows were not what the logs make of them")
            }
        }
        counts.comparisons = pairs.count
    }

    /// Every two nodes that have a link to each other and rows to compare. Clones go by one station's name: of these only one
    /// is asked.
    private var pairs: [Pair] {
        let nodes = standingNodes
        return nodes.flatMap { node -> [Pair] in
            guard let engine = node.process?.engine, node.role != .relay else { return [] }
            return engine.connectedStations.sorted().compactMap { station in
                let asked = nodes.filter { $0.keys?.station == station && $0.role != .relay }
                guard asked.count == 1, asked[0] !== node else { return nil }
                return Pair(asking: node, asked: asked[0], station: station)
            }
        }
    }

    private func verdict(of pair: Pair) -> AgreementVerdict? {
        switch pair.asking.process?.engine.lastComparison(with: pair.station) {
        case nil, .unknown: nil
        case let verdict: verdict
        }
    }

    /// Whether a node is still to find something out, and can: a link that its peer had given up may have been the only one.
    private func isOpen(_ pair: Pair) -> Bool {
        verdict(of: pair) == nil && pair.asking.process?.engine.connectedStations.contains(pair.station) ?? false
    }

    private func check(_ pair: Pair) throws {
        guard let own = pair.asking.process?.replica, let other = pair.asked.process?.replica else { return }
        let areEqual = try own.digest() == other.digest()
        switch verdict(of: pair) {
        case .equal:
            guard !areEqual else { return }
            throw Violation(
                .agreement, at: pair.asking.name, "said to have the rows of \(pair.asked.name), and does not")
        case .different(let findings):
            throw Violation(
                .agreement, at: pair.asking.name,
                "differs from \(pair.asked.name) in \(findings.rows.map { "row \($0.row) of table \($0.table.rawValue)" }); "
                    + "\(findings.repaired.count) were made anew, \(findings.unexplained.count) are unexplained")
        case nil, .unknown:
            throw Violation(
                .agreement, at: pair.asking.name, "cannot find out whether it has the rows of \(pair.asked.name)")
        }
    }
}
