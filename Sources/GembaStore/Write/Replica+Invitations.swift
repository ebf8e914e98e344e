public import GembaCausality
import GembaTrust
public import GembaWire

/// What becomes of invitations, in the station's own roster log.
extension Replica {
    /// Closes an invitation, so that nobody joins with it any more.
    ///
    /// - Throws: ``StoreError/Code/notPermitted`` when this station may not close it.
    public func closeInvitation(_ key: InviteKey, by actor: String, because reason: String = "") throws {
        try act([.close(invite: key)], by: actor, because: reason) { roster, member in
            guard let invitation = roster.invitation(key) else {
                throw StoreError(.unknownName, "There is no such invitation.")
            }
            let inviter = roster.members[invitation.inviter]
            let isAbove = inviter.map { member.rank.depth <= $0.rank.depth } ?? true
            guard member.may(.closeInvitations), invitation.inviter == member.station || isAbove else {
                throw StoreError(
                    .notPermitted, "Only the station that issued it, or one above it, may close an invitation.")
            }
        }
    }

    /// Decides which of several stations that joined with one invitation is meant.
    ///
    /// - Parameter log: the roster log of the station, as ``Invitation/Applicant/rosterReplica`` names it.
    /// - Throws: ``StoreError/Code/notPermitted`` when this station may not decide that.
    public func admit(_ log: ReplicaID, by actor: String, because reason: String = "") throws {
        try act([.admit(replica: log)], by: actor, because: reason) { _, member in
            guard member.may(.admit) else {
                throw StoreError(.notPermitted, "Only an administering station decides who is meant by an invitation.")
            }
        }
    }

    /// Closes those of this station's invitations that made somebody a member or that nobody used in time: a copy of their
    /// token is worth nothing from then on.
    ///
    /// - Returns: how many were closed.
    @discardableResult
    public func closeFinishedInvitations() throws -> Int {
        let finished = try finishedInvitations()
        if finished.isEmpty { return 0 }
        try act(finished.map { .close(invite: $0) }, by: "", because: "") { _, _ in }
        return finished.count
    }

    private func finishedInvitations() throws -> [InviteKey] {
        let roster = try roster()
        guard roster.members[identity.stationKey]?.may(.closeInvitations) ?? false else { return [] }
        let now = wallClock
        let outlived = roster.invitations.filter { invitation in
            guard invitation.inviter == identity.stationKey, !invitation.isClosed, invitation.state == .open else {
                return false
            }
            let age = now > invitation.issued.milliseconds ? (now - invitation.issued.milliseconds) / 1000 : 0
            return age > invitation.validForSeconds
        }
        return (roster.spentInvitations(of: identity.stationKey) + outlived).map(\.key)
    }

    /// Appends acts to the own roster log, if this station is a member that may do that.
    func act(
        _ acts: [RosterAct], by actor: String, because reason: String,
        _ check: (Roster, RosterMember) throws -> Void
    ) throws {
        let tip = try write { context in
            let roster = try context.roster()
            guard let member = roster.members[identity.stationKey] else {
                throw StoreError(.notPermitted, "This station is not a member of the plant.")
            }
            try check(roster, member)
            return try RosterCommit(context: context, incarnation: incarnation).run(
                by: actor, because: reason, acts: acts
            ).tip
        }
        try record([tip], durable: false)
    }
}
