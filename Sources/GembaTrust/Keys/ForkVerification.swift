public import GembaWire

/// Checks that a station signed two histories of one log.
public enum ForkVerification {
    /// Whether `station`, whose log it is by its genesis, signed both halves.
    ///
    /// That the halves are of one log and differ is checked when a proof is read.
    public static func isValid(_ proof: ForkProof, by station: StationKey, plant: PlantID) -> Bool {
        proof.heads.count == 2
            && proof.heads.allSatisfy { HeadVerification.isValid($0, by: station, plant: plant) }
    }
}
