/// What came of a simulation.
public struct SimulationReport: Hashable, Sendable, CustomStringConvertible {
    /// What the run did.
    public var options: SimulationOptions
    /// What was found; nil when all is well.
    public var violation: Violation?
    /// A hash over everything that happened.
    public var trace: UInt64
    /// How long the run was in virtual time.
    public var virtualMilliseconds: Int
    /// How much happened.
    public var counts: SimulationCounts
    /// What the nodes last logged, when something was found.
    public var logs: [String: [String]]

    /// One line when all is well; otherwise what was found, and each node's log.
    public var description: String {
        let trace = String(self.trace, radix: 16)
        guard let violation else {
            return "\(options)\n  trace \(trace), \(counts)"
        }
        let lines = logs.sorted { $0.key < $1.key }.flatMap { name, lines in lines.map { "    \(name): \($0)" } }
        return
            (["\(options)", "  FAILED at \(virtualMilliseconds) ms: \(violation)", "  trace \(trace), \(counts)"]
            + lines)
            .joined(separator: "\n")
    }
}

/// How much happened in a simulation.
public struct SimulationCounts: Hashable, Sendable, CustomStringConvertible {
    /// Events that were handled.
    public var events = 0
    /// Faults that were injected one at a time; what happens to single frames is counted by the network.
    public var faults: [String: Int] = [:]
    /// Writes that returned.
    public var writes = 0
    /// Writes that were refused, or thrown away by their authors.
    public var refusedWrites = 0
    /// Data logs that nodes opened after their first.
    public var incarnations = 0
    /// Members that were declared lapsed, and returned before the end.
    public var lapses = 0
    /// Removals of members, and reinstatements.
    public var removals = 0
    /// Rows that were dropped.
    public var droppedRows = 0
    /// How long the healed plant took to converge, in virtual milliseconds.
    public var convergence: Int?
    /// Comparisons of rows between peers at the end.
    public var comparisons = 0
    /// Bodies that running nodes had fetched again at the end.
    public var bodies: UInt64 = 0
    /// Branches of forked logs that the first node holds at the end.
    public var branches = 0
    /// What the network did.
    public var network = NetworkCounts()
    /// What was looked at.
    public var observations = ObservationCounts()

    /// Faults of all kinds, those that befell single frames included.
    public var totalFaults: Int {
        faults.values.reduce(0, +) + network.lost + network.duplicated + network.reordered + network.scrambled
    }

    /// The figures in one line.
    public var description: String {
        """
        \(events) events, \(totalFaults) faults, \(writes) writes, \(refusedWrites) refused, \(network.sent) frames, \
        \(observations.reads) reads, \(bodies) bodies fetched, \(lapses) lapses, \(removals) removals, \(droppedRows) rows dropped, \
        \(branches) branches, \(comparisons) peers agreed, \
        converged in \(convergence.map { "\($0) ms" } ?? "never")
        """
    }
}
