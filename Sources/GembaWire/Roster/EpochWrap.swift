/// An epoch key as one station can unwrap it: HPKE (RFC 9180) in base mode; see `EpochKey` in `GembaTrust`.
public struct EpochWrap: Hashable, Sendable {
    /// The public key to which it is wrapped.
    public var recipient: SealingKey
    /// The encapsulated key: a public key of X25519, 32 bytes.
    public var encapsulated: [UInt8]
    /// The epoch key, encrypted and authenticated: 48 bytes.
    public var sealed: [UInt8]

    /// Bytes of an encapsulated key (RFC 9180, section 7.1).
    public static let encapsulatedBytes = 32
    /// Bytes of an encrypted epoch key: 32, and 16 of ChaCha20-Poly1305's tag.
    public static let sealedBytes = 48

    /// Creates a wrap from its parts.
    public init(recipient: SealingKey, encapsulated: [UInt8], sealed: [UInt8]) {
        self.recipient = recipient
        self.encapsulated = encapsulated
        self.sealed = sealed
    }
}

extension EpochWrap: WireCodable {
    /// Appends `[recipient, encapsulated, sealed]`.
    public func encode(into encoder: inout CBOREncoder) {
        precondition(
            encapsulated.count == Self.encapsulatedBytes && sealed.count == Self.sealedBytes,
            "a wrap of \(encapsulated.count) and \(sealed.count) bytes")
        encoder.array(count: 3)
        encoder.fixed(recipient)
        encoder.byteString(encapsulated)
        encoder.byteString(sealed)
    }

    /// Reads a wrap.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.array(count: 3)
        self.init(
            recipient: try decoder.fixed(),
            encapsulated: Array(try decoder.byteString(count: Self.encapsulatedBytes)),
            sealed: Array(try decoder.byteString(count: Self.sealedBytes)))
    }
}
