import GembaCausality

extension SpreadSimulation {
    /// Whether all nodes that are well hold the same.
    var isConverged: Bool {
        let well = nodes.filter { !$0.isDown && !$0.isFull }
        return well.allSatisfy { $0.log.vector == well.first?.log.vector }
    }

    /// Counts what only shows at the end.
    func conclude() {
        report.changes = history.changes.count
        let well = nodes.filter { !$0.isDown && !$0.isFull }
        // What nobody has who is well cannot be had.
        let available = well.reduce(VersionVector()) { $0.merging(VersionVector($1.log.vector)) }
        report.missing = well.reduce(0) { sum, node in
            sum
                + available.entries.reduce(0) { sum, entry in
                    sum + Int(entry.value + 1 - (node.log.vector[entry.key].map { $0 + 1 } ?? 0))
                }
        }
        let numbers = history.changes.indices.filter {
            history.changes[$0].written >= options.warmUp && available.contains(history.changes[$0].dot)
        }
        let hops = numbers.flatMap { history.hops(of: $0) }.filter { $0 > 0 }.map(Int.init)
        report.hops = (hops.isEmpty ? 0 : Double(hops.reduce(0, +)) / Double(hops.count), hops.max() ?? 0)
        let times = numbers.map { history.spreadTime(of: $0) }.sorted()
        report.spreadTime = (times.isEmpty ? 0 : times[times.count / 2], times.last ?? 0)
    }
}
