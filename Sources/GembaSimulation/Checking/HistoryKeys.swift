import GembaCausality
import GembaTrust
import GembaWire

/// The epoch keys that one member was given, taken from the acts themselves.
struct HistoryKeys {
    private let identity: StationIdentity
    private let plant: PlantID
    private var epochs: [EpochID: EpochKey] = [:]

    init(_ identity: StationIdentity, plant: PlantID) {
        self.identity = identity
        self.plant = plant
    }

    /// Takes what an entry of a roster log gives.
    mutating func take(_ entry: Entry) {
        for case .epoch(let epoch, let wraps) in (try? RosterBody(decoding: entry.body))?.acts ?? [] {
            for wrap in wraps where wrap.recipient == identity.sealingKey && epochs[epoch] == nil {
                epochs[epoch] = EpochKey(unwrapping: wrap, of: epoch, plant: plant, with: identity)
            }
        }
    }

    /// Whether the member was given the key of an epoch.
    func holds(_ epoch: EpochID) -> Bool { epochs[epoch] != nil }

    /// The key of an entry's body.
    func key(of entry: Entry, by replica: ReplicaID) -> SealKey? {
        entry.seal.flatMap { epochs[$0.epoch] }?.sealKey(for: replica)
    }
}
