internal import Crypto
internal import Foundation
internal import GembaCausality
internal import GembaWire

/// Hybrid public key encryption (RFC 9180) of one short message: base mode with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and
/// ChaCha20-Poly1305.
///
/// swift-crypto's `HPKE.Recipient` opens. Its `HPKE.Sender` draws the ephemeral key itself, so that a simulation could not be
/// replayed; the sender's half, which is a Diffie-Hellman and seven calls of HKDF, is therefore written out here, with the
/// ephemeral key given. A test has the library open what this seals, and compares it with the vectors of appendix A.2.
enum HybridEncryption {
    static let suite = HPKE.Ciphersuite(kem: .Curve25519_HKDF_SHA256, kdf: .HKDF_SHA256, aead: .chaChaPoly)

    /// The identifiers of section 7: of the KEM, then of the KDF and the AEAD.
    private static let kem = Array("KEM".utf8) + [0x00, 0x20]
    private static let all = Array("HPKE".utf8) + [0x00, 0x20, 0x00, 0x01, 0x00, 0x03]
    private static let version = Array("HPKE-v1".utf8)

    /// Seals a message for a public key (sections 4.1, 5.1.1 and 5.2).
    ///
    /// - Parameter ephemeral: 32 random bytes, used for nothing else.
    /// - Returns: nil when the recipient is no key with which a secret can be agreed on.
    static func seal(
        _ message: [UInt8], for recipient: SealingKey, info: [UInt8], ephemeral: [UInt8]
    ) -> (encapsulated: [UInt8], ciphertext: [UInt8])? {
        guard let receiver = try? Curve25519.KeyAgreement.PublicKey(rawRepresentation: recipient.bytes),
            let sender = try? Curve25519.KeyAgreement.PrivateKey(rawRepresentation: ephemeral),
            let agreed = try? sender.sharedSecretFromKeyAgreement(with: receiver)
        else { return nil }
        let encapsulated = Array(sender.publicKey.rawRepresentation)
        let shared = expand(
            extract(agreed.withUnsafeBytes { Array($0) }, label: "eae_prk", suite: kem), label: "shared_secret",
            info: encapsulated + recipient.bytes, count: 32, suite: kem)

        let context =
            [0] + bytes(extract([], label: "psk_id_hash", suite: all)) + bytes(extract(info, label: "info_hash", suite: all))
        let secret = extract([], salt: bytes(shared), label: "secret", suite: all)
        let key = expand(secret, label: "key", info: context, count: 32, suite: all)
        let nonce = bytes(expand(secret, label: "base_nonce", info: context, count: 12, suite: all))
        guard let nonce = try? ChaChaPoly.Nonce(data: nonce),
            let box = try? ChaChaPoly.seal(message, using: key, nonce: nonce)
        else { return nil }
        return (encapsulated, Array(box.ciphertext + box.tag))
    }

    /// LabeledExtract of section 4.
    private static func extract(
        _ material: [UInt8], salt: [UInt8] = [], label: String, suite: [UInt8]
    ) -> SymmetricKey {
        let labeled = version + suite + Array(label.utf8) + material
        return SymmetricKey(
            data: HKDF<SHA256>.extract(inputKeyMaterial: SymmetricKey(data: labeled), salt: salt))
    }

    /// LabeledExpand of section 4.
    private static func expand(
        _ key: SymmetricKey, label: String, info: [UInt8], count: Int, suite: [UInt8]
    ) -> SymmetricKey {
        let labeled = [UInt8(count >> 8), UInt8(count & 0xFF)] + version + suite + Array(label.utf8) + info
        return HKDF<SHA256>.expand(pseudoRandomKey: bytes(key), info: labeled, outputByteCount: count)
    }

    private static func bytes(_ key: SymmetricKey) -> [UInt8] { key.withUnsafeBytes { Array($0) } }
}
