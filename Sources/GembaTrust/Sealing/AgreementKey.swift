internal import Crypto
internal import GembaCausality
public import GembaWire

/// Makes the fingerprints by which members find out whether their rows are equal (S7).
///
/// It follows from the key of an epoch, which every member has and no relay. A plant that has no epoch yet has nothing that
/// members alone know; the key then follows from the plant's name, and keeps plants apart, but hides nothing from whoever knows
/// the plant.
public struct AgreementKey: Sendable {
    /// The epoch that the key follows from; nil when it follows from the plant's name.
    public let epoch: EpochID?
    private let key: SymmetricKey

    /// Also names the version of what is compared, so that another version's fingerprints are never equal by chance.
    private static let label = Array("gemba/agreement/1".utf8)

    /// The key for a plant that has no epoch.
    public init(plant: PlantID) {
        epoch = nil
        key = KeyDerivation.deriveKey(from: SymmetricKey(data: plant.bytes), info: Self.label)
    }

    /// The key of an epoch.
    public init(epoch: EpochKey) {
        self.epoch = epoch.id
        key = epoch.deriveKey(info: Self.label)
    }

    /// The fingerprint of a range.
    public func fingerprint(of range: RowRange, digest: RowDigest) -> RowFingerprint {
        fingerprint(of: [0] + range.digits + digest.bytes)
    }

    /// The fingerprint of a row; nil for one that is not compared.
    public func fingerprint(ofRow digest: RowDigest) -> RowFingerprint? {
        digest == .notCompared ? nil : fingerprint(of: [1] + digest.bytes)
    }

    private func fingerprint(of bytes: [UInt8]) -> RowFingerprint {
        let code = HMAC<SHA256>.authenticationCode(for: bytes, using: key)
        return RowFingerprint(rawValue: code.prefix(RowFingerprint.byteCount).reduce(0) { $0 << 8 | UInt128($1) })
    }
}

extension AgreementKey: CustomStringConvertible, CustomReflectable {
    /// The name of the epoch, abbreviated.
    public var description: String { "AgreementKey(\(epoch.map { "\($0.description.prefix(8))…" } ?? "plant"))" }
    /// The name of the epoch.
    public var customMirror: Mirror { Mirror(self, children: ["epoch": epoch as Any], displayStyle: .struct) }
}
