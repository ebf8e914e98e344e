import GembaCausality
import GembaTrust
import GembaWire

extension CheckpointLoader {
    /// Checks that a log is its author's up to the cut, and finds or begins it here.
    ///
    /// The genesis names the replica by its hash and the station in its body; the head is that station's signature. So a
    /// maker can tell untruths about rows, and none about who wrote how much.
    func accept(_ log: CheckpointLog) throws -> LoadedLog {
        let entry = try Entry(decoding: log.genesis)
        let genesis = try Genesis(decoding: entry.body)
        let hash = entry.hash(replica: nil, sequence: 0, previous: .beforeGenesis)
        guard genesis.kind == .data, genesis.plant == context.environment.plant, hash.replica == log.head.replica,
            HeadVerification.isValid(log.head, by: genesis.station, plant: context.environment.plant)
        else { throw CheckpointReader.damaged }
        guard try context.roster().knows(genesis.station) else {
            throw StoreError(.notFound, "The roster held here does not explain who wrote \(log.head.replica).")
        }
        guard let tip = try context.log.tip(of: log.head.replica) else {
            let tip = try context.log.create(genesis, hash: hash, encoded: log.genesis)
            return LoadedLog(
                tip: tip, before: nil, head: log.head, lamport: log.lamport, isFollowed: log.isFollowed)
        }
        if tip.sequence >= log.head.sequence {
            let held = try context.log.record(of: LocalDot(replica: tip.number, sequence: log.head.sequence))
            guard held?.prefix == log.head.hash.prefix else {
                throw StoreError(.diverged, "A checkpoint holds another history of the log \(tip.replica).")
            }
        }
        return LoadedLog(
            tip: tip, before: (tip.sequence, tip.hash), head: log.head, lamport: log.lamport,
            isFollowed: log.isFollowed)
    }
}
