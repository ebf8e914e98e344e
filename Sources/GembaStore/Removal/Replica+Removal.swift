import GembaCausality
import GembaTrust
public import GembaWire

/// What removals do to what is held.
extension Replica {
    /// Brings logs and rows in line with the roster: what does not count any more of former members' logs is set aside, and what
    /// counts again, since a member was reinstated or admitted or a cut moved, is applied.
    ///
    /// Called whenever the roster changed. Does nothing, at the cost of a look at the logs, when all is in line.
    ///
    /// - Returns: whether anything changed.
    @discardableResult
    public func settleRemovals() throws -> Bool {
        if environment.sources.calibration.contains(.ignoresLateRemovals) { return false }
        guard try isUnsettled() else { return false }
        let floors = try irrevocable()
        let recovered = try write { context -> [LogTip] in
            var recovered: [LogTip] = []
            var mayWithdraw = true
            while mayWithdraw {
                try context.withdraw(down: floors, folder: folder)
                let applier = try context.readmit()
                recovered += applier?.recovered ?? []
                // More of a forked log may show which of its branches a cut means.
                mayWithdraw = applier?.mayWithdraw ?? false
            }
            return recovered
        }
        try vouchForRest()
        if !recovered.isEmpty { try record(recovered, durable: false) }
        // What follows the log is not told by it that rows are as they were before.
        _ = try rowRoot(steps: 0, rescans: true)
        try searchIndex?.restart()
        return true
    }

    private func isUnsettled() throws -> Bool {
        try withReader { context in
            let roster = try context.roster()
            let isOrdinary = roster.formerMembers.isEmpty && !roster.hasVoidJoins
            if isOrdinary, try context.log.logsWithVoid().isEmpty { return false }
            return try !context.withdrawable().isEmpty || context.hasReturning()
        }
    }

    /// How much of each log is part of the checkpoint that this replica stands on: what that did to rows cannot be told from
    /// what others did.
    private func irrevocable() throws -> VersionVector {
        guard let base = try checkpoint()?.signed.manifest.id,
            let file = try CheckpointFolder(replica: folder).file(base)
        else {
            return try withReader { try $0.log.floors() }
        }
        return try CheckpointReader.cut(of: file)
    }

    /// Writes that this station holds what it cannot take back, where that does not count yet. Then it counts everywhere.
    private func vouchForRest() throws {
        let isDue = try withReader { context in
            try !context.withdrawable().isEmpty
                && context.roster().members[identity.stationKey]?.may(.writeData) == true
        }
        if isDue { try acknowledge() }
    }

    /// How many entries of each station's logs are set aside, because they do not count.
    public func voidCounts() throws -> [StationKey: Int] {
        try withReader { context in
            var counts: [StationKey: Int] = [:]
            for tip in try context.log.logsWithVoid() {
                counts[tip.station, default: 0] += try context.log.voidRuns(of: tip.number).reduce(0) {
                    $0 + $1.run.entries.count
                }
            }
            return counts
        }
    }
}

extension StoreContext {
    /// Whether a signature behind the end of a former member's log, at an entry that does not count, proves its last one that does.
    func isProvenBehindEnd(_ tip: LogTip) throws -> Bool {
        guard let run = try log.voidRun(after: tip)?.run else { return false }
        let verified = try? VerifiedRun(
            verifying: run, kind: tip.kind, plant: environment.plant, after: .init(hash: tip.hash, station: tip.station)
        )
        return verified != nil
    }

    /// Sets aside what does not count any more, and makes the rows anew which that touched.
    fileprivate func withdraw(down floors: VersionVector, folder: String) throws {
        let chains = try withdrawable(down: floors)
        if chains.isEmpty { return }
        let current = try state().dataReplica.map { try log.branches().chains(of: $0) } ?? []
        var touched = TouchedRows(self)
        for (tip, end) in chains {
            try touched.note(tip, after: end)
            try log.withdraw(tip, after: end)
            // Others may keep more of what this station wrote than is kept here: its numbers are not given again.
            if current.contains(tip.number) { try requireNewIncarnation() }
        }
        var renamed: Set<ReplicaID> = []
        try log.joinLonePaths {
            renamed.insert($0)
        } renumbering: { tip in
            try touched.note(tip, after: log.branches().beginning(of: tip.number)?.fork.sequence ?? 0)
        }
        try renewConflicts(over: renamed.sorted())
        try log.renewCover()
        if touched.keys.isEmpty { return }
        var replay = RowReplay(of: touched.keys, in: self, folder: folder)
        try replay.repair()
    }

    /// Applies what was set aside and counts again.
    ///
    /// - Returns: who did it; nil when there is nothing.
    fileprivate func readmit() throws -> BatchApplier? {
        if try log.logsWithVoid().isEmpty { return nil }
        var applier = try BatchApplier(context: self, kind: .data, isUnwanted: { false })
        try applier.readmit()
        return applier
    }

    /// Whether something was set aside that counts now.
    fileprivate func hasReturning() throws -> Bool {
        let finder = VoidRunFinder(context: self)
        return try log.logsWithVoid().contains { log in
            try self.log.voidRuns(of: log.number).contains { try finder.counting($0) != nil }
        }
    }

    /// The chains that are longer than what counts of them, with the last entry that does; each before those on which it hangs.
    ///
    /// - Parameter floors: what cannot be taken away.
    fileprivate func withdrawable(
        down floors: VersionVector = VersionVector()
    ) throws -> [(tip: LogTip, end: SequenceNumber)] {
        let ends = EffectiveEnds(self, try roster())
        let found = try log.tips(of: .data).compactMap { tip -> (tip: LogTip, end: SequenceNumber)? in
            guard let end = try ends.end(of: .init(tip, in: log), by: tip.station) else { return nil }
            let last = max(end, floors[tip.replica] ?? 0)
            return last < tip.sequence ? (tip, last) : nil
        }
        // A chain has a greater number than the one that it left.
        return found.sorted { $0.tip.number > $1.tip.number }
    }
}
