public import GembaCausality

extension Entry: WireCodable {
    /// Appends `[deps, seal / null, coding, body]`.
    public func encode(into encoder: inout CBOREncoder) {
        encoder.array(count: 4)
        encodeClearPart(into: &encoder)
        encoder.byteString(body)
    }

    /// Reads an entry. What depends on the place of the entry is left to ``validate(in:of:at:)``.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.array(count: 4)
        let deps = try decoder.references(maximum: Limits.deps)
        let seal = try decoder.optional(SealParameters.init(from:))
        guard let coding = BodyCoding(rawValue: UInt8(clamping: try decoder.unsigned())) else {
            throw decoder.failure(.invalid("the body's coding is unknown"))
        }
        let body = try decoder.byteString()
        guard body.count <= Limits.bodyBytes else { throw decoder.failure(.tooLong) }
        self.init(deps: deps, seal: seal, coding: coding, body: Array(body))
    }

    /// What entry and header have in common: deps, seal and coding.
    func encodeClearPart(into encoder: inout CBOREncoder) {
        encoder.references(deps)
        encoder.optional(seal)
        encoder.unsigned(UInt64(coding.rawValue))
    }

    /// Checks the rules that an entry obeys by its place: no entry depends on its own log, a genesis depends on
    /// nothing, and neither a genesis nor an entry of a roster log is sealed or compressed.
    public func validate(
        in kind: LogKind, of replica: ReplicaID?, at sequence: SequenceNumber
    ) throws(WireError) {
        guard !deps.contains(where: { $0.replica == replica }) else {
            throw WireError(.invalid("an entry depends on its own log"), offset: 0)
        }
        guard sequence > 0 || deps.isEmpty else {
            throw WireError(.invalid("a genesis depends on other entries"), offset: 0)
        }
        guard (kind == .data && sequence > 0) || (seal == nil && coding == .identity) else {
            throw WireError(.invalid("a genesis or roster entry is sealed or compressed"), offset: 0)
        }
    }
}

extension SealParameters: WireCodable {
    /// The length of a nonce of ChaCha20-Poly1305 (RFC 8439, section 2.8).
    public static let nonceBytes = 12

    /// Appends `[epoch, nonce]`.
    public func encode(into encoder: inout CBOREncoder) {
        precondition(nonce.count == Self.nonceBytes, "a nonce has \(nonce.count) bytes instead of \(Self.nonceBytes)")
        encoder.array(count: 2)
        encoder.fixed(epoch)
        encoder.byteString(nonce)
    }

    /// Reads seal parameters.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.array(count: 2)
        self.init(epoch: try decoder.fixed(), nonce: Array(try decoder.byteString(count: Self.nonceBytes)))
    }
}
