public import GembaWire

/// Checks that a signed head was signed by the station that owns the log (L4).
///
/// Verification is Ed25519 with the equation without cofactor, strict S < L, canonical R, and a key that is canonical
/// and not of small order, so that every implementation judges every signature alike.
public enum HeadVerification {
    /// Whether `station` signed this head for a log of this plant.
    ///
    /// The signature binds replica, sequence number, the whole hash, the type of the statement, its version and the
    /// plant; a head from another plant or another place in the log is refused.
    public static func isValid(_ head: SignedHead, by station: StationKey, plant: PlantID) -> Bool {
        let message = SignedHead.signedBytes(
            replica: head.replica, sequence: head.sequence, hash: head.hash, plant: plant)
        return Ed25519.isValid(signature: head.signature, message: message, key: station)
    }

    /// Whether the maker that a manifest names signed it.
    public static func isValid(_ signed: SignedManifest) -> Bool {
        Ed25519.isValid(
            signature: signed.signature, message: SignedManifest.signedBytes(of: signed.manifest),
            key: signed.manifest.maker)
    }
}
