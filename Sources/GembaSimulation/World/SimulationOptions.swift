import GembaGossip

/// What a simulation does, all of it drawn from one seed.
public struct SimulationOptions: Hashable, Sendable, CustomStringConvertible {
    /// The seed of everything random in the run.
    public var seed: UInt64
    /// How many nodes there are at the beginning, 3 to 7.
    public var nodes: Int
    /// Who has a route to whom at first.
    public var topology: Topology
    /// Whether one node is a relay, which authors nothing.
    public var hasRelay: Bool
    /// Whether stations publish their endpoints and dial those of others, instead of being told whom to dial.
    public var publishesEndpoints: Bool
    /// The classes of faults that occur.
    public var faults: Fault
    /// How long faults and writes last, in virtual milliseconds.
    public var duration: Int
    /// The mean time between two writes of a node, in virtual milliseconds.
    public var writePause: Int
    /// How many rows of a table are in play: few rows mean many conflicts.
    public var rowsInPlay: Int
    /// The longest time that one frame takes, in virtual milliseconds.
    public var latency: Int
    /// How long a healed network may take to converge, in virtual milliseconds.
    public var patience: Int
    /// Whether bodies are sealed, so that a relay reads none.
    public var isSealed: Bool
    /// With how many links of a node a plant begins to send changes along a tree; few, so that it does.
    public var pushedLinks: Int
    /// Whether a second station may remove others, in a plant where that happens.
    public var hasSecondAdministrator: Bool
    /// Bugs that are planted on purpose, to see whether they are found.
    public var plantedBugs: PlantedBug

    /// Draws the options of a seed.
    public init(seed: UInt64) {
        var random = SeededGenerator(seed: seed ^ 0x6765_6D62_61)
        self.seed = seed
        nodes = random.number(in: 3...7)
        topology = random.pick(Topology.allCases) ?? .mesh
        hasRelay = nodes > 3 && random.chance(0.4)
        publishesEndpoints = random.chance(0.3)
        let drawn = Fault.names.map(\.0).filter { !Fault.late.contains($0) }
        faults = Fault(drawn.filter { $0 == .restoredFolder ? random.chance(0.25) : random.chance(0.4) })
        duration = random.pick([10_000, 20_000, 40_000]) ?? 20_000
        writePause = random.pick([200, 500, 1_500]) ?? 500
        rowsInPlay = random.pick([2, 5, 12]) ?? 5
        latency = random.pick([2, 20, 120, 600]) ?? 20
        patience = 120_000
        pushedLinks = SessionLimits().pushedLinks
        plantedBugs = []
        isSealed = false
        hasSecondAdministrator = false
        // Drawn last, so that what was drawn before them is as it was without them.
        for fault in [Fault.earlyCheckpoints, .folding] where random.chance(0.5) { faults.insert(fault) }
        // A station returns by itself, and one whose whole folder was put back must not write before a peer told.
        if random.chance(0.6), !faults.contains(.restoredFolder) { faults.insert(.dropping) }
        isSealed = random.chance(0.5)
        if random.chance(0.5) { pushedLinks = 1 }
        // Whoever set entries aside shows them to nobody, so a folder put back could give their names to others.
        if random.chance(0.5), !faults.contains(.restoredFolder) { faults.insert(.removal) }
        hasSecondAdministrator = random.chance(0.5)
        // A replica that holds a forked log makes no checkpoint, and cannot help who needs one.
        if random.chance(0.3) { faults = faults.subtracting(.growth).union(.fork) }
    }

    /// All options in one line, for a report.
    public var description: String {
        """
        seed \(seed): \(nodes) nodes, \(topology)\(pushedLinks == 1 ? " with a tree" : "")\(hasRelay ? ", relay" : "")\
        \(isSealed ? ", sealed" : "")\(publishesEndpoints ? ", published" : "")\
        \(hasSecondAdministrator ? ", two administrators" : ""), \
        \(duration / 1000) s, a write each \(writePause) ms, \(rowsInPlay) rows, latency \(latency) ms, faults \(faults)\
        \(plantedBugs.isEmpty ? "" : ", planted \(plantedBugs)")
        """
    }
}
