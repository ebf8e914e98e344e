internal import Crypto
public import GembaCausality
public import GembaWire

/// A station's private keys: signing (Ed25519), transport and sealing (X25519 each).
///
/// The identity belongs to a machine, not to a database: it outlives every replica of the station. Three keys instead
/// of one, so that a transport key taken from a running process opens no epoch key and signs nothing.
///
/// Descriptions, reflection and `dump` show public halves only.
public struct StationIdentity: Sendable {
    /// The public half of the signing key: the station's name.
    public let stationKey: StationKey
    /// The public half of the transport key.
    public let transportKey: TransportKey
    /// The public half of the sealing key.
    public let sealingKey: SealingKey

    private let signing: Curve25519.Signing.PrivateKey
    private let transport: Curve25519.KeyAgreement.PrivateKey
    /// The sealing keys, the one in use last: what was wrapped to an earlier one stays readable.
    private let sealing: [Curve25519.KeyAgreement.PrivateKey]

    /// The public halves of the sealing keys that were in use before, oldest first.
    public var formerSealingKeys: [SealingKey] { sealing.dropLast().map(Self.publicHalf) }

    /// Creates an identity from its 32-byte secrets, or nil when one has another length.
    ///
    /// - Parameter formerSealing: The sealing keys that were in use before, oldest first.
    init?(
        signing: some Collection<UInt8>, transport: some Collection<UInt8>, sealing: some Collection<UInt8>,
        formerSealing: [[UInt8]] = []
    ) {
        let sealing = (formerSealing + [Array(sealing)]).compactMap {
            try? Curve25519.KeyAgreement.PrivateKey(rawRepresentation: $0)
        }
        guard sealing.count == formerSealing.count + 1,
            let signing = try? Curve25519.Signing.PrivateKey(rawRepresentation: Array(signing)),
            let transport = try? Curve25519.KeyAgreement.PrivateKey(rawRepresentation: Array(transport)),
            let stationKey = StationKey(bytes: signing.publicKey.rawRepresentation),
            let transportKey = TransportKey(bytes: transport.publicKey.rawRepresentation)
        else { return nil }
        self.signing = signing
        self.transport = transport
        self.sealing = sealing
        self.stationKey = stationKey
        self.transportKey = transportKey
        sealingKey = Self.publicHalf(sealing[formerSealing.count])
    }

    private static func publicHalf(_ key: Curve25519.KeyAgreement.PrivateKey) -> SealingKey {
        guard let publicHalf = SealingKey(bytes: key.publicKey.rawRepresentation) else {
            preconditionFailure("a public key of X25519 has 32 bytes")
        }
        return publicHalf
    }

    /// Makes a new identity from the system's source of randomness.
    public static func generate() -> StationIdentity {
        var system = SystemRandomNumberGenerator()
        return generate(using: &system)
    }

    /// Makes a new identity; `generator` must be unpredictable wherever the keys protect anything.
    public static func generate(using generator: inout some RandomNumberGenerator) -> StationIdentity {
        let secrets = (0..<3).map { _ in generator.randomBytes(count: secretBytes) }
        guard let identity = StationIdentity(signing: secrets[0], transport: secrets[1], sealing: secrets[2]) else {
            preconditionFailure("any 32 bytes are a private key of Curve25519")
        }
        return identity
    }

    /// The same station with new keys for links and for epoch keys (T11).
    ///
    /// The signing key cannot be replaced: it is the station's name. Whoever may have it is kept out by revoking the station
    /// and enrolling the machine as another one.
    public func rekeyed(using generator: inout some RandomNumberGenerator) -> StationIdentity {
        let (transport, sealing) = (
            generator.randomBytes(count: Self.secretBytes), generator.randomBytes(count: Self.secretBytes)
        )
        let identity = StationIdentity(
            signing: secrets.signing, transport: transport, sealing: sealing,
            formerSealing: secrets.formerSealing + [secrets.sealing])
        guard let identity else { preconditionFailure("any 32 bytes are a private key of Curve25519") }
        return identity
    }

    /// The length of each secret.
    static let secretBytes = 32

    // MARK: - Use

    /// Signs a log of this station up to one entry.
    public func signHead(
        replica: ReplicaID, sequence: SequenceNumber, hash: ChangeHash, plant: PlantID
    ) -> SignedHead {
        let message = SignedHead.signedBytes(replica: replica, sequence: sequence, hash: hash, plant: plant)
        return SignedHead(
            replica: replica, sequence: sequence, hash: hash, signature: Ed25519.signature(of: message, by: signing))
    }

    /// Signs a checkpoint that this station made.
    public func sign(_ manifest: CheckpointManifest) -> SignedManifest {
        SignedManifest(
            manifest: manifest,
            signature: Ed25519.signature(of: SignedManifest.signedBytes(of: manifest), by: signing))
    }

    /// Signs where this station answers.
    public func makeBeacon(counter: UInt64, endpoints: [String], plant: PlantID) -> Beacon {
        let message = Beacon.signedBytes(station: stationKey, counter: counter, endpoints: endpoints, plant: plant)
        return Beacon(
            station: stationKey, counter: counter, endpoints: endpoints,
            signature: Ed25519.signature(of: message, by: signing))
    }

    /// The private half of the transport key, for CURVE alone. It is the only secret that leaves this type.
    public var transportSecret: [UInt8] { Array(transport.rawRepresentation) }

    /// Opens a wrap with the sealing key that it names; nil when this station never had that, or it does not fit.
    func open(_ wrap: EpochWrap, info: [UInt8]) -> [UInt8]? {
        sealing.last { Self.publicHalf($0) == wrap.recipient }.flatMap { key in
            KeyEncapsulation.open(wrap.sealed, encapsulated: wrap.encapsulated, info: info, with: key)
        }
    }

    /// The station as founding and join acts describe it.
    public func member(name: String, role: Role) -> Member {
        Member(name: name, role: role, transport: transportKey, sealing: sealingKey)
    }

    /// The secrets, for the key file.
    var secrets: (signing: [UInt8], transport: [UInt8], sealing: [UInt8], formerSealing: [[UInt8]]) {
        let sealing = sealing.map { Array($0.rawRepresentation) }
        return (
            Array(signing.rawRepresentation), Array(transport.rawRepresentation), sealing[sealing.count - 1],
            Array(sealing.dropLast())
        )
    }
}

extension StationIdentity: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The station key, abbreviated.
    public var description: String { "StationIdentity(\(stationKey.description.prefix(16))…)" }
    /// The same as ``description``.
    public var debugDescription: String { description }
    /// The public halves.
    public var customMirror: Mirror {
        Mirror(
            self, children: ["stationKey": stationKey, "transportKey": transportKey, "sealingKey": sealingKey],
            displayStyle: .struct)
    }
}

extension RandomNumberGenerator {
    /// `count` bytes, eight from each number drawn, least significant first.
    mutating func randomBytes(count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count {
            withUnsafeBytes(of: next().littleEndian) { bytes.append(contentsOf: $0) }
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }
}
