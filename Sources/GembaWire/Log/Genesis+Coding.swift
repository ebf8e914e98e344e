extension Genesis: WireCodable {
    /// The version of the body that this code writes.
    static let format: UInt64 = 1

    /// How many random bytes a genesis has.
    public static let randomBytes = 16

    /// Appends `[format, kind, plant / null, station, random, incarnation, predecessors, rosterFrontier, founding /
    /// null]`.
    public func encode(into encoder: inout CBOREncoder) {
        precondition(random.count == Self.randomBytes, "\(random.count) random bytes instead of \(Self.randomBytes)")
        precondition((plant == nil) == (founding != nil), "a genesis either belongs to a plant or founds one")
        precondition(
            plant != nil || (kind == .roster && rosterFrontier.isEmpty),
            "a plant is founded by a data log, or on another roster")
        precondition(incarnation > 0, "incarnations count from 1")
        encoder.array(count: 9)
        encoder.unsigned(Self.format)
        encoder.unsigned(UInt64(kind.rawValue))
        if let plant { encoder.fixed(plant) } else { encoder.null() }
        encoder.fixed(station)
        encoder.byteString(random)
        encoder.unsigned(incarnation)
        encoder.references(predecessors)
        encoder.references(rosterFrontier)
        encoder.optional(founding)
    }

    /// Reads a genesis.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.array(count: 9)
        guard try decoder.unsigned() == Self.format else { throw decoder.failure(.unsupportedVersion) }
        self.init(
            kind: try LogKind(from: &decoder),
            plant: try decoder.optional { (decoder) throws(WireError) in try decoder.fixed() },
            station: try decoder.fixed(),
            random: Array(try decoder.byteString(count: Self.randomBytes)),
            incarnation: try decoder.unsigned(),
            predecessors: try decoder.references(),
            rosterFrontier: try decoder.references(),
            founding: try decoder.optional(Founding.init(from:)))
        guard (plant == nil) == (founding != nil) else {
            throw decoder.failure(.invalid("a genesis neither belongs to a plant nor founds one, or does both"))
        }
        guard plant != nil || (kind == .roster && rosterFrontier.isEmpty) else {
            throw decoder.failure(.invalid("a plant is founded by a data log, or on another roster"))
        }
        guard incarnation > 0 else { throw decoder.failure(.outOfRange) }
    }
}

extension Founding: WireCodable {
    /// Appends `[plantName, recovery, founder]`.
    public func encode(into encoder: inout CBOREncoder) {
        encoder.array(count: 3)
        encoder.text(plantName, maximum: Limits.nameBytes)
        encoder.fixed(recovery)
        founder.encode(into: &encoder)
    }

    /// Reads a founding.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.array(count: 3)
        self.init(
            plantName: try decoder.text(maximum: Limits.nameBytes), recovery: try decoder.fixed(),
            founder: try Member(from: &decoder))
    }
}

extension LogKind: WireCodable {
    /// Appends the kind's number.
    public func encode(into encoder: inout CBOREncoder) {
        encoder.unsigned(UInt64(rawValue))
    }

    /// Reads a kind.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        guard let kind = LogKind(rawValue: UInt8(clamping: try decoder.unsigned())) else {
            throw decoder.failure(.invalid("the kind of log is unknown"))
        }
        self = kind
    }
}

extension CBOREncoder {
    /// Writes text of a length that its limit permits.
    mutating func text(_ content: String, maximum: Int) {
        precondition(content.utf8.count <= maximum, "text of \(content.utf8.count) bytes, at most \(maximum)")
        text(content)
    }

}
