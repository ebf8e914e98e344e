import GembaCausality
import GembaTrust
public import GembaWire

/// What removals do to what is held.
extension Replica {
    /// Brings logs and rows in line with the roster: what does not count any more of former members' logs is set aside, and what
    /// counts again, since a member was reinstated or a cut moved, is applied.
    ///
    /// Called whenever the roster changed. Does nothing, at the cost of a look at the logs, when all is in line.
    ///
    /// - Returns: whether anything changed.
    @discardableResult
    public func settleRemovals() throws -> Bool {
        guard try isUnsettled() else { return false }
        let returning = try write { context -> [Run] in
            var touched = TouchedRows(context)
            for (tip, end) in try context.withdrawable() {
                try touched.note(tip, after: end)
                try context.log.withdraw(tip, after: end)
            }
            var renamed: Set<ReplicaID> = []
            try context.log.joinLonePaths {
                renamed.insert($0)
            } renumbering: { tip in
                try touched.note(tip, after: context.log.branches().beginning(of: tip.number)?.fork.sequence ?? 0)
            }
            try context.renewConflicts(over: renamed.sorted())
            try context.log.renewCover()
            if !touched.keys.isEmpty {
                var replay = RowReplay(of: touched.keys, in: context, folder: folder)
                try replay.repair()
            }
            var returning: [Run] = []
            for tip in try context.returning() {
                for kept in try context.log.voidRuns(of: tip.number) {
                    returning.append(kept.run)
                    try context.log.forgetVoid(kept)
                }
            }
            return returning
        }
        // What follows the log is not told by it that rows are as they were before.
        _ = try rowRoot(steps: 0, rescans: true)
        try searchIndex?.restart()
        if !returning.isEmpty { _ = try apply(returning, kind: .data) }
        return true
    }

    private func isUnsettled() throws -> Bool {
        try withReader { context in
            if try context.roster().formerMembers.isEmpty, try context.log.logsWithVoid().isEmpty { return false }
            return try !context.withdrawable().isEmpty || !context.returning().isEmpty
        }
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
        guard let run = try log.voidRun(after: tip) else { return false }
        let verified = try? VerifiedRun(
            verifying: run, kind: tip.kind, plant: environment.plant, after: .init(hash: tip.hash, station: tip.station)
        )
        return verified != nil
    }

    /// The chains that are longer than what counts of them, with the last entry that does; each before those on which it hangs.
    fileprivate func withdrawable() throws -> [(tip: LogTip, end: SequenceNumber)] {
        let ends = EffectiveEnds(self, try roster())
        let found = try log.tips(of: .data).compactMap { tip -> (tip: LogTip, end: SequenceNumber)? in
            guard let end = try ends.end(of: .init(tip, in: log), by: tip.station), end < tip.sequence else {
                return nil
            }
            return (tip, end)
        }
        // A chain has a greater number than the one that it left.
        return found.sorted { $0.tip.number > $1.tip.number }
    }

    /// The logs of which something was set aside that counts now.
    fileprivate func returning() throws -> [LogTip] {
        let ends = EffectiveEnds(self, try roster())
        return try log.logsWithVoid().filter { tip in
            try log.voidRuns(of: tip.number).contains { try counts($0.run, of: tip, ends) }
        }
    }

    /// Whether an entry of a run that was set aside counts.
    private func counts(_ run: Run, of tip: LogTip, _ ends: EffectiveEnds) throws -> Bool {
        let (rest, chain, hash): (Run, Int64?, ChangeHash)
        switch try RunPlacer(log: log).place(run, in: tip, noting: { _, _ in }) {
        case .goesOn(let run, let end): (rest, chain, hash) = (run, end.number, end.hash)
        case .branchesOff(let run, _, let before): (rest, chain, hash) = (run, nil, before)
        case .held: return true
        case .isAhead, .contradicts: return false
        }
        let verified = try? VerifiedRun(
            verifying: rest, kind: .data, plant: environment.plant, after: .init(hash: hash, station: tip.station))
        guard let verified else { return false }
        return try ends.end(of: .init(verified, on: chain), by: tip.station).map { $0 >= rest.first } ?? true
    }
}
