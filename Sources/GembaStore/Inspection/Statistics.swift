public import GembaCausality
import GembaWire

/// How much a replica holds, and under which name it writes.
public struct ReplicaStatistics: Hashable, Sendable {
    /// The data log that the database writes; nil before its first change.
    public var dataReplica: ReplicaID?
    /// Which incarnation of the station's database that is, counted from 1.
    public var incarnation: UInt64
    /// The changes held, of all stations.
    public var changes: UInt64
    /// Those of them that are authentic and have no effect.
    public var quarantined: UInt64
    /// The greatest timestamp given or accepted, in milliseconds since 1970; 0 before the first.
    public var latestTime: UInt64
}

extension Replica {
    /// Counts what is held, in one snapshot.
    public func statistics() throws -> ReplicaStatistics {
        try withReader { context in
            let state = try context.state()
            let number = state.dataReplica ?? state.rosterReplica
            let counts = try context.connection.statement(
                """
                SELECT coalesce(sum(sequence - coalesce(before, 0)), 0), coalesce(sum(quarantined), 0)
                FROM gemba_replica LEFT JOIN (
                    SELECT replica AS branch, min(first) - 1 AS before FROM gemba_branch
                    WHERE parent <> replica GROUP BY replica) ON branch = id
                WHERE kind = ?
                """
            ).bind(1, Int64(LogKind.data.rawValue)).first { (changes: $0.unsigned(0), quarantined: $0.unsigned(1)) }
            return ReplicaStatistics(
                dataReplica: try state.dataReplica.flatMap(context.log.tip(number:))?.replica,
                incarnation: try number.flatMap(context.log.tip(number:))?.incarnation ?? 1,
                changes: counts?.changes ?? 0, quarantined: counts?.quarantined ?? 0,
                latestTime: state.latestTimestamp.milliseconds)
        }
    }
}
