internal import Crypto
public import GembaCausality
internal import GembaWire

/// A fingerprint of what a roster decides.
public struct RosterDigest: ThirtyTwoBytes {
    /// The bytes.
    public let rawValue: ThirtyTwoByteValue

    /// Creates a digest from its bytes.
    public init(rawValue: ThirtyTwoByteValue) { self.rawValue = rawValue }

    /// SHA-256 over deterministic CBOR `["gemba/roster/1", plant, members sorted by station, invitations sorted by
    /// key]`.
    init(plant: PlantID, members: [StationKey: RosterMember], invitations: [Invitation]) {
        var encoder = CBOREncoder()
        encoder.array(count: 4)
        encoder.text("gemba/roster/1")
        encoder.fixed(plant)
        encoder.array(count: members.count)
        for member in members.values.sorted(by: { $0.station < $1.station }) { encoder.rosterMember(member) }
        encoder.array(count: invitations.count)
        for invitation in invitations.sorted(by: { $0.key < $1.key }) { encoder.invitation(invitation) }
        let hash = SHA256.hash(data: encoder.bytes)
        self = hash.withUnsafeBytes { bytes in
            guard let digest = RosterDigest(bytes: bytes) else { preconditionFailure("SHA-256 yields 32 bytes") }
            return digest
        }
    }
}

extension CBOREncoder {
    fileprivate mutating func rosterMember(_ member: RosterMember) {
        array(count: 10)
        fixed(member.station)
        fixed(member.rosterReplica)
        text(member.displayName)
        member.role.encode(into: &self)
        fixed(member.transport)
        fixed(member.sealing)
        unsigned(UInt64(member.rank.depth))
        unsigned(member.isConfirmed ? 1 : 0)
        unsigned(member.isActive ? 0 : 1)
        array(count: member.endpoints.count)
        for endpoint in member.endpoints { text(endpoint) }
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
}
