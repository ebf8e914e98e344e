internal import Crypto
internal import GembaCausality
public import GembaWire

/// Epoch keys on their way to one station: HPKE (RFC 9180) in base mode, with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and
/// ChaCha20-Poly1305, info "gemba/epoch/1" ‖ plant ‖ epoch, and no associated data.
extension EpochKey {
    private static let tag = "gemba/epoch/1"

    private static func info(_ epoch: EpochID, in plant: PlantID) -> [UInt8] {
        Array(tag.utf8) + plant.bytes + epoch.bytes
    }

    /// Wraps the key, so that only the holder of a sealing key can unwrap it.
    ///
    /// - Parameter generator: must be unpredictable wherever the key protects anything.
    /// - Returns: nil when the recipient is no acceptable key.
    public func wrap(
        for recipient: SealingKey, in plant: PlantID, using generator: inout some RandomNumberGenerator
    ) -> EpochWrap? {
        let ephemeral = generator.randomBytes(count: Self.byteCount)
        guard
            let sealed = HybridEncryption.seal(
                key.withUnsafeBytes { Array($0) }, for: recipient, info: Self.info(id, in: plant), ephemeral: ephemeral)
        else { return nil }
        return EpochWrap(recipient: recipient, encapsulated: sealed.encapsulated, sealed: sealed.ciphertext)
    }

    /// Unwraps a key; nil when the wrap is for somebody else, was altered, or holds the key of another epoch.
    public init?(unwrapping wrap: EpochWrap, of epoch: EpochID, in plant: PlantID, with identity: StationIdentity) {
        guard let bytes = identity.unwrap(wrap, info: Self.info(epoch, in: plant)), let key = EpochKey(bytes: bytes),
            key.id == epoch
        else { return nil }
        self = key
    }
}
