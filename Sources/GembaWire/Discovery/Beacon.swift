internal import GembaCausality

/// What a station says to whoever is near: where it answers at the moment (`Protocol/11-discovery.md`).
///
/// It is a hint. Whoever takes it dials with the transport key that the roster has for the station, and nothing else.
public struct Beacon: Hashable, Sendable {
    /// The station.
    public var station: StationKey
    /// Greater than in any beacon of the station before: one that is played again counts for nothing.
    public var counter: UInt64
    /// Where the station answers, the likeliest first; at least one, at most ``Limits/beaconEndpoints``.
    public var endpoints: [String]
    /// 64 bytes, Ed25519.
    public var signature: [UInt8]

    /// Creates a beacon from its parts.
    public init(station: StationKey, counter: UInt64, endpoints: [String], signature: [UInt8]) {
        self.station = station
        self.counter = counter
        self.endpoints = endpoints
        self.signature = signature
    }

    /// What the station signs: the Sig_structure of RFC 9052, section 4.4. The associated data bind the signature to its
    /// purpose and to the plant.
    public static func signedBytes(
        station: StationKey, counter: UInt64, endpoints: [String], plant: PlantID
    ) -> [UInt8] {
        var associated = CBOREncoder()
        associated.array(count: 2)
        associated.text("gemba/beacon/1")
        associated.fixed(plant)
        var payload = CBOREncoder()
        payload.array(count: 3)
        encodeContent(station, counter, endpoints, into: &payload)
        return SignedHead.signatureStructure(associated: associated.bytes, payload: payload.bytes)
    }

    private static func encodeContent(
        _ station: StationKey, _ counter: UInt64, _ endpoints: [String], into encoder: inout CBOREncoder
    ) {
        encoder.fixed(station)
        encoder.unsigned(counter)
        encoder.array(count: endpoints.count)
        for endpoint in endpoints { encoder.text(endpoint) }
    }
}

/// `[1, station, counter, endpoints, COSE_Sign1]`, with a detached payload.
extension Beacon: WireCodable {
    private static let version: UInt64 = 1

    /// Appends the beacon.
    public func encode(into encoder: inout CBOREncoder) {
        encoder.array(count: 5)
        encoder.unsigned(Self.version)
        Self.encodeContent(station, counter, endpoints, into: &encoder)
        encoder.detachedSignature(signature)
    }

    /// Reads a beacon. Its signature is not verified.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.array(count: 5)
        guard try decoder.unsigned() == Self.version else { throw decoder.failure(.unsupportedVersion) }
        let station = try decoder.fixed(StationKey.self)
        let counter = try decoder.unsigned()
        let endpoints = try decoder.nonEmptyList { (decoder) throws(WireError) in
            let endpoint = try decoder.text(maximum: Limits.endpointBytes)
            guard !endpoint.isEmpty else { throw decoder.failure(.invalid("an endpoint is empty")) }
            return endpoint
        }
        guard endpoints.count <= Limits.beaconEndpoints else { throw decoder.failure(.tooLong) }
        self.init(
            station: station, counter: counter, endpoints: endpoints, signature: try decoder.detachedSignature())
    }
}
