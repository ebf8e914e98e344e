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
            try context.withdraw(down: floors, folder: folder)
            return try context.readmit()
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
            return try !context.withdrawable().isEmpty || !context.returning().isEmpty
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
                    $0 + $1.entries.count
                }
            }
            return counts
        }
    }
}

extension StoreContext {
    /// Whether a signature behind the end of a former member's log, at an entry that does not count, proves its last one that does.
    func isProvenBehindEnd(_ tip: LogTip) throws -> Bool {
        guard let run = try log.voidRuns(of: tip.number).first, run.first == tip.sequence + 1 else { return false }
        let verified = try? VerifiedRun(
            verifying: run, kind: tip.kind, plant: environment.plant, after: .init(hash: tip.hash, station: tip.station)
        )
        return verified != nil
    }

    /// Sets aside what does not count any more, and makes the rows anew which that touched.
    fileprivate func withdraw(down floors: VersionVector, folder: String) throws {
        let logs = try withdrawable(down: floors)
        if logs.isEmpty { return }
        let current = try state().dataReplica
        var touched = TouchedRows(self)
        for (tip, end) in logs {
            try touched.note(tip, after: end)
            try log.withdraw(tip, after: end)
            // Others may keep more of what this station wrote than is kept here: its numbers are not given again.
            if tip.number == current { try requireNewIncarnation() }
        }
        try log.renewCover()
        if touched.keys.isEmpty { return }
        var replay = RowReplay(of: touched.keys, in: self, folder: folder)
        try replay.repair()
    }

    /// Applies what was set aside and counts again.
    ///
    /// - Returns: the logs of this station that grew.
    fileprivate func readmit() throws -> [LogTip] {
        let logs = try returning()
        if logs.isEmpty { return [] }
        var applier = try BatchApplier(context: self, kind: .data, isUnwanted: { false })
        try applier.readmit(logs)
        return applier.recovered
    }

    /// The logs that are longer than what counts of them, with the last entry that does.
    ///
    /// - Parameter floors: what cannot be taken away.
    fileprivate func withdrawable(
        down floors: VersionVector = VersionVector()
    ) throws -> [(tip: LogTip, end: SequenceNumber)] {
        let ends = EffectiveEnds(self, try roster())
        return try log.tips(of: .data).compactMap { tip in
            guard let end = try ends.end(of: tip.replica, by: tip.station) else { return nil }
            let last = max(end, floors[tip.replica] ?? 0)
            return last < tip.sequence ? (tip, last) : nil
        }
    }

    /// The logs of which something was set aside that counts now, with the last entry at hand that does.
    fileprivate func returning() throws -> [(tip: LogTip, end: SequenceNumber)] {
        let ends = EffectiveEnds(self, try roster())
        return try log.logsWithVoid().compactMap { tip in
            guard let last = try log.voidRuns(of: tip.number).last?.last else { return nil }
            let end = min(last, try ends.end(of: tip.replica, by: tip.station) ?? last)
            return end > tip.sequence ? (tip, end) : nil
        }
    }
}
