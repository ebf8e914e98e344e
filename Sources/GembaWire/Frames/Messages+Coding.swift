internal import GembaCausality

extension Hello: MessageCodable {
    /// Fields of this version; what follows them are extensions.
    private static let knownFields = 9

    /// Arrays around an extension: the frame.
    private static let depth = 1

    var fieldCount: Int { Self.knownFields + extensions.count }

    func encodeFields(into encoder: inout CBOREncoder) {
        precondition(held.count <= Limits.heldHeads, "a hello with \(held.count) held heads")
        encoder.unsigned(lowestVersion)
        encoder.unsigned(highestVersion)
        encoder.fixed(plant)
        encoder.fixed(station)
        encoder.eightBytes(nonce)
        encoder.unsigned(capabilities)
        encoder.unsigned(wallClock)
        encoder.optional(tip)
        encoder.list(held)
        for item in extensions { encoder.raw(item) }
    }

    init(fields: Int, from decoder: inout CBORDecoder) throws(WireError) {
        guard fields >= Self.knownFields else {
            throw decoder.failure(.invalid("a message has another number of fields"))
        }
        self.init(
            lowestVersion: try decoder.unsigned(), highestVersion: try decoder.unsigned(),
            plant: try decoder.fixed(), station: try decoder.fixed(), nonce: try decoder.eightBytes(),
            capabilities: try decoder.unsigned(), wallClock: try decoder.unsigned(),
            tip: try decoder.optional(ChangeReference.init(from:)),
            held: try decoder.list(of: SignedHead.init(from:)))
        guard held.count <= Limits.heldHeads else { throw decoder.failure(.tooLong) }
        for _ in Self.knownFields..<fields {
            extensions.append(Array(try decoder.skipItem(depth: Self.depth)))
        }
    }
}

extension RootMessage: MessageCodable {
    var fieldCount: Int { 4 }

    func encodeFields(into encoder: inout CBOREncoder) {
        kind.encode(into: &encoder)
        encoder.unsigned(round)
        encoder.fixed(digest)
        encoder.unsigned(count)
    }

    init(fields: Int, from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.expect(fields, of: 4)
        self.init(
            kind: try LogKind(from: &decoder), round: try decoder.unsigned(), digest: try decoder.fixed(),
            count: try decoder.unsigned())
    }
}

extension BatchMessage: MessageCodable {
    var fieldCount: Int { 4 }

    func encodeFields(into encoder: inout CBOREncoder) {
        kind.encode(into: &encoder)
        encoder.unsigned(round)
        encoder.unsigned(offset)
        precondition(!runs.isEmpty, "a batch without runs")
        encoder.list(runs)
    }

    init(fields: Int, from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.expect(fields, of: 4)
        self.init(
            kind: try LogKind(from: &decoder), round: try decoder.unsigned(), offset: try decoder.unsigned(),
            runs: try decoder.nonEmptyList(of: Run.init(from:)))
    }
}

extension AckMessage: MessageCodable {
    var fieldCount: Int { 5 }

    func encodeFields(into encoder: inout CBOREncoder) {
        kind.encode(into: &encoder)
        encoder.unsigned(round)
        encoder.unsigned(received)
        encoder.unsigned(limit)
        encoder.references(have)
    }

    init(fields: Int, from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.expect(fields, of: 5)
        self.init(
            kind: try LogKind(from: &decoder), round: try decoder.unsigned(), received: try decoder.unsigned(),
            limit: try decoder.unsigned(), have: try decoder.references())
    }
}

extension PulseMessage: MessageCodable {
    var fieldCount: Int { 4 }

    func encodeFields(into encoder: inout CBOREncoder) {
        encoder.unsigned(wallClock)
        if let echo { encoder.unsigned(echo) } else { encoder.null() }
        roster.encode(into: &encoder)
        data.encode(into: &encoder)
    }

    init(fields: Int, from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.expect(fields, of: 4)
        self.init(
            wallClock: try decoder.unsigned(),
            echo: try decoder.optional { (decoder) throws(WireError) in try decoder.unsigned() },
            roster: try StreamPosition(from: &decoder), data: try StreamPosition(from: &decoder))
    }
}

extension PulseMessage.StreamPosition: WireCodable {
    /// Appends `[round, sent]`.
    public func encode(into encoder: inout CBOREncoder) {
        encoder.array(count: 2)
        encoder.unsigned(round)
        encoder.unsigned(sent)
    }

    /// Reads a position.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.array(count: 2)
        self.init(round: try decoder.unsigned(), sent: try decoder.unsigned())
    }
}

extension ByeMessage: MessageCodable {
    var fieldCount: Int { 2 }

    func encodeFields(into encoder: inout CBOREncoder) {
        encoder.unsigned(code.rawValue)
        encoder.text(text, maximum: Limits.byeTextBytes)
    }

    init(fields: Int, from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.expect(fields, of: 2)
        self.init(code: Code(rawValue: try decoder.unsigned()), text: try decoder.text(maximum: Limits.byeTextBytes))
    }
}
