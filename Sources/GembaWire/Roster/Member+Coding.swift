extension Member: WireCodable {
    /// Appends `[name, role, transport, sealing]`.
    public func encode(into encoder: inout CBOREncoder) {
        encoder.array(count: 4)
        encoder.text(name, maximum: Limits.nameBytes)
        role.encode(into: &encoder)
        encoder.fixed(transport)
        encoder.fixed(sealing)
    }

    /// Reads a member.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.array(count: 4)
        self.init(
            name: try decoder.text(maximum: Limits.nameBytes), role: try Role(from: &decoder),
            transport: try decoder.fixed(), sealing: try decoder.fixed())
    }

    /// What the invite key signs for a joining station: deterministic CBOR of `["gemba/join/1", plant, station,
    /// member]`.
    public static func joinSignedBytes(plant: PlantID, station: StationKey, member: Member) -> [UInt8] {
        var encoder = CBOREncoder()
        encoder.array(count: 4)
        encoder.text("gemba/join/1")
        encoder.fixed(plant)
        encoder.fixed(station)
        member.encode(into: &encoder)
        return encoder.bytes
    }
}

extension Role: WireCodable {
    /// Appends the role's number.
    public func encode(into encoder: inout CBOREncoder) {
        encoder.unsigned(UInt64(rawValue))
    }

    /// Reads a role.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        guard let role = Role(rawValue: UInt8(clamping: try decoder.unsigned())) else {
            throw decoder.failure(.invalid("the role is unknown"))
        }
        self = role
    }
}
