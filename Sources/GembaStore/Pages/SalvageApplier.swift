import GembaCausality
import GembaTrust
import GembaWire

/// Applies what was saved of logs to a replica, in an order in which everything is there that it builds on.
struct SalvageApplier {
    let replica: Replica
    private var pending: [ReplicaID: Salvage.Log]
    /// How many entries were applied.
    private(set) var entryCount = 0

    init(_ replica: Replica, _ logs: [Salvage.Log]) {
        self.replica = replica
        pending = Dictionary(logs.map { ($0.replica, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// What could not be applied, since it follows entries that are missing.
    var rest: [Salvage.Log] {
        pending.values.filter { !$0.pieces.isEmpty }.sorted { $0.replica < $1.replica }
    }

    /// Entries that are applied in one transaction, about as many.
    private static let batchEntries = 2_000

    /// Applies all that follows what is held, of the logs of one kind.
    mutating func apply(_ kind: LogKind, progress: (Int) -> Void = { _ in }) throws {
        var refused: Set<ReplicaID> = []
        var hasGrown = false
        var ends = try dropHeld(of: kind)
        while true {
            let batch = nextBatch(of: kind, after: ends, without: refused)
            if batch.isEmpty {
                // What was refused may have waited for what came since.
                if refused.isEmpty || !hasGrown { return }
                refused.removeAll()
                hasGrown = false
                continue
            }
            let outcome = try replica.apply(batch, kind: kind)
            entryCount += outcome.entryCount
            hasGrown = hasGrown || outcome.entryCount > 0
            progress(entryCount)
            ends = try dropHeld(of: kind)
            for run in batch where ends[run.replica].map({ $0.sequence < run.last }) ?? true {
                refused.insert(run.replica)
                try dropIfBroken(run, kind)
            }
        }
    }

    /// Forgets pieces that the replica holds.
    ///
    /// - Returns: where its logs end.
    private mutating func dropHeld(of kind: LogKind) throws -> [ReplicaID: ChangeReference] {
        let ends = Dictionary(uniqueKeysWithValues: try replica.vector(of: kind).map { ($0.replica, $0) })
        for (replica, end) in ends {
            while let piece = pending[replica]?.pieces.first, piece.run.last <= end.sequence {
                pending[replica]?.pieces.removeFirst()
            }
        }
        return ends
    }

    /// Forgets a refused piece that follows what is held and yet is not what its author signed: it will never be applied.
    private mutating func dropIfBroken(_ run: Run, _ kind: LogKind) throws {
        guard pending[run.replica]?.pieces.first?.run.first == run.first else { return }
        let tip = try replica.withReader { try $0.log.tip(of: run.replica) }
        guard run.first == tip.map({ $0.sequence + 1 }) ?? 0 else { return }
        var run = run
        run.previous = tip?.hash.prefix
        let verified = try? VerifiedRun(
            verifying: run, kind: kind, plant: replica.plant,
            after: tip.map { .init(hash: $0.hash, station: $0.station) })
        if verified != nil { return }
        pending[run.replica]?.pieces.removeFirst()
        // The genesis that named it may be what is broken.
        if tip == nil, pending[run.replica]?.isNamed == false { pending[run.replica] = nil }
    }

    /// Runs that follow what is held, those with the lowest lamport numbers first.
    private func nextBatch(
        of kind: LogKind, after ends: [ReplicaID: ChangeReference], without refused: Set<ReplicaID>
    ) -> [Run] {
        var planned = ends.mapValues { ($0.sequence, Optional($0.prefix)) }
        var waiting = pending.filter { $0.value.kind ?? kind == kind && !refused.contains($0.key) }
            .mapValues { $0.pieces[...] }
        var batch: [Run] = []
        var size = 0
        while size < Self.batchEntries {
            let next = waiting.filter { replica, pieces in
                guard let run = pieces.first?.run else { return false }
                return run.first == 0 || planned[replica].map { run.first <= $0.0 + 1 } ?? false
            }.min { ($0.value.first?.lamport ?? 0, $0.key) < ($1.value.first?.lamport ?? 0, $1.key) }
            guard let next, var run = next.value.first?.run else { break }
            waiting[next.key]?.removeFirst()
            if run.first > 0 { run.previous = planned[next.key]?.1 ?? run.previous }
            planned[next.key] = (run.last, nil)
            batch.append(run)
            size += run.entries.count
        }
        return batch
    }
}
