internal import Crypto
internal import Foundation
internal import GembaCausality
internal import GembaWire

/// HPKE (RFC 9180) in base mode for one message: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305, no associated
/// data.
///
/// Opening is swift-crypto's. Sealing is written out here from its primitives, because swift-crypto's draws the ephemeral key
/// itself, and a simulation that draws what it cannot repeat cannot be replayed from its seed.
enum KeyEncapsulation {
    private static let suite = HPKE.Ciphersuite.Curve25519_SHA256_ChachaPoly

    /// Opens a message; nil when it was not sealed to this key, with this info, or was altered.
    static func open(
        _ sealed: [UInt8], encapsulated: [UInt8], info: [UInt8], with key: Curve25519.KeyAgreement.PrivateKey
    ) -> [UInt8]? {
        guard
            var recipient = try? HPKE.Recipient(
                privateKey: key, ciphersuite: suite, info: Data(info), encapsulatedKey: Data(encapsulated)),
            let message = try? recipient.open(sealed)
        else { return nil }
        return Array(message)
    }

    /// Seals a message to a public key; nil when that is of small order, so that no secret would come of it.
    ///
    /// - Parameter ephemeral: A key that is used once, and must be unpredictable.
    static func seal(
        _ message: [UInt8], info: [UInt8], to key: SealingKey, ephemeral: Curve25519.KeyAgreement.PrivateKey
    ) -> (encapsulated: [UInt8], sealed: [UInt8])? {
        guard key.isAcceptable,
            let recipient = try? Curve25519.KeyAgreement.PublicKey(rawRepresentation: key.bytes),
            let agreed = try? ephemeral.sharedSecretFromKeyAgreement(with: recipient)
        else { return nil }
        let encapsulated = Array(ephemeral.publicKey.rawRepresentation)
        let secret = agreed.withUnsafeBytes { SymmetricKey(data: $0) }
        let (sealingKey, nonce) = schedule(
            sharedSecret: sharedSecret(of: secret, context: encapsulated + key.bytes), info: info)
        guard let nonce = try? ChaChaPoly.Nonce(data: nonce),
            let box = try? ChaChaPoly.seal(message, using: sealingKey, nonce: nonce)
        else { return nil }
        return (encapsulated, Array(box.ciphertext + box.tag))
    }

    // MARK: - The key schedule

    /// Section 4.1, ExtractAndExpand.
    private static func sharedSecret(of agreed: SymmetricKey, context: [UInt8]) -> SymmetricKey {
        let labels = Labels(suite: Array("KEM".utf8) + [0x00, 0x20])
        let extracted = labels.extract("eae_prk", from: agreed)
        return labels.expand("shared_secret", from: extracted, info: context, byteCount: 32)
    }

    /// Section 5.1, KeySchedule in mode 0, without a pre-shared key.
    private static func schedule(sharedSecret: SymmetricKey, info: [UInt8]) -> (key: SymmetricKey, nonce: [UInt8]) {
        let labels = Labels(suite: Array("HPKE".utf8) + [0x00, 0x20, 0x00, 0x01, 0x00, 0x03])
        let none = SymmetricKey(data: [UInt8]())
        let context =
            [0] + labels.extract("psk_id_hash", from: none).bytes
            + labels.extract("info_hash", from: SymmetricKey(data: info)).bytes
        let secret = labels.extract("secret", from: none, salt: sharedSecret.bytes)
        return (
            labels.expand("key", from: secret, info: context, byteCount: 32),
            labels.expand("base_nonce", from: secret, info: context, byteCount: 12).bytes
        )
    }

    /// Section 4, LabeledExtract and LabeledExpand.
    private struct Labels {
        let suite: [UInt8]
        private static let version = Array("HPKE-v1".utf8)

        func extract(_ label: String, from input: SymmetricKey, salt: [UInt8] = []) -> SymmetricKey {
            let labelled = Self.version + suite + Array(label.utf8) + input.bytes
            let code = HKDF<SHA256>.extract(inputKeyMaterial: SymmetricKey(data: labelled), salt: salt)
            return code.withUnsafeBytes { SymmetricKey(data: $0) }
        }

        func expand(_ label: String, from key: SymmetricKey, info: [UInt8], byteCount: Int) -> SymmetricKey {
            let labelled = [UInt8(byteCount >> 8), UInt8(byteCount & 0xFF)] + Self.version + suite + Array(label.utf8)
            return HKDF<SHA256>.expand(pseudoRandomKey: key, info: labelled + info, outputByteCount: byteCount)
        }
    }
}

extension SymmetricKey {
    fileprivate var bytes: [UInt8] { withUnsafeBytes { Array($0) } }
}
