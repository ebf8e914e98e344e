import GembaCausality
import GembaTrust
public import GembaWire
import Synchronization

/// How much of this disk the data logs of any one other station may take, so that a station which writes without end fills no
/// other's disk; and how long its roster logs may be, which everybody folds whenever one grows.
///
/// What is local may delay a change and never refuse it (L10): runs beyond the quota are left out and asked for again. And it
/// must not hold up others: what the change of somebody else builds on is taken in, however much it is. Where all stations
/// have the same quota nobody builds on what lies beyond it.
///
/// The measure is the log, as it is stored; rows, which the log's author may make larger or smaller, take about as much again.
final class DiskQuota: Sendable {
    private struct State {
        var bytes = Replica.standardQuota
        var rosterEntries = UInt64(Limits.rosterEntries)
        /// What each station has stored, as far as it was asked; at least, since what is stored may be compressed later.
        var stored: [StationKey: Int64] = [:]
        /// Logs of which a run was left out.
        var leftOut: Set<ReplicaID> = []
        /// Up to where others built on logs of which a run was left out.
        var wanted: [ReplicaID: SequenceNumber] = [:]

        /// Whether somebody built on a run of a log that begins with an entry, or on what follows it.
        func isWanted(_ log: ReplicaID, from first: SequenceNumber) -> Bool { wanted[log].map { first <= $0 } ?? false }
    }

    private let state = Mutex(State())
    /// Logs that are remembered because a run of them was left out.
    private static let notedLogs = 4096

    var bytes: Int64 {
        get { state.withLock { $0.bytes } }
        set { state.withLock { $0.bytes = newValue } }
    }

    /// Entries of roster logs of any one other station.
    var rosterEntries: UInt64 {
        get { state.withLock { $0.rosterEntries } }
        set { state.withLock { $0.rosterEntries = newValue } }
    }

    /// Whether a run of a roster log is taken in.
    ///
    /// - Parameter length: how many entries are folded for the station when it is.
    func admits(rosterRun run: VerifiedRun, length: UInt64) -> Bool {
        let isAdmitted = state.withLock { state in
            length <= state.rosterEntries || state.isWanted(run.replica, from: run.first)
        }
        if !isAdmitted { noteLeftOut(run.replica) }
        return isAdmitted
    }

    /// Whether a run is taken in.
    ///
    /// - Parameter measure: how much the station has stored; asked only when a run would not be taken in otherwise.
    func admits(_ run: VerifiedRun, byteCount: Int, measure: () throws -> Int64) rethrows -> Bool {
        if fits(run, byteCount: byteCount) { return true }
        let stored = try measure()
        state.withLock { $0.stored[run.station] = stored }
        if fits(run, byteCount: byteCount) { return true }
        noteLeftOut(run.replica)
        return false
    }

    /// Notes that a run of a log was left out, so that somebody may turn out to want it.
    func noteLeftOut(_ log: ReplicaID) {
        state.withLock { state in
            // A station may open logs as it likes. Those that are forgotten here are noted again when they come again.
            if state.leftOut.count >= Self.notedLogs { (state.leftOut, state.wanted) = ([], [:]) }
            state.leftOut.insert(log)
        }
    }

    /// Whether somebody built on a run, or on what follows it in its log.
    func isWanted(_ run: Run) -> Bool {
        state.withLock { $0.isWanted(run.replica, from: run.first) }
    }

    private func fits(_ run: VerifiedRun, byteCount: Int) -> Bool {
        state.withLock { state in
            if state.isWanted(run.replica, from: run.first) { return true }
            guard let stored = state.stored[run.station] else { return false }
            return stored <= state.bytes - Int64(byteCount)
        }
    }

    /// Notes that a run was stored.
    func add(_ byteCount: Int, of station: StationKey) {
        state.withLock { $0.stored[station, default: 0] += Int64(byteCount) }
    }

    /// Notes that an act builds on an entry that is on some log of which a run was left out: its name is that of a branch which
    /// is not held.
    func noteWanted(at sequence: SequenceNumber) {
        state.withLock { state in
            for log in state.leftOut { state.wanted[log] = max(state.wanted[log] ?? 0, sequence) }
        }
    }

    /// Notes that a change of somebody builds on an entry that is not held.
    func noteWanted(_ reference: ChangeReference) {
        state.withLock { state in
            guard state.leftOut.contains(reference.replica) else { return }
            state.wanted[reference.replica] = max(state.wanted[reference.replica] ?? 0, reference.sequence)
        }
    }
}

extension Replica {
    /// The quota of a replica that was not given another: a station that writes a ticket a minute, day and night, takes ten
    /// years to fill it.
    public static let standardQuota: Int64 = 4 << 30

    /// Bytes that the data logs of each other station may take here. What goes beyond is left out until others build on it, or
    /// the quota is raised. It belongs to this process.
    public var authorQuota: Int64 {
        get { environment.quota.bytes }
        set { environment.quota.bytes = newValue }
    }

    /// Entries that the roster logs of each other station may have here, 131,072 unless it is set: each history of a forked log
    /// counts whole. What goes beyond is left out until others build on it. It belongs to this process.
    public var authorRosterQuota: UInt64 {
        get { environment.quota.rosterEntries }
        set { environment.quota.rosterEntries = newValue }
    }

    /// Bytes that the data logs of a station take here.
    public func storedBytes(of station: StationKey) throws -> Int64 {
        try withReader { try $0.log.storedBytes(of: station) }
    }
}

extension LogStore {
    /// Entries that are folded for the roster logs of a station: all of each history.
    func foldedRosterEntries(of station: StationKey) throws -> UInt64 {
        try tips(of: station).filter { $0.kind == .roster }.reduce(0) { $0 + $1.sequence + 1 }
    }

    /// Bytes that the data logs of a station take.
    func storedBytes(of station: StationKey) throws -> Int64 {
        try tips(of: station).filter { $0.kind == .data }.reduce(0) { sum, tip in
            let first = Segment.Key(LocalDot(replica: tip.number, sequence: 0)).rawValue
            let next = Segment.Key(LocalDot(replica: tip.number + 1, sequence: 0)).rawValue
            return try sum
                + (connection.statement(Self.sumSegments).bind(1, first).bind(2, next).first { $0.int(0) } ?? 0)
        }
    }

    private static let sumSegments = SQLText(
        """
        SELECT coalesce(sum(length(directory) + length(heads) + length(entries)), 0) FROM gemba_segment
        WHERE id >= ? AND id < ?
        """)
}
