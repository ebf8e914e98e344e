import GembaCausality
import GembaTrust
import GembaWire

/// Dropping: taking the merge state of deleted rows from every replica of the plant (M16).
extension Replica {
    /// What dropping every row that was deleted before a time would do now.
    ///
    /// - Parameter age: how long ago a row was deleted at least, in milliseconds, by this machine's clock and its deleters'.
    public func dropPlan(olderThan age: UInt64) throws -> DropPlan {
        let newest = wallClock - min(age, wallClock)
        return try withReader { try DropPlanner(context: $0, newest: newest).plan() }
    }

    /// Drops deleted rows on every replica of the plant: writes changes that take their merge state, up to a cut that every
    /// member that may write and is not lapsed has acknowledged.
    ///
    /// Of a dropped row its id and presence stay, some 50 bytes. A row is never dropped while an edit stands beside its
    /// deletion. What somebody who had not seen the drop does to such a row, or did before it heard of it, is listed as an
    /// orphan on every replica and stays in the logs. The id may be inserted again.
    ///
    /// - Parameters:
    ///   - age: how long ago a row was deleted at least, in milliseconds.
    ///   - actor: the person who acts.
    ///   - reason: why; may be empty.
    /// - Returns: what was dropped, and what kept it from being more.
    /// - Throws: ``StoreError/Code/notPermitted`` when this station may not drop rows, or is lapsed itself.
    @discardableResult
    public func dropDeletedRows(
        olderThan age: UInt64, by actor: String, because reason: String = ""
    ) throws -> DropPlan {
        guard let member = try roster().members[identity.stationKey], member.may(.dropRows) else {
            throw StoreError(.notPermitted, "Only an administrator's station drops deleted rows.")
        }
        guard member.isActive else {
            throw StoreError(
                .notPermitted, "This station is lapsed; it drops rows once it has caught up and returned by itself.")
        }
        let newest = wallClock - min(age, wallClock)
        var done = try dropPlan(olderThan: age)
        (done.rows, done.bytes) = (0, 0)
        var last: DropPlanner.Candidate?
        repeat {
            let dropped = try write(by: actor, because: reason) { transaction in
                try transaction.dropDeletedRows(before: newest, after: last)
            }
            done.add(dropped.plan)
            last = dropped.last
        } while last != nil
        return done
    }
}

extension WriteTransaction {
    /// Drops as many rows as one change holds.
    ///
    /// - Returns: the last of them, nil when there are no more, and what they took.
    fileprivate func dropDeletedRows(
        before newest: UInt64, after last: DropPlanner.Candidate?
    ) throws -> (last: DropPlanner.Candidate?, plan: DropPlan) {
        let planner = try DropPlanner(context: context, newest: newest)
        let (rows, plan) = try planner.candidates(after: last, atMost: DropPlanner.rowsInChange)
        cut = try planner.cut(of: rows)
        for candidate in rows {
            try apply(
                RowOperation(
                    table: candidate.table, row: candidate.row, verb: .delete, saw: try globalNames(candidate.marks),
                    effects: [Effect(group: Effect.dropGroup, content: .drop)]))
        }
        return (rows.count == DropPlanner.rowsInChange ? rows.last : nil, plan)
    }
}

extension DropPlanner {
    /// How many rows one change drops, at some 30 bytes each well within the bounds of a body; other writers get their turn
    /// between two.
    static let rowsInChange = 2_000
}
