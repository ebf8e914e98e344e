import GembaCausality
import GembaTrust
import GembaWire
import Synchronization

/// The epoch keys that this station was given, unwrapped as they are needed.
///
/// They are kept in memory alone: the roster holds them for whoever has the station's sealing key.
final class EpochKeys: Sendable {
    private let identity: StationIdentity
    private let plant: PlantID
    private let known = Mutex(Known())

    private struct Known {
        var epochs: [EpochID: EpochKey] = [:]
        var seals: [SealName: SealKey] = [:]
    }

    private struct SealName: Hashable {
        var epoch: EpochID
        var replica: ReplicaID
    }

    /// Derived keys that are kept; a plant with more replicas and epochs than that derives some again.
    private static let greatestKept = 16 << 10

    init(of identity: StationIdentity, plant: PlantID) {
        self.identity = identity
        self.plant = plant
    }

    /// The key of an epoch; nil when no wrap of it in the roster opens for this station.
    func key(of epoch: EpochID, roster: () throws -> Roster) throws -> EpochKey? {
        if let key = known.withLock({ $0.epochs[epoch] }) { return key }
        let wraps = try roster().wraps(of: epoch, for: identity.stationKey)
        let key = wraps.lazy.compactMap { EpochKey(unwrapping: $0, of: epoch, plant: self.plant, with: self.identity) }
            .first
        guard let key else { return nil }
        known.withLock { $0.epochs[epoch] = key }
        return key
    }

    /// Keeps the key of an epoch that this station just made.
    func remember(_ key: EpochKey) { known.withLock { $0.epochs[key.id] = key } }

    /// The key of a replica's bodies in an epoch; nil when this station was not given the epoch's.
    func sealKey(of replica: ReplicaID, in epoch: EpochID, roster: () throws -> Roster) throws -> SealKey? {
        if let key = known.withLock({ $0.seals[SealName(epoch: epoch, replica: replica)] }) { return key }
        return try key(of: epoch, roster: roster).map { sealKey(of: replica, in: $0) }
    }

    /// The key of a replica's bodies in an epoch whose key is at hand.
    func sealKey(of replica: ReplicaID, in epoch: EpochKey) -> SealKey {
        let name = SealName(epoch: epoch.id, replica: replica)
        if let key = known.withLock({ $0.seals[name] }) { return key }
        let key = epoch.sealKey(for: replica)
        known.withLock { known in
            if known.seals.count == Self.greatestKept { known.seals.removeAll() }
            known.seals[name] = key
        }
        return key
    }
}
