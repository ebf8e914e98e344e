import GembaCausality
import GembaWire

/// Applies the runs of a bundle as those of a peer: many in one transaction, and no more of them in memory than a peer is
/// granted.
struct BundleIntake {
    private let replica: Replica
    /// Whether nothing is stored, and nothing of what is new is verified.
    private let isRehearsal: Bool
    private(set) var report: BundleReport
    /// Where logs would end by what a rehearsal has found new.
    private var rehearsed = VersionVector()
    /// Runs that wait for more, to be applied together.
    private var waiting: [Run] = []
    private var waitingKind = LogKind.roster
    private var waitingCost = 0

    init(_ replica: Replica, preamble: BundlePreamble, isRehearsal: Bool) {
        self.replica = replica
        self.isRehearsal = isRehearsal
        report = BundleReport(preamble)
    }

    /// Takes the next runs, and applies them when there are enough.
    ///
    /// - Throws: ``BundleFault/refused(_:)`` after what could be applied, or ``StoreError``.
    mutating func take(_ runs: [Run], of kind: LogKind) throws {
        guard !runs.isEmpty else { return }
        if kind != waitingKind { try applyWaiting() }
        waitingKind = kind
        waiting += runs
        waitingCost += runs.reduce(0) { $0 + $1.entryBytes + $1.entries.count * Self.entryCost }
        if waitingCost >= Int(Limits.wideWindow) { try applyWaiting() }
    }

    /// What an entry takes in memory besides its bytes, so that many short ones are not more than a few long ones.
    private static let entryCost = 64

    /// Applies what waits.
    ///
    /// - Throws: ``BundleFault/refused(_:)`` after what could be applied, or ``StoreError``.
    mutating func applyWaiting() throws {
        let runs = waiting
        waiting = []
        waitingCost = 0
        guard !runs.isEmpty else { return }
        let outcome = try isRehearsal ? rehearse(runs) : replica.apply(runs, kind: waitingKind)
        let count = runs.reduce(0) { $0 + $1.entries.count }
        // Entries that were set aside may have come to count, too.
        let new = min(outcome.entryCount, count - outcome.heldCount)
        let place: WritableKeyPath<BundleReport, BundleReport.Tally> = waitingKind == .roster ? \.roster : \.data
        report[keyPath: place].known += UInt64(outcome.heldCount)
        report[keyPath: place].new += UInt64(new)
        report[keyPath: place].leftOut += UInt64(count - outcome.heldCount - new)
        report.quarantined += UInt64(outcome.quarantinedCount)
        report.forked.formUnion(outcome.forked)
        if case .invalid(let text) = outcome.problem { throw BundleFault.refused(text) }
    }

    private mutating func rehearse(_ runs: [Run]) throws -> ApplyOutcome {
        var outcome = ApplyOutcome()
        for run in runs {
            switch try replica.placement(of: run) {
            case .held:
                outcome.heldCount += run.entries.count
                continue
            case .goesOn(let rest, _):
                outcome.heldCount += run.entries.count - rest.entries.count
                outcome.entryCount += rest.entries.count
            case .isAhead, .contradicts:
                guard let end = rehearsed[run.replica], run.first <= end + 1 else { continue }
                outcome.entryCount += run.entries.count
            }
            rehearsed.insert(Dot(run.replica, run.last))
        }
        return outcome
    }
}

extension Replica {
    fileprivate func placement(of run: Run) throws -> RunPlacement {
        try withReader { context in
            guard let tip = try context.log.tip(of: run.replica) else {
                return run.first == 0 ? .goesOn(run, .beginning) : .isAhead
            }
            return try RunPlacer(log: context.log).place(run, in: tip) { _, _ in }
        }
    }
}
