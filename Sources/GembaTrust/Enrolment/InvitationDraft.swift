internal import GembaCausality
public import GembaWire

/// A secret of 32 bytes that makes one station a member, on the inviter's side: first an act for the inviter's roster
/// log, then, when that entry has its hash, the token for the joiner (T6).
public struct InvitationDraft: Sendable {
    /// The name suggested for the station; may be empty.
    public let name: String
    /// The role that the station gets.
    public let role: Role
    /// After how many seconds the inviter's clock closes the invitation.
    public let validForSeconds: UInt64
    /// The public key of the invitation, by which acts name it.
    public let inviteKey: InviteKey

    private let secret: InvitationSecret

    /// Prepares an invitation.
    public init(
        name: String, role: Role, validForSeconds: UInt64, using generator: inout some RandomNumberGenerator
    ) throws(TrustError) {
        if !name.isEmpty { try NameRule.station.check(name) }
        self.name = name
        self.role = role
        self.validForSeconds = validForSeconds
        secret = InvitationSecret(using: &generator)
        inviteKey = secret.inviteKey
    }

    /// The act for the inviter's roster log.
    public var act: RosterAct {
        .invite(key: inviteKey, role: role, name: name, validForSeconds: validForSeconds)
    }

    /// The token for the joiner.
    ///
    /// - Parameters:
    ///   - routes: Where a member can be reached; at most ``InvitationToken/maximumRoutes``, each acceptable.
    ///   - announcement: The entry that holds ``act``. All that its author had seen is in its past.
    ///   - lamport: The lamport number of that entry.
    public func token(
        routes: [InvitationToken.Route], plant: PlantID, announcement: ChangeReference, lamport: UInt64
    ) -> InvitationToken {
        InvitationToken(
            routes: routes, plant: plant, role: role, name: name, frontier: [announcement], lamport: lamport,
            secret: secret)
    }
}
