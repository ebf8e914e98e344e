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
    private let sealing: Curve25519.KeyAgreement.PrivateKey

    /// Creates an identity from its three 32-byte secrets, or nil when one has another length.
    init?(signing: some Collection<UInt8>, transport: some Collection<UInt8>, sealing: some Collection<UInt8>) {
        guard
            let signing = try? Curve25519.Signing.PrivateKey(rawRepresentation: Array(signing)),
            let transport = try? Curve25519.KeyAgreement.PrivateKey(rawRepresentation: Array(transport)),
            let sealing = try? Curve25519.KeyAgreement.PrivateKey(rawRepresentation: Array(sealing)),
            let stationKey = StationKey(bytes: signing.publicKey.rawRepresentation),
            let transportKey = TransportKey(bytes: transport.publicKey.rawRepresentation),
            let sealingKey = SealingKey(bytes: sealing.publicKey.rawRepresentation)
        else { return nil }
        self.signing = signing
        self.transport = transport
        self.sealing = sealing
        self.stationKey = stationKey
        self.transportKey = transportKey
        self.sealingKey = sealingKey
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

    /// The station as founding and join acts describe it.
    public func member(name: String, role: Role) -> Member {
        Member(name: name, role: role, transport: transportKey, sealing: sealingKey)
    }

    /// The three secrets, for the key file.
    var secrets: (signing: [UInt8], transport: [UInt8], sealing: [UInt8]) {
        (Array(signing.rawRepresentation), Array(transport.rawRepresentation), Array(sealing.rawRepresentation))
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
