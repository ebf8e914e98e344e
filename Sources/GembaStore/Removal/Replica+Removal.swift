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
            try context.log.renewCover()
            if !touched.keys.isEmpty {
                var replay = RowReplay(of: touched.keys, in: context, folder: folder)
                try replay.repair()
            }
            var returning: [Run] = []
            for tip in try context.returning() {
                returning += try context.log.voidRuns(of: tip.number)
                try context.log.forgetVoid(of: tip.number)
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

    /// The logs that are longer than what counts of them, with the last entry that does.
    fileprivate func withdrawable() throws -> [(tip: LogTip, end: SequenceNumber)] {
        let ends = EffectiveEnds(self, try roster())
        return try log.tips(of: .data).compactMap { tip in
            guard let end = try ends.end(of: tip.replica, by: tip.station), end < tip.sequence else { return nil }
            return (tip, end)
        }
    }

    /// The logs of which something was set aside that counts now.
    fileprivate func returning() throws -> [LogTip] {
        let ends = EffectiveEnds(self, try roster())
        return try log.logsWithVoid().filter { tip in
            try ends.end(of: tip.replica, by: tip.station).map { $0 > tip.sequence } ?? true
        }
    }
}
