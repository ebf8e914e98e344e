import GembaCausality
import GembaNode
import GembaStore
import GembaTrust
import GembaWire

/// What must hold when everybody holds the same.
extension Simulation {
    /// Compares all replicas with each other, with the model and with what was acknowledged.
    func judge() throws {
        let replicas = standingNodes.compactMap { node in node.process.map { (node, $0.replica) } }
        guard let (_, first) = replicas.first else { throw Violation(.liveness, "no node runs") }
        let digest = try first.digest()
        let roster = try first.roster().digest
        for (node, replica) in replicas {
            guard try node.isBlind || replica.digest() == digest else {
                throw Violation(.convergence, at: node.name, "the digest differs from that of \(nodes[0].name)")
            }
            guard try replica.roster().digest == roster else {
                throw Violation(.convergence, at: node.name, "the roster differs from that of \(nodes[0].name)")
            }
            try observer.checkNothingLost(node)
            try observer.checkOrder(node)
            try observer.checkState(node)
            trace.add(digest.bytes)
        }
        try verify(random.pick(replicas))
        if let (_, replica) = replicas.first(where: { $0.1.schema.version == Schema.simulation.version }) {
            try LedgerChecker(
                replica: replica, history: observer.history,
                ledger: try observer.ledger.striking(uncounted(by: replica)),
                administrator: observer.administrator, vector: observer.vector(of: replica, .data)
            ).check()
        }
        try judgeSecrecy()
        try judgeConduct()
    }

    private func verify(_ chosen: (node: SimulatedNode, replica: Replica)?) throws {
        guard let chosen, let fault = try chosen.replica.verify().fault else { return }
        throw Violation(.model, at: chosen.node.name, "verification finds at \(fault.place): \(fault.message)")
    }

    private func judgeConduct() throws {
        for node in standingNodes {
            guard let counts = node.process?.engine.counts else { continue }
            guard counts.storeFailures == 0 else {
                throw Violation(.conduct, at: node.name, "the store failed \(counts.storeFailures) times")
            }
            guard counts.malformedFrames == 0, counts.entriesQuarantined == 0 else {
                throw Violation(.conduct, at: node.name, "an honest peer's frames or entries were malformed")
            }
            guard counts.violations == 0 || options.faults.contains(.scrambling) else {
                throw Violation(.conduct, at: node.name, "an honest peer was accused \(counts.violations) times")
            }
        }
    }
}
