internal import Crypto
internal import GembaCausality
internal import GembaWire

/// The random part of an invitation and the Ed25519 key that follows from it:
/// seed = HKDF-SHA256 (RFC 5869; input: the 32 secret bytes, no salt, info: "gemba/invite/1", 32 bytes out).
struct InvitationSecret: Hashable, Sendable {
    static let byteCount = 32
    static let label = "gemba/invite/1"

    let bytes: [UInt8]

    init(using generator: inout some RandomNumberGenerator) {
        bytes = generator.randomBytes(count: Self.byteCount)
    }

    init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = Array(bytes)
    }

    private var signingKey: Curve25519.Signing.PrivateKey {
        let seed = KeyDerivation.deriveKey(from: SymmetricKey(data: bytes), info: Array(Self.label.utf8))
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed) else {
            preconditionFailure("any 32 bytes are a private key of Ed25519")
        }
        return key
    }

    var inviteKey: InviteKey {
        guard let key = InviteKey(bytes: signingKey.publicKey.rawRepresentation) else {
            preconditionFailure("a public key of Ed25519 has 32 bytes")
        }
        return key
    }

    /// The join act of a station, signed by the invite key.
    func join(plant: PlantID, station: StationKey, member: Member) -> RosterAct {
        let message = Member.joinSignedBytes(plant: plant, station: station, member: member)
        return .join(
            invite: inviteKey, member: member, signature: Ed25519.signature(of: message, by: signingKey))
    }
}

extension InvitationSecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    var description: String { "InvitationSecret(redacted)" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}
