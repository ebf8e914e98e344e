internal import Crypto
internal import GembaCausality
public import GembaWire

/// How beacons are hidden from those who do not know the plant (`Protocol/11-discovery.md`, B2).
///
/// The key follows from the plant's id, which members and invited joiners know. So strangers on the network see datagrams of
/// random bytes that come from an address: neither plant nor station, nor whether two of them speak of the same.
public struct BeaconSeal: Sendable {
    /// The first bytes of every beacon.
    private static let tag = Array("gemba/bcn/1".utf8)
    /// Random bytes before the sealed part.
    public static let nonceBytes = 12

    private let plant: PlantID
    private let key: SymmetricKey

    /// Makes the seal of a plant.
    public init(of plant: PlantID) {
        self.plant = plant
        key = KeyDerivation.deriveKey(
            from: SymmetricKey(data: plant.bytes), info: Array("gemba/beacon-seal/1".utf8))
    }

    /// The datagram that brings a beacon.
    ///
    /// - Parameter nonce: 12 random bytes.
    /// - Returns: nil for a beacon that would be longer than ``Limits/beaconBytes``.
    public func seal(_ beacon: Beacon, nonce: [UInt8]) -> [UInt8]? {
        precondition(nonce.count == Self.nonceBytes, "a nonce has 12 bytes, not \(nonce.count)")
        guard let nonce = try? ChaChaPoly.Nonce(data: nonce),
            let box = try? ChaChaPoly.seal(beacon.encoded(), using: key, nonce: nonce, authenticating: Self.tag)
        else { return nil }
        let datagram = Self.tag + Array(box.combined)
        return datagram.count <= Limits.beaconBytes ? datagram : nil
    }

    /// The beacon that a datagram brings; nil when it is another plant's, none at all, or not signed by the station that it
    /// names.
    public func open(_ datagram: [UInt8]) -> Beacon? {
        guard datagram.count <= Limits.beaconBytes, datagram.starts(with: Self.tag),
            let box = try? ChaChaPoly.SealedBox(combined: datagram.dropFirst(Self.tag.count)),
            let bytes = try? ChaChaPoly.open(box, using: key, authenticating: Self.tag),
            let beacon = try? Beacon(decoding: Array(bytes)), isSigned(beacon)
        else { return nil }
        return beacon
    }

    private func isSigned(_ beacon: Beacon) -> Bool {
        let message = Beacon.signedBytes(
            station: beacon.station, counter: beacon.counter, endpoints: beacon.endpoints, plant: plant)
        return Ed25519.isValid(signature: beacon.signature, message: message, key: beacon.station)
    }
}
