import GRDB
import GembaCausality
import GembaTrust
public import GembaWire

/// Retention: keeping the state of old history and forgetting its changes.
extension Replica {
    /// What folding everything that is older than a time would do now.
    ///
    /// - Parameters:
    ///   - age: the least age of what is folded, in milliseconds by this machine's clock.
    ///   - absent: members that are not waited for: when they come back, they take a checkpoint and send what they wrote
    ///     unaltered.
    public func foldPlan(olderThan age: UInt64, without absent: Set<StationKey> = []) throws -> FoldPlan {
        let newest = wallClock - min(age, wallClock)
        let mayDecide = try roster().members[identity.stationKey]?.may(.proposeLapse) ?? false
        guard absent.isEmpty || mayDecide else {
            throw StoreError(.notPermitted, "Only an administrator's station decides whom not to wait for.")
        }
        return try withReader { try FoldPlanner(context: $0, newest: newest, absent: absent).plan() }
    }

    /// Folds stable history that is older than a time: makes a checkpoint of all that is held, and forgets the bodies.
    ///
    /// The checkpoint comes first and stays as what this replica stands on, so that its rows can be made anew from it and
    /// the tail, and so that it can be given to whoever comes back below the floor. Rows are not touched.
    ///
    /// - Parameters:
    ///   - age: the least age of what is folded, in milliseconds by this machine's clock.
    ///   - absent: members that are not waited for.
    ///   - progress: told how many rows the checkpoint has so far.
    /// - Returns: what was folded.
    @discardableResult
    public func fold(
        olderThan age: UInt64, without absent: Set<StationKey> = [], progress: @escaping (Int) -> Void = { _ in }
    ) throws -> FoldPlan {
        let plan = try foldPlan(olderThan: age, without: absent)
        if try plan.floors.isEmpty || !canMakeCheckpoint() { return nothing(of: plan) }
        let signed = try makeCheckpoint(progress: progress)
        try write { context in
            for (replica, last) in plan.floors.sorted(by: { $0.key < $1.key }) {
                try context.log.fold(replica: replica, through: last)
            }
            // The rows that came with a checkpoint are not known any better by being written into another.
            let trust = try context.checkpointRecord()?.trust ?? .verified
            try context.save(CheckpointRecord(signed: signed, trust: trust))
        }
        return plan
    }

    /// A plan of which nothing is carried out.
    private func nothing(of plan: FoldPlan) -> FoldPlan {
        var plan = plan
        (plan.entries, plan.bytes, plan.floors) = (0, 0, [:])
        return plan
    }

    /// Gives room that is free in the database file back to the file system, if that is an eighth of it or more. Whoever
    /// writes waits meanwhile, in other processes too: about a second for 100 MB.
    ///
    /// - Returns: by how many bytes the file became smaller.
    @discardableResult
    public func reclaimSpace() throws -> UInt64 {
        try pool.writeWithoutTransaction { database in
            func number(_ pragma: String) throws -> UInt64 {
                try UInt64.fetchOne(database, sql: "PRAGMA \(pragma)") ?? 0
            }
            let (free, before, size) = try (number("freelist_count"), number("page_count"), number("page_size"))
            guard free > 0, free >= before / 8 else { return 0 }
            try database.execute(sql: "VACUUM")
            try database.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
            let after = try number("page_count")
            return after < before ? (before - after) * size : 0
        }
    }

    /// Says that this station holds what it holds, with a change that does nothing else, when it has seen anything since it
    /// last wrote. Others may then fold it.
    ///
    /// - Returns: whether there was anything to acknowledge.
    @discardableResult
    public func acknowledge(by actor: String = "") throws -> Bool {
        let isDue = try withReader { context in
            guard let number = try context.state().dataReplica, let tip = try context.log.tip(number: number) else {
                return try !context.log.tips(of: .data).isEmpty
            }
            return try context.log.frontier(of: .data) != [tip.dot]
        }
        if isDue { try write(by: actor, because: "") { $0.acknowledges = true } }
        return isDue
    }
}
