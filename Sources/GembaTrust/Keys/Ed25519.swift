internal import Crypto
internal import GembaCausality

/// Ed25519 (RFC 8032, section 5.1) as all of Gemba uses it: one verification equation, so that no signature is good on
/// one replica and bad on another.
///
/// A signature (R, S) of a message M by a key A is valid exactly when
/// - A is the canonical encoding of a point that is not of small order (see `KeyAcceptance.swift`),
/// - S < L, and
/// - the canonical encoding of [S]B - [k]A, with k = SHA-512(R ‖ A ‖ M) mod L, equals R byte for byte: the equation
///   without cofactor that section 5.1.7 permits. A non-canonical R is thereby refused.
///
/// On the vectors of "Taming the Many EdDSAs" (SSR 2020, table 5) this accepts numbers 2 and 3 and refuses the rest.
enum Ed25519 {
    static let signatureBytes = 64

    static func isValid(
        signature: some Collection<UInt8>, message: [UInt8], key: some ThirtyTwoBytes
    ) -> Bool {
        let keyBytes = key.bytes
        guard signature.count == signatureBytes, Ed25519Encoding.isAcceptable(keyBytes),
            let publicKey = try? Curve25519.Signing.PublicKey(rawRepresentation: keyBytes)
        else { return false }
        return publicKey.isValidSignature(Array(signature), for: message)
    }

    static func signature(of message: [UInt8], by key: Curve25519.Signing.PrivateKey) -> [UInt8] {
        do {
            return Array(try key.signature(for: message))
        } catch {
            // Signing has no failing input; it is declared throwing for keys that live in hardware.
            preconditionFailure("Ed25519 signing failed: \(error)")
        }
    }
}
