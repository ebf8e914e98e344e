internal import GembaCausality
internal import GembaWire

/// Members as they come in, before they state anything about themselves.
extension RosterMember {
    /// The founder, as the genesis of its log describes it.
    init(_ founding: Founding, in log: RosterPath) {
        self.init(
            founding.founder, of: log, rank: RosterRank(depth: 0, admission: log.genesisHash), invitation: nil,
            inviter: nil, isConfirmed: true, enrolled: nil)
    }

    /// A station that an invitation made a member.
    init(_ claim: JoinClaim, in reading: RosterReading, inviter: StationKey, depth: Int, isConfirmed: Bool) {
        self.init(
            claim.member, of: reading.causality.logs[claim.log],
            rank: RosterRank(depth: depth, admission: claim.hash), invitation: claim.invite, inviter: inviter,
            isConfirmed: isConfirmed, enrolled: claim.timestamp)
    }

    private init(
        _ member: Member, of log: RosterPath, rank: RosterRank, invitation: InviteKey?, inviter: StationKey?,
        isConfirmed: Bool, enrolled: HybridTimestamp?
    ) {
        station = log.station
        name = member.name
        displayName = member.name
        role = member.role
        transport = member.transport
        sealing = member.sealing
        sealingKeys = [member.sealing]
        rosterReplica = log.replica
        self.rank = rank
        self.invitation = invitation
        self.inviter = inviter
        self.isConfirmed = isConfirmed
        self.enrolled = enrolled
        endpoints = []
    }
}
