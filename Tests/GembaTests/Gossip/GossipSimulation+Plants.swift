import GembaCausality
import GembaSimulation
import GembaWire

extension GossipSimulation {
    /// Nodes that share some history and have each some of their own.
    static func randomPlant(seed: UInt64, nodes: Int) -> GossipSimulation {
        let simulation = GossipSimulation(seed: seed, nodes: nodes)
        var random = SeededGenerator(seed: seed &+ 1)
        for kind in [LogKind.roster, .data] {
            for _ in 0..<Int.random(in: 0...40, using: &random) {
                simulation.preload(
                    simulation.randomReplica(), count: Int.random(in: 1...5, using: &random), kind: kind,
                    at: Array(simulation.nodes.indices))
            }
            for node in simulation.nodes.indices {
                for _ in 0..<Int.random(in: 0...3, using: &random) {
                    let replica = simulation.randomReplica()
                    for _ in 0..<Int.random(in: 1...30, using: &random) {
                        simulation.write(replica, kind: kind, at: node)
                    }
                }
            }
        }
        return simulation
    }
}
