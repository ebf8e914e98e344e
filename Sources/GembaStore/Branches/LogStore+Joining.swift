import GRDB
import GembaCausality
import GembaWire

/// Forks of which all halves but one were taken away are forks no more: names are a function of what is held.
extension LogStore {
    /// Has what is left behind such forks go on under the name of what stands before them.
    ///
    /// - Parameters:
    ///   - rename: told of each path whose entries have another name afterwards.
    ///   - renumber: told, before, of each chain whose entries have another number afterwards.
    func joinLonePaths(
        renaming rename: (ReplicaID) throws -> Void, renumbering renumber: (LogTip) throws -> Void
    ) throws {
        while let path = try branches().lone {
            try rename(path.name)
            if path.parent == path.number {
                try connection.statement("DELETE FROM gemba_branch WHERE name = ?").bind(1, path.name).run()
            } else {
                guard let tip = try tip(number: path.number) else {
                    throw StoreError(.corrupted, "Replica number \(path.number) is unknown; run `gemba verify`.")
                }
                try renumber(tip)
                try join(path)
            }
            forgetSegments()
            forgetBranches()
            numbers.forgetAll()
        }
    }

    /// Gives the entries of a chain the number of the one that it left, which has nothing behind the fork any more.
    private func join(_ path: BranchMap.Path) throws {
        let (old, new) = (path.number, path.parent)
        let first = Segment.Key(LocalDot(replica: old, sequence: 0)).rawValue
        let last = Segment.Key(LocalDot(replica: old + 1, sequence: 0)).rawValue - 1
        let offset = Segment.Key(LocalDot(replica: new, sequence: 0)).rawValue - first
        try connection.statement("DELETE FROM gemba_branch WHERE name = ?").bind(1, path.name).run()
        try connection.statement("UPDATE gemba_segment SET id = id + ? WHERE id BETWEEN ? AND ?")
            .bind(1, offset).bind(2, first).bind(3, last).run()
        for column in [
            "gemba_order SET replica", "gemba_floor SET replica", "gemba_deferred SET replica",
            "gemba_branch SET replica",
            "gemba_branch SET parent", "gemba_state SET data_replica", "OR REPLACE gemba_seen SET author",
            "OR REPLACE gemba_seen SET peer",
        ] {
            let name = column.split(separator: " ").last ?? ""
            try connection.statement("UPDATE \(column) = ? WHERE \(name) = ?").bind(1, new).bind(2, old).run()
        }
        try connection.statement("DELETE FROM gemba_seen WHERE author = peer").run()
        try connection.statement(
            """
            UPDATE gemba_replica SET sequence = later.sequence, hash = later.hash, lamport = later.lamport,
                timestamp = later.timestamp, covered = later.covered,
                quarantined = gemba_replica.quarantined + later.quarantined
            FROM (SELECT * FROM gemba_replica WHERE id = ?1) AS later WHERE gemba_replica.id = ?2
            """
        ).bind(1, old).bind(2, new).run()
        try connection.statement("DELETE FROM gemba_replica WHERE id = ?").bind(1, old).run()
    }
}
