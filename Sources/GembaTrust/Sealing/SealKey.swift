internal import Crypto
public import GembaCausality
public import GembaWire

/// The key that seals the bodies of one replica in one epoch (L5). It follows from the ``EpochKey`` and is worth keeping: deriving
/// it costs as much as sealing a few hundred bytes.
public struct SealKey: Sendable {
    /// The epoch that a body sealed with it names.
    public let epoch: EpochID
    /// The replica whose bodies it seals.
    public let replica: ReplicaID

    let key: SymmetricKey
}

extension SealKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The name of the epoch, abbreviated.
    public var description: String { "SealKey(\(epoch.description.prefix(8))…)" }
    /// The same as ``description``.
    public var debugDescription: String { description }
    /// The name of the epoch.
    public var customMirror: Mirror { Mirror(self, children: ["epoch": epoch], displayStyle: .struct) }
}
