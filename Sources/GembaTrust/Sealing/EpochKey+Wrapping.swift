internal import Crypto
internal import GembaCausality
public import GembaWire

/// Giving an epoch key to stations, through their roster (T5).
extension EpochKey {
    private static let wrapLabel = "gemba/epoch/1"

    /// What a wrap is bound to, so that one from another plant or epoch does not open.
    private static func info(plant: PlantID, epoch: EpochID) -> [UInt8] {
        Array(wrapLabel.utf8) + plant.bytes + epoch.bytes
    }

    /// The key as only the holder of a sealing key can read it.
    ///
    /// - Parameter generator: Must be unpredictable: from it comes the key that is used once.
    /// - Throws: ``TrustError/Code/unacceptableKey``; a station with such a key is no member.
    public func wrapped(
        for recipient: SealingKey, plant: PlantID, using generator: inout some RandomNumberGenerator
    ) throws(TrustError) -> EpochWrap {
        let secret = generator.randomBytes(count: Self.byteCount)
        guard let ephemeral = try? Curve25519.KeyAgreement.PrivateKey(rawRepresentation: secret),
            let (encapsulated, sealed) = KeyEncapsulation.seal(
                bytes, info: Self.info(plant: plant, epoch: id), to: recipient, ephemeral: ephemeral)
        else {
            throw TrustError(
                .unacceptableKey, "No key can be wrapped to sealing key \(recipient.description.prefix(8))….")
        }
        return EpochWrap(recipient: recipient, encapsulated: encapsulated, sealed: sealed)
    }

    /// The act that makes this epoch, or gives it to more stations.
    ///
    /// - Parameter recipients: At least one and at most ``Limits/epochWraps``; of keys that are named twice one counts.
    /// - Throws: ``TrustError/Code/unacceptableKey``.
    public func act(
        for recipients: some Sequence<SealingKey>, plant: PlantID, using generator: inout some RandomNumberGenerator
    ) throws(TrustError) -> RosterAct {
        var wraps: [EpochWrap] = []
        for recipient in Set(recipients).sorted() {
            wraps.append(try wrapped(for: recipient, plant: plant, using: &generator))
        }
        return .epoch(id, wraps: wraps)
    }

    /// Opens a wrap; nil when it is none for this station, was made for another plant or epoch, or holds another key than
    /// the epoch's name says.
    public init?(unwrapping wrap: EpochWrap, of epoch: EpochID, plant: PlantID, with identity: StationIdentity) {
        let info = Self.info(plant: plant, epoch: epoch)
        guard let content = identity.open(wrap, info: info), let key = EpochKey(bytes: content), key.id == epoch else {
            return nil
        }
        self = key
    }
}
