internal import Crypto
public import GembaCausality
public import GembaWire

/// One generation of the plant's sealing key (T5): 32 random bytes, named by the first 16 bytes of their SHA-256.
///
/// Because the name follows from the key, a body names the one key that opens it: nobody can make a body that two keys
/// open to two texts. Descriptions show the name only.
public struct EpochKey: Sendable {
    /// The name of the epoch.
    public let id: EpochID

    private let key: SymmetricKey

    /// The length of a key.
    public static let byteCount = 32
    /// Separates keys that seal bodies from all others that follow from an epoch key.
    private static let sealLabel = "gemba/seal"

    /// Creates a key, or nil when there are not 32 bytes.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount,
            let id = EpochID(bytes: SHA256.hash(data: Array(bytes)).prefix(EpochID.byteCount).map { $0 })
        else { return nil }
        key = SymmetricKey(data: Array(bytes))
        self.id = id
    }

    /// Makes a new key; `generator` must be unpredictable wherever the key protects anything.
    public init(using generator: inout some RandomNumberGenerator) {
        guard let key = EpochKey(bytes: generator.randomBytes(count: Self.byteCount)) else {
            preconditionFailure("any 32 bytes are an epoch key")
        }
        self = key
    }

    /// The key itself, to be wrapped.
    var bytes: [UInt8] { key.withUnsafeBytes { Array($0) } }

    /// The key for the bodies of one replica (L5): HKDF-SHA256 without salt, info: "gemba/seal" ‖ replica.
    ///
    /// With a key of its own for every replica, random nonces of 12 bytes need only be unique within one log.
    public func sealKey(for replica: ReplicaID) -> SealKey {
        SealKey(epoch: id, replica: replica, key: deriveKey(info: Array(Self.sealLabel.utf8) + replica.bytes))
    }

    /// A key that follows from this one.
    func deriveKey(info: [UInt8]) -> SymmetricKey { KeyDerivation.deriveKey(from: key, info: info) }
}

extension EpochKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The name of the epoch, abbreviated.
    public var description: String { "EpochKey(\(id.description.prefix(8))…)" }
    /// The same as ``description``.
    public var debugDescription: String { description }
    /// The name of the epoch.
    public var customMirror: Mirror { Mirror(self, children: ["id": id], displayStyle: .struct) }
}
