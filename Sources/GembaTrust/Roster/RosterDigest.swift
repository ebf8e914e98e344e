internal import Crypto
public import GembaCausality
internal import GembaWire

/// A fingerprint of what a roster decides.
public struct RosterDigest: ThirtyTwoBytes {
    /// The bytes.
    public let rawValue: ThirtyTwoByteValue

    /// Creates a digest from its bytes.
    public init(rawValue: ThirtyTwoByteValue) { self.rawValue = rawValue }

    /// SHA-256 over deterministic CBOR `["gemba/roster/2", plant, members sorted by station, former members likewise,
    /// invitations sorted by key, epochs sorted by id, policy]`.
    init(
        plant: PlantID, members: [StationKey: RosterMember], formerMembers: [StationKey: FormerMember],
        invitations: [Invitation], epochs: [EpochID: Epoch], policy: PlantPolicy
    ) {
        var encoder = CBOREncoder()
        encoder.array(count: 7)
        encoder.text("gemba/roster/2")
        encoder.fixed(plant)
        encoder.array(count: members.count)
        for member in members.values.sorted(by: { $0.station < $1.station }) { encoder.rosterMember(member) }
        encoder.array(count: formerMembers.count)
        for former in formerMembers.values.sorted(by: { $0.member.station < $1.member.station }) {
            encoder.formerMember(former)
        }
        encoder.array(count: invitations.count)
        for invitation in invitations.sorted(by: { $0.key < $1.key }) { encoder.invitation(invitation) }
        encoder.array(count: epochs.count)
        for epoch in epochs.values.sorted(by: { $0.id < $1.id }) { encoder.epoch(epoch) }
        encoder.unsigned(policy.rawValue)
        let hash = SHA256.hash(data: encoder.bytes)
        self = hash.withUnsafeBytes { bytes in
            guard let digest = RosterDigest(bytes: bytes) else { preconditionFailure("SHA-256 yields 32 bytes") }
            return digest
        }
    }
}

extension CBOREncoder {
    fileprivate mutating func rosterMember(_ member: RosterMember) {
        array(count: 11)
        fixed(member.station)
        fixed(member.rosterReplica)
        text(member.displayName)
        member.role.encode(into: &self)
        fixed(member.transport)
        fixed(member.sealing)
        array(count: member.sealingKeys.count)
        for key in member.sealingKeys { fixed(key) }
        unsigned(UInt64(member.rank.depth))
        unsigned(member.isConfirmed ? 1 : 0)
        unsigned(member.isActive ? 0 : 1)
        array(count: member.endpoints.count)
        for endpoint in member.endpoints { text(endpoint) }
    }

    fileprivate mutating func formerMember(_ former: FormerMember) {
        array(count: 5)
        rosterMember(former.member)
        unsigned(UInt64(former.kind.rawValue))
        fixed(former.author)
        references(former.cut.values.sorted { $0.replica < $1.replica })
        list(former.removals)
    }

    fileprivate mutating func invitation(_ invitation: Invitation) {
        array(count: 4)
        fixed(invitation.key)
        fixed(invitation.inviter)
        switch invitation.state {
        case .open: unsigned(0)
        case .used(let station): fixed(station)
        case .contested: unsigned(1)
        case .closed: unsigned(2)
        }
        unsigned(invitation.isClosed ? 1 : 0)
    }

    fileprivate mutating func epoch(_ epoch: Epoch) {
        array(count: 6)
        fixed(epoch.id)
        fixed(epoch.author)
        fixed(epoch.order.entry)
        unsigned(UInt64(epoch.order.index))
        unsigned(epoch.isUsable ? 1 : 0)
        array(count: epoch.wraps.count)
        for (_, wraps) in epoch.wraps.sorted(by: { $0.key < $1.key }) { list(wraps) }
    }
}
