internal import GembaCausality
public import GembaWire

/// The making of a plant: the founder's roster genesis, whose hash is the plant's name, and the recovery key (T1).
public struct PlantFounding: Sendable {
    /// The new plant's name.
    public let plant: PlantID
    /// The founder's roster log: its genesis alone.
    public let log: NewRosterLog
    /// The private key that outranks all members. It is nowhere else: show it or store it, then forget it.
    public let recovery: RecoveryKey

    /// Founds a plant with one station, whose role is ``Role/admin``.
    ///
    /// - Parameter generator: Must be unpredictable: the recovery key comes from it.
    /// - Throws: ``TrustError/Code/invalidName``.
    public init(
        plantName: String, stationName: String, identity: StationIdentity,
        using generator: inout some RandomNumberGenerator
    ) throws(TrustError) {
        try NameRule.plant.check(plantName)
        try NameRule.station.check(stationName)
        recovery = RecoveryKey.generate(using: &generator)
        let genesis = Genesis(
            kind: .roster, plant: nil, station: identity.stationKey,
            random: generator.randomBytes(count: Genesis.randomBytes), incarnation: 1,
            founding: Founding(
                plantName: plantName, recovery: recovery.publicKey,
                founder: identity.member(name: stationName, role: .admin)))
        log = NewRosterLog(genesis: genesis, bodies: [], signer: identity)
        plant = log.hashes[0].plant
    }
}
