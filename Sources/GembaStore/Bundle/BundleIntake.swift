import GembaCausality
import GembaWire

/// Applies the runs of a bundle as those of a peer: many in one transaction, and no more of them in memory than a peer is
/// granted.
struct BundleIntake {
    private let replica: Replica
    /// Whether nothing is stored, and what is new is told from the vectors alone.
    private let isRehearsal: Bool
    private(set) var report: BundleReport
    /// What is held, as far as this reading knows.
    private var held: [LogKind: VersionVector]
    /// Runs that wait for more, to be applied together.
    private var waiting: [Run] = []
    private var waitingKind = LogKind.roster
    private var waitingCost = 0

    init(_ replica: Replica, preamble: BundlePreamble, isRehearsal: Bool) throws {
        self.replica = replica
        self.isRehearsal = isRehearsal
        report = BundleReport(preamble)
        held = [
            .roster: VersionVector(try replica.vector(of: .roster)),
            .data: VersionVector(try replica.vector(of: .data)),
        ]
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
        let before = held[waitingKind] ?? VersionVector()
        let (outcome, after) = try isRehearsal ? (ApplyOutcome(), rehearse(runs, on: before)) : apply(runs, on: before)
        held[waitingKind] = after
        let place: WritableKeyPath<BundleReport, BundleReport.Tally> = waitingKind == .roster ? \.roster : \.data
        for run in runs {
            let (known, taken) = (run.count(through: before[run.replica]), run.count(through: after[run.replica]))
            report[keyPath: place].known += known
            report[keyPath: place].new += taken - known
            report[keyPath: place].leftOut += UInt64(run.entries.count) - taken
        }
        report.quarantined += UInt64(outcome.quarantinedCount)
        report.forked.formUnion(outcome.forked)
        if case .invalid(let text) = outcome.problem { throw BundleFault.refused(text) }
    }

    private func apply(_ runs: [Run], on held: VersionVector) throws -> (ApplyOutcome, VersionVector) {
        let outcome = try replica.apply(runs, kind: waitingKind)
        var after = held
        for tip in outcome.advanced { after.insert(tip.dot) }
        if runs.contains(where: { !after.contains(Dot($0.replica, $0.last)) }) {
            // Another process may have stored it meanwhile.
            after.merge(VersionVector(try replica.vector(of: waitingKind)))
        }
        return (outcome, after)
    }

    private func rehearse(_ runs: [Run], on held: VersionVector) -> VersionVector {
        var after = held
        for run in runs where run.first <= (after[run.replica].map { $0 + 1 } ?? 0) {
            after.insert(Dot(run.replica, run.last))
        }
        return after
    }
}

extension Run {
    /// How many of the entries have at most this number.
    fileprivate func count(through last: SequenceNumber?) -> UInt64 {
        guard let last, last >= first else { return 0 }
        return min(last - first + 1, SequenceNumber(entries.count))
    }
}
